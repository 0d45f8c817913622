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

from faquarry.web.heads import MAX_HEAD_BYTES, Head, next_start, parse_head, starts_at

__all__ = ["Flow", "Frame", "Garbage", "frames"]

LOOK_AHEAD = 16 << 10  # an ARC head is one line and holds a URL
OVERLAP = 1 << 10
HEAD_OF_OVERSIZE = 64 << 10
# The beginning of a record that is cut off by the end of the bytes, as in the middle of a fetched range.
_CUT_START = re.compile(
    rb"W(?:A(?:R(?:C(?:/[^<>\0]{0,8192})?)?)?)?|[A-Za-z][A-Za-z0-9+.-]{1,20}:[^\s\0]{0,8000}[^\r\n\0]*"
)
_SOME_BLANK = re.compile(rb"[\r\n\t \0]+")
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
    """A stretch in which no record begins; `length` is None where the stored bytes are damaged: their end is not known."""

    offset: int
    length: int | None
    excerpt: bytes
    reason: Literal["damaged", "truncated"]


class _Buffer:
    """Decoded bytes, of which `data[at:]` are still to be cut. Grows on demand, and forgets what has been passed then."""

    __slots__ = ("_base", "at", "data", "flow")

    def __init__(self, flow: Flow) -> None:
        self.flow, self._base, self.data, self.at = flow, 0, b"", 0

    @property
    def position(self) -> int:
        """Where `at` is in the flow."""
        return self._base + self.at

    def ensure(self, size: int) -> int:
        """Have `size` bytes from `at` on if there are as many; returns how many there are. Moves `at`."""
        have = len(self.data) - self.at
        if have < size:
            pieces = [self.data[self.at :]]
            while have < size and (piece := self.flow.chunk()):
                pieces.append(piece)
                have += len(piece)
            self._base += self.at
            self.data, self.at = b"".join(pieces), 0
        return have


def frames(flow: Flow, *, needle: bytes | None, max_block_bytes: int) -> Iterator[Frame | Garbage]:
    """The records of a flow. Nothing is raised: what is no record is `Garbage`, what is cut short says so.

    Holds at most `max_block_bytes` and a head and two chunks.
    """
    buffer = _Buffer(flow)
    while _skip_blank(buffer):
        head = _head(buffer)
        if head is None:
            yield _garbage(buffer)
        elif head.length is not None and head.length > max_block_bytes:
            yield _oversize(buffer, head, needle)
        else:
            yield _frame(buffer, head, max_block_bytes)


def _skip_blank(buffer: _Buffer) -> bool:
    """Pass line ends, blanks and NULs; False at the end of the flow."""
    while buffer.ensure(1):
        blank = _SOME_BLANK.match(buffer.data, buffer.at)
        buffer.at = blank.end() if blank else buffer.at
        if buffer.at < len(buffer.data):
            return True
    return False


def _head(buffer: _Buffer) -> Head | None:
    buffer.ensure(LOOK_AHEAD)
    head = parse_head(buffer.data, buffer.at)
    if head is None and starts_at(buffer.data, buffer.at):
        buffer.ensure(MAX_HEAD_BYTES + LOOK_AHEAD)
        head = parse_head(buffer.data, buffer.at)
    return head


def _garbage(buffer: _Buffer) -> Garbage:
    """Pass what is no record, up to a head that can be read."""
    begin, excerpt = buffer.position, buffer.data[buffer.at : buffer.at + 200]
    while True:
        found = next_start(buffer.data, buffer.at + 1)
        if found is not None:
            buffer.at = found
            if _head(buffer) is not None:
                break
            continue
        have = len(buffer.data) - buffer.at
        if buffer.ensure(have + 1) == have:
            buffer.at = len(buffer.data)
            break
        buffer.at += max(have - LOOK_AHEAD, 0)  # a start may go on in the next chunk, so the last bytes are kept
    offset, end = buffer.flow.stored(begin, buffer.position)
    reason: Literal["damaged", "truncated"] = "damaged"
    if buffer.at == len(buffer.data):
        reason = buffer.flow.fault or ("truncated" if _CUT_START.fullmatch(excerpt) else "damaged")
    ends = buffer.at < len(buffer.data) or buffer.flow.fault != "damaged"
    return Garbage(offset, end - offset if ends else None, excerpt, reason)


