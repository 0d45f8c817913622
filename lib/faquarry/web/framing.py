"""Cut decoded bytes into records, and keep going where their lengths are wrong.

The fast way (a member that is exactly one record) is in `scan`; this is the way for everything else: uncompressed
archives, many records in one member, ARC, records across members, lengths that lie, ends that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import stringzilla

from faquarry.web.heads import MAX_HEAD_BYTES, Head, is_start, next_start, parse_head

__all__ = ["Flow", "Frame", "Garbage", "frames"]

LOOK_AHEAD = 16 << 10  # an ARC head is one line and holds a URL
OVERLAP = 1 << 10
HEAD_OF_OVERSIZE = 64 << 10
# The beginning of a record that is cut off by the end of the bytes, as in the middle of a fetched range.
_CUT_START = re.compile(
    rb"W(?:A(?:R(?:C(?:/[^<>\0]{0,8192})?)?)?)?|[A-Za-z][A-Za-z0-9+.-]{1,20}:[^\s\0]{0,8000}[^\r\n\0]*"
)
_BLANK = b"\r\n\t \x00"
_find = stringzilla.find


class Flow(Protocol):
    """Decoded bytes of a stretch of the archive, in order."""

    @property
    def fault(self) -> Literal["damaged", "truncated"] | None:
        """Why the flow ended, where that was not in order."""

    def chunk(self) -> bytes:
        """The next bytes, ``b""`` at the end (then `fault` says whether it is an orderly one)."""

    def stored(self, start: int, stop: int) -> tuple[int, int]:
        """The stored range (offset, end) whose decoding gives the decoded range."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A record's bytes: `data[body:end]` is its block. Stored at [offset, offset + length).

    `missing` says why the block is shorter than its head promises. `oversize` is the true length of a block that was
    not kept, and `named` whether it holds the needle.
    """

    head: Head
    data: bytes
    body: int
    end: int
    offset: int
    length: int
    missing: Literal["damaged", "truncated"] | None = None
    oversize: int = 0
    named: bool = False


@dataclass(frozen=True, slots=True)
class Garbage:
    """A stretch in which no record begins."""

    offset: int
    length: int
    excerpt: bytes
    reason: Literal["damaged", "truncated"]


class _Buffer:
    """Decoded bytes from `base` on; grows on demand, forgets what has been passed."""

    __slots__ = ("base", "data", "flow")

    def __init__(self, flow: Flow) -> None:
        self.flow, self.base, self.data = flow, 0, b""

    def ensure(self, size: int) -> int:
        """Have `size` bytes if there are as many; returns how many there are."""
        if len(self.data) < size:
            pieces, total = [self.data], len(self.data)
            while total < size and (piece := self.flow.chunk()):
                pieces.append(piece)
                total += len(piece)
            self.data = b"".join(pieces)
        return len(self.data)

    def drop(self, size: int) -> None:
        self.base += size
        self.data = self.data[size:]


def frames(flow: Flow, *, needle: bytes, max_block_bytes: int) -> Iterator[Frame | Garbage]:
    """The records of a flow. Nothing is raised: what is no record is `Garbage`, what is cut short says so.

    Holds at most `max_block_bytes` and a head and two chunks.
    """
    buffer = _Buffer(flow)
    while _skip_blank(buffer):
        buffer.ensure(LOOK_AHEAD)
        head = parse_head(buffer.data)
        if head is None and next_start(buffer.data, 0) == 0:
            buffer.ensure(MAX_HEAD_BYTES + LOOK_AHEAD)
            head = parse_head(buffer.data)
        if head is None:
            yield _garbage(buffer)
        elif head.length is not None and head.length > max_block_bytes:
            yield _oversize(buffer, head, needle)
        else:
            yield _frame(buffer, head, max_block_bytes)


def _skip_blank(buffer: _Buffer) -> bool:
    """Pass line ends, blanks and NULs; False at the end of the flow."""
    while buffer.ensure(1):
        blank = len(buffer.data) - len(buffer.data.lstrip(_BLANK))
        buffer.drop(blank)
        if buffer.data:
            return True
    return False


def _garbage(buffer: _Buffer) -> Garbage:
    begin, excerpt = buffer.base, buffer.data[:200]
    while True:
        at = next_start(buffer.data, 1)
        had = len(buffer.data)
        if at is not None:
            break
        if buffer.ensure(had + 1) == had:
            at = had
            break
        buffer.drop(max(had - LOOK_AHEAD, 0))  # a start may go on in the next chunk, so the last bytes are kept
    buffer.drop(at)
    offset, end = buffer.flow.stored(begin, buffer.base)
    reason: Literal["damaged", "truncated"] = "damaged"
    if not buffer.data:
        reason = buffer.flow.fault or ("truncated" if _CUT_START.fullmatch(excerpt) else "damaged")
    return Garbage(offset, end - offset, excerpt, reason)


def _frame(buffer: _Buffer, head: Head, max_block_bytes: int) -> Frame:
    """A record whose block may be kept. Its length is believed where a record, or nothing, follows the block."""
    missing: Literal["damaged", "truncated"] | None = None
    if head.length is None:
        end = _look_for_end(buffer, head.body, head.body, max_block_bytes)
    else:
        stop = head.body + head.length
        have = buffer.ensure(stop + LOOK_AHEAD)
        if have < stop:
            inner = next_start(buffer.data, head.body + 1)
            end = _trimmed(buffer.data, head.body, have if inner is None else inner)
            if inner is None and (buffer.flow.fault or have - end < 4):
                end, missing = have, buffer.flow.fault or "truncated"
        elif _record_follows(buffer.data, stop, ended=have < stop + LOOK_AHEAD):
            end = stop
        elif (inner := next_start(buffer.data[:stop], head.body + 1)) is not None:
            end = _trimmed(buffer.data, head.body, inner)
        else:
            end = _look_for_end(buffer, head.body, stop, max_block_bytes)
    if buffer.flow.fault == "damaged" and not buffer.data[end:].strip(_BLANK):
        missing = "damaged"  # its end, or the checksum over it, is not right
    offset, stored_end = buffer.flow.stored(buffer.base, buffer.base + end)
    frame = Frame(head, buffer.data, head.body, end, offset, stored_end - offset, missing)
    buffer.drop(end)
    return frame


def _look_for_end(buffer: _Buffer, body: int, at: int, max_block_bytes: int) -> int:
    """Where the block ends when its length is absent or wrong: before the next record, else where the flow ends.

    If neither comes within the bound, at `at`, and what follows is garbage.
    """
    searched = at
    while (found := next_start(buffer.data, searched)) is None:
        had = len(buffer.data)
        if had > body + max_block_bytes:
            return at
        searched = max(at, had - LOOK_AHEAD)
        if buffer.ensure(had + 1) == had:
            return _trimmed(buffer.data, body, had)
    return _trimmed(buffer.data, body, found)


def _trimmed(data: bytes, body: int, end: int) -> int:
    """`end` without the line ends that separate records."""
    for _ in range(2):
        if data.endswith(b"\r\n", body, end):
            end -= 2
        elif data.endswith(b"\n", body, end):
            end -= 1
    return end


def _record_follows(data: bytes, at: int, *, ended: bool) -> bool:
    rest = data[at : at + LOOK_AHEAD].lstrip(_BLANK)
    if not rest:
        return ended or len(data) - at >= LOOK_AHEAD
    return is_start(rest) or (ended and _CUT_START.fullmatch(rest) is not None)


def _oversize(buffer: _Buffer, head: Head, needle: bytes) -> Frame:
    """Pass a block that is too long to keep. A record that begins inside it ends it: then its length was wrong."""
    length = head.length or 0
    buffer.ensure(head.body + HEAD_OF_OVERSIZE)
    begin, kept = buffer.base, buffer.data[: head.body + HEAD_OF_OVERSIZE]
    kept = kept[: head.body + length]
    buffer.drop(head.body)
    passed, named, missing = 0, False, None
    while passed < length:
        have = min(buffer.ensure(OVERLAP + 1), length - passed)
        if not have:
            missing = buffer.flow.fault or "truncated"
            break
        block = buffer.data[:have]
        inner = next_start(block, 1)
        if inner is not None:
            passed += inner
            named = named or _find(block[:inner], needle) >= 0
            buffer.drop(inner)
            break
        named = named or _find(block, needle) >= 0
        ends = passed + have == length or buffer.ensure(have + 1) == have
        step = have if ends else max(have - OVERLAP, 1)
        passed += step
        buffer.drop(step)
    offset, stored_end = buffer.flow.stored(begin, buffer.base)
    return Frame(head, kept, head.body, len(kept), offset, stored_end - offset, missing, oversize=passed, named=named)
