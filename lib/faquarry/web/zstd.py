"""Frames of zstd, and the dictionary that a zstd WARC may begin with.

https://iipc.github.io/warc-specifications/specifications/warc-zstd/
"""

from __future__ import annotations

import struct
import weakref
from typing import IO, Literal, cast

import zstandard

from faquarry.web.members import PROBE_BYTES, Member, Members
from faquarry.web.window import RETAIN_BYTES, Fixed, Window

__all__ = ["Zstd", "ZstdMember", "is_skippable", "zstd_dictionary"]

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
MAX_DICTIONARY_BYTES = 16 << 20
MAX_WINDOW_BYTES = 1 << 27


class ZstdMember(Member):
    """A frame, or several bytes that are skippable. Its end is known from its block headers before it is decoded."""

    __slots__ = ("__weakref__", "_feed", "_reader")

    def __init__(self, window: Window, offset: int, decompressor: zstandard.ZstdDecompressor) -> None:
        super().__init__(window, offset)
        self._feed = _FrameFeed(weakref.proxy(self))
        self._reader = decompressor.stream_reader(cast(IO[bytes], self._feed), read_across_frames=False)

    def read(self, limit: int) -> bytes:
        if self.done or self.fault:
            return b""
        pieces: list[bytes] = []
        try:
            while limit > 0:
                piece = self._reader.read(min(limit, 1 << 20))
                if not piece:
                    if self._feed.state == "end":
                        self.done = True
                    else:
                        self.fault = "truncated" if self._feed.state == "truncated" else "damaged"
                    break
                pieces.append(piece)
                limit -= len(piece)
        except zstandard.ZstdError:
            self.fault = "truncated" if self._feed.state == "truncated" else "damaged"
        return b"".join(pieces)


class _FrameFeed:
    """Gives a frame's stored bytes part by part (header, blocks, checksum) and stops exactly at its end.

    It knows its member by a weak reference: the reader between the two is unknown to the garbage collector, so that a
    circle through it would stay in memory for ever.
    """

    __slots__ = ("_checksum", "_left", "_member", "state")

    def __init__(self, member: ZstdMember) -> None:
        self._member = member
        self._left = 0  # bytes of the current part that are still to be given
        self._checksum = False
        self.state: Literal["header", "block", "last", "checksum", "end", "damaged", "truncated"] = "header"

    def read(self, size: int) -> bytes:
        given: list[bytes] = []
        while size > 0:
            if self._left == 0 and not self._next_part():
                break
            piece = self._take(min(size, self._left))
            if not piece:
                self.state = "truncated"
                break
            given.append(piece)
            size -= len(piece)
            self._left -= len(piece)
        return b"".join(given)

    def _peek(self, size: int) -> bytes:
        member = self._member
        window = member._window
        while window.stop < member.end + size and window.more(max(member.offset, member.end - RETAIN_BYTES)):
            pass
        at = member.end - window.base
        return window.data[at : at + size]

    def _take(self, size: int) -> bytes:
        piece = self._peek(size)
        self._member.end += len(piece)
        return piece

    def _next_part(self) -> bool:
        if self.state == "header":
            head = self._peek(18)
            if len(head) < 6 or not head.startswith(ZSTD_MAGIC):
                self.state = "truncated" if len(head) < 6 else "damaged"
                return False
            descriptor = head[4]
            single, id_size = bool(descriptor & 0x20), (0, 1, 2, 4)[descriptor & 3]
            content_size = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
            self._checksum = bool(descriptor & 0x04)
            self._left = 5 + (0 if single else 1) + id_size + content_size
            self.state = "block"
            return True
        if self.state == "block":
            head = self._peek(3)
            if len(head) < 3:
                self.state = "truncated"
                return False
            header = int.from_bytes(head, "little")
            kind, size = header >> 1 & 3, header >> 3
            if kind == 3:
                self.state = "damaged"
                return False
            self._left = 3 + (1 if kind == 1 else size)
            self.state = "last" if header & 1 else "block"
            return True
        if self.state == "last" and self._checksum:
            self._left, self.state = 4, "checksum"
            return True
        if self.state in ("last", "checksum"):
            self.state = "end"
        return False


class Zstd(Members):
    magic = ZSTD_MAGIC

    def __init__(self, window: Window, dictionary: bytes | None = None) -> None:
        super().__init__(window)
        packed = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        self._decompressor = zstandard.ZstdDecompressor(dict_data=packed, max_window_size=MAX_WINDOW_BYTES)

    def open(self, position: int) -> ZstdMember:
        return ZstdMember(self.window, position, self._decompressor)

    def pass_padding(self, position: int) -> int:
        while True:
            position = super().pass_padding(position)
            head = self.window.have(position, 8)
            if len(head) < 8 or not is_skippable(head):
                return position
            position += 8 + int.from_bytes(head[4:8], "little")

    def _probe(self, stored: bytes) -> tuple[bytes | None, bool]:
        member = ZstdMember(Window(Fixed(stored)), 0, self._decompressor)
        out = member.read(PROBE_BYTES)
        more = len(out) < PROBE_BYTES and member.fault == "truncated"
        return out or (b"" if member.done else None), more


def is_skippable(head: bytes) -> bool:
    """Whether a skippable zstd frame begins here."""
    return len(head) >= 4 and head[0] & 0xF0 == 0x50 and head[1:4] == b"\x2a\x4d\x18"


def zstd_dictionary(head: bytes) -> tuple[bytes, int] | int | None:
    """The dictionary that a zstd WARC begins with: a skippable frame, compressed itself or not.

    Returns (dictionary, bytes it takes in the file); or the size in bytes that `head` must have to tell; or None when
    the file begins with no dictionary.
    """
    if not head.startswith(DICTIONARY_MAGIC) or len(head) < 8:
        return None
    (size,) = struct.unpack_from("<I", head, 4)
    if size > MAX_DICTIONARY_BYTES:
        return None
    if len(head) < 8 + size:
        return 8 + int(size)
    content = head[8 : 8 + size]
    if content.startswith(ZSTD_MAGIC):
        try:
            content = zstandard.ZstdDecompressor().stream_reader(content).read(MAX_DICTIONARY_BYTES)
        except zstandard.ZstdError:
            return None
    return content, 8 + int(size)