def _frame(buffer: _Buffer, head: Head, max_block_bytes: int) -> Frame:
    """A record whose block may be kept. Its length is believed where a record, or nothing, follows the block."""
    missing: Literal["damaged", "truncated"] | None = None
    body = head.body - buffer.at  # from here on, sizes are counted from the record's beginning
    if head.length is None:
        size = _look_for_end(buffer, body, body, max_block_bytes)
    else:
        size = body + head.length
        have = buffer.ensure(size + LOOK_AHEAD)
        data, at = buffer.data, buffer.at
        if have < size:
            inner = next_start(data, at + body + 1)
            end = _trimmed(data, at + body, len(data) if inner is None else inner)
            if inner is None and (buffer.flow.fault or len(data) - end < 4):
                end, missing = len(data), buffer.flow.fault or "truncated"
            size = end - at
        elif _record_follows(data, at + size, ended=have < size + LOOK_AHEAD):
            pass
        elif (inner := next_start(data, at + body + 1, at + size)) is not None:
            size = _trimmed(data, at + body, inner) - at
        else:
            size = _look_for_end(buffer, body, size, max_block_bytes)
    data, at = buffer.data, buffer.at
    if buffer.flow.fault == "damaged" and _only_blank(data, at + size):
        missing = "damaged"  # its end, or the checksum over it, is not right
    offset, end = buffer.flow.stored(buffer.position, buffer.position + size)
    buffer.at += size
    return Frame(head, data, at + body, at + size, offset, end - offset, missing)


def _look_for_end(buffer: _Buffer, body: int, size: int, max_block_bytes: int) -> int:
    """The size of a record whose length is absent or wrong: up to the next record, else to where the flow ends.

    If neither comes within the bound, `size`, and what follows is garbage. All sizes count from the record's beginning.
    """
    searched = size
    while (found := next_start(buffer.data, buffer.at + searched)) is None:
        have = len(buffer.data) - buffer.at
        if have > body + max_block_bytes:
            return size
        searched = max(size, have - LOOK_AHEAD)
        if buffer.ensure(have + 1) == have:
            found = len(buffer.data)
            break
    return _trimmed(buffer.data, buffer.at + body, found) - buffer.at


def _trimmed(data: bytes, body: int, end: int) -> int:
    """`end` without the line ends that separate records."""
    for _ in range(2):
        if data.endswith(b"\r\n", body, end):
            end -= 2
        elif data.endswith(b"\n", body, end):
            end -= 1
    return end


def _record_follows(data: bytes, at: int, *, ended: bool) -> bool:
    blank = _SOME_BLANK.match(data, at)
    at = blank.end() if blank else at
    if at == len(data):
        return ended
    return starts_at(data, at) or (ended and _CUT_START.fullmatch(data, at) is not None)


def _only_blank(data: bytes, at: int) -> bool:
    blank = _SOME_BLANK.match(data, at)
    return (blank.end() if blank else at) == len(data)


def _oversize(buffer: _Buffer, head: Head, needle: bytes | None) -> Frame:
    """Pass a block that is too long to keep. A record that begins inside it ends it: then its length was wrong."""
    length, body, begin = head.length or 0, head.body - buffer.at, buffer.position
    buffer.ensure(body + HEAD_OF_OVERSIZE)
    kept = buffer.data[buffer.at : buffer.at + body + min(length, HEAD_OF_OVERSIZE)]
    buffer.at += body
    passed, named, missing = 0, False, None
    while passed < length:
        have = min(buffer.ensure(OVERLAP + 1), length - passed)
        if not have:
            missing = buffer.flow.fault or "truncated"
            break
        at = buffer.at
        inner = next_start(buffer.data, at + 1, at + have)
        stop = at + have if inner is None else inner
        named = named or (needle is not None and _find(buffer.data, needle, at, stop) >= 0)
        if inner is not None:
            passed += inner - at
            buffer.at = inner
            break
        ends = passed + have == length or buffer.ensure(have + 1) == have
        step = have if ends else max(have - OVERLAP, 1)  # what is looked for may go on in the next chunk
        passed += step
        buffer.at += step
    offset, end = buffer.flow.stored(begin, buffer.position)
    return Frame(head, kept, body, len(kept), offset, end - offset, missing, oversize=passed, named=named)
