"""One way to the bytes of a file, wherever it lies.

with open_range("https://data.example/a.warc.gz", 10_000, None, SourceSettings()) as stream:
    stream.read(1 << 20)
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat as stat_
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceChanged, SourceError
from faquarry.web.remote import HttpReader, Stat, http_stat
from faquarry.web.stores import StoreReader, filesystem_of, store_stat

__all__ = ["ByteReader", "Stat", "local_path", "open_random", "open_range", "stat", "stat_and_head"]

SAMPLE_SCHEME = "sample:"
WHOLE_BYTES = 16 << 20  # files up to this size are fingerprinted whole
SAMPLE_EVERY_BYTES = 256 << 10
SAMPLE_BYTES = 4 << 10


class ByteReader(Protocol):
    """A stream for `scan` that is closed after use."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None, /
    ) -> None: ...


def open_range(
    uri: str,
    start: int = 0,
    end: int | None = None,
    settings: SourceSettings | None = None,
    etag: str | None = None,
) -> ByteReader:
    """The bytes [start, end) of a file, in order; all from `start` on when `end` is None.

    `etag` is the version that must be found, as `stat` gave it. Raises `SourceError`, a sentence, here or in `read`;
    `SourceChanged` when the content is another than `etag`, or than what an earlier request of this reader saw.
    """
    settings = settings or SourceSettings()
    if _is_http(uri):
        reader = HttpReader(uri, start, end, settings, etag)
        reader.open()
        return reader
    path = local_path(uri)
    if path is not None:
        return _LocalReader(uri, path, start, end, etag)
    if uri.startswith(SAMPLE_SCHEME):
        data = _sample(uri)
        if etag and etag != _fingerprint_of_bytes(data):
            raise SourceChanged(f"{uri} is of another version of faquarry than the one that planned the work.")
        return io.BytesIO(data[start:end])
    return StoreReader(uri, start, end, settings, etag)


def stat(uri: str, settings: SourceSettings | None = None) -> Stat:
    """Size and version of a file. Raises `SourceError`."""
    return stat_and_head(uri, 0, settings)[0]


def stat_and_head(uri: str, size: int, settings: SourceSettings | None = None) -> tuple[Stat, bytes]:
    """Size and version of a file with its first `size` bytes, at the price of one request."""
    settings = settings or SourceSettings()
    if _is_http(uri):
        return http_stat(uri, settings, size)
    path = local_path(uri)
    if path is not None:
        try:
            with _opened(path) as file:
                return Stat(path.stat().st_size, fingerprint(file)), os.pread(file.fileno(), size, 0)
        except OSError as error:
            raise _local_error(uri, path, error) from None
    if uri.startswith(SAMPLE_SCHEME):
        data = _sample(uri)
        return Stat(len(data), _fingerprint_of_bytes(data)), data[:size]
    found = store_stat(uri, settings)
    if not size:
        return found, b""
    with StoreReader(uri, 0, size, settings, None) as reader:
        return found, reader.read(size)


def open_random(uri: str, settings: SourceSettings | None = None) -> Any:
    """A file for pyarrow (Parquet) that can seek. Raises `SourceError`."""
    settings = settings or SourceSettings()
    try:
        if _is_http(uri):
            return pa.PythonFile(_SeekableHttp(uri, settings), mode="r")
        path = local_path(uri)
        if path is not None:
            return pa.OSFile(str(path), "rb")
        filesystem, name = filesystem_of(uri, settings)
        return filesystem.open_input_file(name)
    except OSError as error:
        raise SourceError(f"{uri} cannot be read: {error}") from None


def local_path(uri: str) -> Path | None:
    """The path of a local file, given as such or as ``file://``; None for all else.

    >>> local_path("file:///tmp/with%20space"), local_path("https://a.example/b")
    (PosixPath('/tmp/with space'), None)
    """
    if uri.startswith("file:"):
        return Path(unquote(urlsplit(uri).path))
    return None if "://" in uri or uri.startswith(SAMPLE_SCHEME) else Path(uri)


