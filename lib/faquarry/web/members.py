"""Compressed members of an archive: where each begins and ends, and what it holds, bounded and resynchronising.

A gzip WARC is a chain of gzip members (`gzipped`), a zstd WARC a chain of zstd frames (`zstd`). Both are read through
one small interface, so that the scan does not care which it has. Of records this module knows only that a member is
*aligned* when its first decoded bytes begin one: only there can reading start in the middle of a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import stringzilla

from faquarry.web.heads import is_start
from faquarry.web.window import Window

__all__ = ["PROBE_BYTES", "Member", "Members"]

PADDING = b"\x00\r\n\t "
PROBE_BYTES = 512  # decoded bytes that decide whether a member is aligned
PROBE_INPUTS = (1 << 10, 256 << 10)  # stored bytes of the first and the second attempt

_find = stringzilla.find


class Member(ABC):
    """One member while it is read. `offset` is where it begins, `end` how far its stored bytes have been consumed.

    `done` says that the end of the member was reached and its checksum holds; `fault` ('damaged' or 'truncated') that
    it never will be.
    """

    __slots__ = ("_window", "done", "end", "fault", "offset")

    def __init__(self, window: Window, offset: int) -> None:
        self._window = window
        self.offset = self.end = offset
        self.done = False
        self.fault: Literal["damaged", "truncated"] | None = None

    @abstractmethod
    def read(self, limit: int) -> bytes:
        """The next decoded bytes, `limit` at most; ``b""`` when it is done or at fault."""


class Members(ABC):
    """The chain of members in a window."""

    magic: bytes

    def __init__(self, window: Window) -> None:
        self.window = window

    @abstractmethod
    def open(self, position: int) -> Member:
        """The member that begins at `position`."""

    def begins(self, position: int) -> bool:
        """Whether a member's magic number stands at `position`."""
        window, magic = self.window, self.magic
        if position + len(magic) > window.stop:
            window.have(position, len(magic))
        return window.data.startswith(magic, position - window.base)

    def aligned(self, position: int) -> bool:
        """Whether a member at `position` can be decoded for some way and begins a record."""
        head = self.probe(position)
        return head is not None and is_start(head)

    def probe(self, position: int) -> bytes | None:
        """The first decoded bytes of the member at `position`, PROBE_BYTES at most; None when it cannot be decoded."""
        for size in PROBE_INPUTS:  # a magic number by chance is refuted by a few bytes
            stored = self.window.have(position, size)
            out, more = self._probe(stored)
            if not more or len(stored) < size:
                break
        return out

    @abstractmethod
    def _probe(self, stored: bytes) -> tuple[bytes | None, bool]:
        """What the first bytes of a member decode to, and whether more of them would tell more."""

    def pass_padding(self, position: int) -> int:
        """The position behind NULs and blanks (and frames that say they may be skipped)."""
        while block := self.window.have(position, 4096):
            rest = block.lstrip(PADDING)
            position += len(block) - len(rest)
            if rest:
                return position
        return position

    def next_aligned(self, position: int) -> int | None:
        """Where the first aligned member at or behind `position` begins; None when the file has no more of them."""
        window = self.window
        position = max(position, window.base)
        while True:
            at = _find(window.data, self.magic, position - window.base)
            if at >= 0:
                position = window.base + at
                if self.aligned(position):
                    return position
                position += 1
                continue
            position = max(position, window.stop - len(self.magic) + 1)
            if not window.more(position):
                return None
