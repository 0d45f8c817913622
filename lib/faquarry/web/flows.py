"""Stretches of an archive as one flow of decoded bytes, with the way back to the stored ones."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import Literal

from faquarry.web.members import Member, Members
from faquarry.web.window import Window

__all__ = ["MemberFlow", "PlainFlow"]

CHUNK_BYTES = 256 << 10


class PlainFlow:
    """An uncompressed archive from `start` on: decoded position 0 is `start`."""

    def __init__(self, window: Window, start: int) -> None:
        self._window, self._start, self._at = window, start, start
        self.fault: Literal["damaged", "truncated"] | None = None

    def chunk(self) -> bytes:
        window = self._window
        if self._at >= window.stop and not window.more(self._at):
            return b""
        piece = window.data[self._at - window.base :]
        self._at += len(piece)
        return piece

    def stored(self, start: int, stop: int) -> tuple[int, int]:
        return self._start + start, self._start + stop


class MemberFlow:
    """A member, and those behind it that begin no record: they can only continue what the first began.

    `end` is how far the stored bytes have been consumed. A flow ends before the next aligned member, before bytes that
    are no member, and where a member is damaged or cut off.
    """

    def __init__(self, members: Members, member: Member, first: bytes) -> None:
        self._members, self._member, self._first = members, member, first
        self._given = 0
        self._marks = [(0, member.offset)]  # (decoded position, where the member that begins there is stored)
        self._ends: list[tuple[int, int]] = []  # (decoded position, where the member that ends there ends)
        self.opened = 1

    @property
    def end(self) -> int:
        return self._member.end

    @property
    def last(self) -> int:
        """Where the last member that was opened begins."""
        return self._member.offset

    @property
    def fault(self) -> Literal["damaged", "truncated"] | None:
        return self._member.fault

    def chunk(self) -> bytes:
        piece, self._first = self._first, b""
        while not piece:
            member = self._member
            if not member.done:
                piece = member.read(CHUNK_BYTES)
            if member.done:
                self._given += len(piece)
                self._ends.append((self._given, member.end))
                if piece:
                    return piece
                if not self._members.begins(member.end) or self._members.aligned(member.end):
                    return b""
                self._member = self._members.open(member.end)
                self._marks.append((self._given, member.end))
                self.opened += 1
            elif not piece:
                break
        self._given += len(piece)
        return piece

    def stored(self, start: int, stop: int) -> tuple[int, int]:
        """From the beginning of the member that holds `start` to the end of the member that holds the byte before `stop`.

        Of a member that is still being read, only as much as `stop` has needed so far: a prefix decodes as well.
        """
        first = bisect_right(self._marks, start, key=itemgetter(0)) - 1
        last = bisect_left(self._ends, stop, key=itemgetter(0))
        return self._marks[first][1], self._ends[last][1] if last < len(self._ends) else self.end