def fingerprint(file: BinaryIO) -> str:
    """Tells versions of a local file apart by content, so that a copied or touched file is not read again.

    Files up to 16 MiB are hashed whole. Of larger ones the size, both ends and 4 KiB of every 256 KiB are: a new
    version that has the same size must differ in none of the samples to go unseen. In a compressed file a change moves
    all bytes behind it unless it keeps the compressed size to the byte, so that takes intent. The time of modification
    is left out on purpose: copying changes it, and `cp -p` of another file does not.
    """
    size = os.fstat(file.fileno()).st_size
    digest = hashlib.blake2b(digest_size=16)
    for at, length in _samples(size):
        digest.update(os.pread(file.fileno(), length, at))
    return f"{digest.hexdigest()}-{size}"


def _samples(size: int) -> Iterable[tuple[int, int]]:
    if size <= WHOLE_BYTES:
        return [(at, 1 << 20) for at in range(0, size, 1 << 20)]
    ends = [(0, 64 << 10), (size - (64 << 10), 64 << 10)]
    return ends + [(at, SAMPLE_BYTES) for at in range(SAMPLE_EVERY_BYTES, size, SAMPLE_EVERY_BYTES)]


def _fingerprint_of_bytes(data: bytes) -> str:
    return f"{hashlib.blake2b(data, digest_size=16).hexdigest()}-{len(data)}"


def _sample(uri: str) -> bytes:
    name = uri.removeprefix(SAMPLE_SCHEME)
    place = resources.files("faquarry.sample") / name
    if not name or "/" in name or not place.is_file():
        raise SourceError(f"{uri} is not part of this installation of faquarry.")
    return place.read_bytes()


def _is_http(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _local_error(uri: str, path: Path, error: OSError) -> SourceError:
    why = error.strerror or type(error).__name__
    return SourceError(f"{path} cannot be read: {why[:1].lower()}{why[1:]}.")


def _opened(path: Path) -> io.FileIO:
    """A file to read. What is none (a pipe, a device, a socket) could be waited for, or read, for ever."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name holds a NUL")
    file = io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    mode = os.fstat(file.fileno()).st_mode
    if not stat_.S_ISREG(mode):
        file.close()
        raise OSError(errno.EINVAL, "is a folder" if stat_.S_ISDIR(mode) else "it is no regular file")
    return file


class _LocalReader:
    """A local file without buffers of its own: readers ask for large blocks."""

    def __init__(self, uri: str, path: Path, start: int, end: int | None, etag: str | None) -> None:
        self._uri, self._path = uri, path
        try:
            self._file = _opened(path)
        except OSError as error:
            raise _local_error(uri, path, error) from None
        if etag and etag != fingerprint(self._file):
            self._file.close()
            raise SourceChanged(
                f"{path} is not what it was when the work was planned: start again to read it as it is."
            )
        self._file.seek(start)
        self._left = None if end is None else max(end - start, 0)

    def read(self, size: int, /) -> bytes:
        if self._left is not None:
            size = min(size, self._left)
        try:
            piece = self._file.read(size) if size else b""
        except OSError as error:
            raise _local_error(self._uri, self._path, error) from None
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class _SeekableHttp(io.RawIOBase):
    """Random access over range requests, for formats that are read from their end."""

    def __init__(self, url: str, settings: SourceSettings) -> None:
        self._url, self._settings, self._at = url, settings, 0
        found, _ = http_stat(url, settings)
        if found.size is None:
            raise SourceError(f"{url} cannot be read: its server does not say how large it is.")
        self._size, self._etag = found.size, found.etag

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._size if size is None or size < 0 else min(self._at + size, self._size)
        pieces = []
        with HttpReader(self._url, self._at, stop, self._settings, self._etag) as reader:
            while piece := reader.read(1 << 20):
                pieces.append(piece)
        data = b"".join(pieces)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
