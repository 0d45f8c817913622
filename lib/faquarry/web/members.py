"""Compressed members of an archive: where each begins and ends, and what it holds, bounded and resynchronising.

A gzip WARC is a chain of gzip members, a zstd WARC a chain of zstd frames. Both are read through one small interface,
so that the scan does not care which it has. Of records this module knows only that a member is *aligned* when its
first decoded bytes begin one: only there can reading start in the middle of a file.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from typing import IO, Literal, cast

import stringzilla
import zstandard
from isal import igzip_lib, isal_zlib

from faquarry.web.heads import is_start, next_start
from faquarry.web.window import RETAIN_BYTES, Window

__all__ = ["Coding", "Gzip", "Member", "Members", "Zstd", "detect_coding", "zstd_dictionary"]

Coding = Literal["gzip", "zstd", "plain"]

PADDING = b"\x00\r\n\t "
PROBE_BYTES = 512  # decoded bytes that decide whether a member is aligned
PROBE_INPUTS = (1 << 10, 256 << 10)  # stored bytes of the first and the second attempt
LONGEST_HEADER = 160 << 10
GIANT_STEP_BYTES = 64 << 10
SMALLEST_MEMBER = 18  # header and trailer of gzip: no two magic numbers of a chain are closer
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
MAX_DICTIONARY_BYTES = 16 << 20
MAX_WINDOW_BYTES = 1 << 27

IsalError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # the stubs of isal know no class
_find = stringzilla.find


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
    if head.startswith(ZSTD_MAGIC) or is_skippable(head):
        return "zstd"
    if is_start(head):
        return "plain"
    found: dict[Coding, int | None] = {"plain": next_start(head, 0)}
    found["gzip"] = Gzip(Window(_Fixed(head))).next_aligned(0)
    found["zstd"] = Zstd(Window(_Fixed(head))).next_aligned(0)
    places = {at: coding for coding, at in found.items() if at is not None}
    return places[min(places)] if places else None


def is_skippable(head: bytes) -> bool:
    """Whether a skippable zstd frame begins here."""
    return len(head) >= 4 and head[0] & 0xF0 == 0x50 and head[1:4] == b"\x2a\x4d\x18"


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


class GzipMember(Member):
    __slots__ = ("_decoder", "_fed", "_given")

    def __init__(self, window: Window, offset: int) -> None:
        super().__init__(window, offset)
        self._fed, self._given = offset, 0  # where the last input began, and what it has given so far
        self._decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

    def read(self, limit: int) -> bytes:
        decoder = self._decoder
        pieces: list[bytes] = []
        try:
            while limit > 0 and not decoder.eof and self.fault is None:
                feed: bytes | memoryview = b""
                if decoder.needs_input:
                    self._fed, self._given, feed = self.end, 0, self._feed()
                    if not feed:
                        self.fault = "truncated"
                        break
                # A member ends with its decoded size: with it as the bound, the output is allocated once.
                size = int.from_bytes(feed[-4:], "little") + 1 if feed else limit
                piece = decoder.decompress(feed, size if size < limit else limit)
                limit -= len(piece)
                self._given += len(piece)
                pieces.append(piece)
        except IsalError:
            self.fault = "damaged"
            pieces.append(self._salvage(limit))
        else:
            if decoder.eof and not self.done:
                self.end -= len(decoder.unused_data)
                self.done = True
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _feed(self) -> memoryview:
        """Stored bytes up to the next magic number: most often that is the whole member, and nothing is fed in vain."""
        window = self._window
        at = self.end - window.base
        if at >= len(window.data):
            window.more(max(self.offset, self.end - RETAIN_BYTES))
            at = self.end - window.base
        smallest = SMALLEST_MEMBER
        if self.end == self.offset and window.have(self.offset, 4)[3:] != b"\0":
            smallest += _header_size(window.have(self.offset, LONGEST_HEADER))
        at = self.end - window.base
        stop = _find(window.data, Gzip.magic, at + smallest)
        if self.offset < window.base:  # the beginning is gone: nothing could be salvaged from large steps
            stop = at + GIANT_STEP_BYTES
        feed = memoryview(window.data)[at : stop if stop > 0 else len(window.data)]
        self.end += len(feed)
        return feed

    def _salvage(self, limit: int) -> bytes:
        """What the last input gives before the damage, as far as not yet given: a call of igzip that fails gives nothing."""
        window = self._window
        if self.offset < window.base:
            return b""
        decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        begin, at, stop = (position - window.base for position in (self.offset, self._fed, self.end))
        if at == begin:
            at += _header_size(window.data[begin : begin + LONGEST_HEADER])
        out: list[bytes] = []
        limit += self._given
        try:
            if at > begin:
                decoder.decompress(window.data[begin:at], 1 << 20)
                while not decoder.needs_input:
                    decoder.decompress(b"", 1 << 20)
            while at < stop and limit > 0:
                piece = decoder.decompress(window.data[at : at + 1] if decoder.needs_input else b"", limit)
                at += decoder.needs_input
                limit -= len(piece)
                out.append(piece)
        except IsalError:
            pass
        return b"".join(out)[self._given :]


def _header_size(stored: bytes) -> int:
    """Bytes before the deflate stream: igzip misreads a header with several optional parts that comes in pieces."""
    if len(stored) < 10 or not stored[3] & 0x1E:
        return 10
    flags, end = stored[3], 10
    if flags & 0x04:
        end += 2 + int.from_bytes(stored[end : end + 2], "little")
    for named in (0x08, 0x10):
        if flags & named:
            end = stored.find(b"\0", end) + 1 or len(stored)
    return min(end + (2 if flags & 0x02 else 0), len(stored))


class ZstdMember(Member):
    """A frame, or several bytes that are skippable. Its end is known from its block headers before it is decoded."""

    __slots__ = ("_feed", "_reader")

    def __init__(self, window: Window, offset: int, decompressor: zstandard.ZstdDecompressor) -> None:
        super().__init__(window, offset)
        self._feed = _FrameFeed(self)
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
    """Gives a frame's stored bytes part by part (header, blocks, checksum) and stops exactly at its end."""

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
        return self.window.have(position, len(self.magic)) == self.magic

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


class Gzip(Members):
    magic = b"\x1f\x8b\x08"

    def open(self, position: int) -> GzipMember:
        return GzipMember(self.window, position)

    def _probe(self, stored: bytes) -> tuple[bytes | None, bool]:
        if len(stored) < SMALLEST_MEMBER or stored[3] & 0xE0:
            return None, False
        decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        out, at, step = b"", 0, 256 + _header_size(stored)
        try:
            # Small steps: igzip gives nothing of a call that fails, and damage further on must not hide the beginning.
            while len(out) < PROBE_BYTES and not decoder.eof and at < len(stored):
                out += decoder.decompress(stored[at : at + step], PROBE_BYTES - len(out))
                at += step
        except IsalError:
            return out or None, False
        return out, len(out) < PROBE_BYTES and not decoder.eof


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
        member = ZstdMember(Window(_Fixed(stored)), 0, self._decompressor)
        out = member.read(PROBE_BYTES)
        more = len(out) < PROBE_BYTES and member.fault == "truncated"
        return out or (b"" if member.done else None), more


class _Fixed:
    """A stream over bytes at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        data, self._data = self._data, b""
        return data


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
        reader = zstandard.ZstdDecompressor().stream_reader(content)
        content = reader.read(MAX_DICTIONARY_BYTES)
    return content, 8 + int(size)
