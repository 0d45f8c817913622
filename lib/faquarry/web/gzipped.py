"""Members of gzip, inflated by igzip: several times as fast as zlib, with a few manners that are dealt with here."""

from __future__ import annotations

import stringzilla
from isal import igzip_lib, isal_zlib

from faquarry.web.members import PROBE_BYTES, Member, Members
from faquarry.web.window import RETAIN_BYTES, Window

__all__ = ["Gzip", "GzipMember", "IsalError"]

SMALLEST_MEMBER = 18  # header and trailer: no two magic numbers of a chain are closer
LONGEST_HEADER = 160 << 10
GIANT_STEP_BYTES = 64 << 10

IsalError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # the stubs of isal know no class
_find = stringzilla.find


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
        smallest = SMALLEST_MEMBER
        if at + SMALLEST_MEMBER > len(window.data):
            window.more(max(self.offset, self.end - RETAIN_BYTES))
            at = self.end - window.base
        if self.end == self.offset and window.data[at + 3 : at + 4] != b"\0":
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
