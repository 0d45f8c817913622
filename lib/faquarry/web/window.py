"""A window that moves over the stored bytes of an archive, so that memory does not grow with the file."""

from __future__ import annotations

from typing import Protocol

__all__ = ["BLOCK_BYTES", "RETAIN_BYTES", "ByteStream", "Fixed", "Window"]

BLOCK_BYTES = 1 << 20
RETAIN_BYTES = 1 << 20  # how far behind a damaged place the search for the next member can start


class ByteStream(Protocol):
    """Anything that gives its bytes in order: at most `size` of them a call, ``b""`` at the end and never before."""

    def read(self, size: int, /) -> bytes: ...


class Window:
    """The bytes ``[base, base + len(data))`` of a file, read in order from a stream that may not be able to seek.

    Positions that go in and out are positions in the file. `data` is replaced by every `more`, so callers take a new
    reference after it. `base` only ever grows.
    """

    __slots__ = ("_stream", "base", "data", "ended")

    def __init__(self, stream: ByteStream, origin: int = 0) -> None:
        self._stream = stream
        self.base = origin
        self.data = b""
        self.ended = False

    @property
    def stop(self) -> int:
        """The position behind the last byte that has been read."""
        return self.base + len(self.data)

    def more(self, keep_from: int) -> bool:
        """Read the next block and forget what lies before `keep_from`; False at the end of the stream."""
        if self.ended:
            return False
        block = self._stream.read(BLOCK_BYTES)
        if not block:
            self.ended = True
            return False
        cut = min(max(keep_from - self.base, 0), len(self.data))
        self.data = self.data[cut:] + block if cut < len(self.data) else block
        self.base += cut
        return True

    def have(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from `position`, fewer only at the end of the stream; nothing before them is kept."""
        while self.stop < position + size and self.more(position):
            pass
        at = position - self.base
        return self.data[at : at + size]


class Fixed:
    """A stream over bytes at hand."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int, /) -> bytes:
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece
