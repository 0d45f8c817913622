"""How an archive is stored, told by its bytes."""

from __future__ import annotations

from typing import Literal

from faquarry.web.gzipped import Gzip
from faquarry.web.heads import is_start, next_start
from faquarry.web.window import Fixed, Window
from faquarry.web.zstd import Zstd, is_skippable

__all__ = ["Coding", "detect_coding"]

Coding = Literal["gzip", "zstd", "plain"]


def detect_coding(head: bytes) -> Coding | None:
    """How an archive that begins with `head` is stored; None when no record can be found in it.

    The first bytes say it, or, when those are damaged, the first member or record that is intact.

    >>> detect_coding(b"\\x1f\\x8b\\x08\\x00"), detect_coding(b"WARC/1.1\\r\\nWARC-Type: response\\r\\n")
    ('gzip', 'plain')
    >>> detect_coding(b"A letter."), detect_coding(b"garbled\\nWARC/1.1\\r\\nWARC-Type: response\\r\\n")
    (None, 'plain')
    """
    if head.startswith(Gzip.magic):
        return "gzip"
    if head.startswith(Zstd.magic) or is_skippable(head):
        return "zstd"
    if is_start(head):
        return "plain"
    found: dict[Coding, int | None] = {"plain": next_start(head, 0)}
    found["gzip"] = Gzip(Window(Fixed(head))).next_aligned(0)
    found["zstd"] = Zstd(Window(Fixed(head))).next_aligned(0)
    places = {at: coding for coding, at in found.items() if at is not None}
    return places[min(places)] if places else None
