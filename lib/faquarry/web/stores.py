"""s3:// and hdfs:// through pyarrow, which needs neither a JVM's client nor boto3."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from pyarrow import fs

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceChanged, SourceError
from faquarry.web.remote import Stat

__all__ = ["StoreReader", "filesystem_of", "store_find", "store_stat"]

DEFAULT_REGION = "us-east-1"
AHEAD_BYTES = 8 << 20
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")


def filesystem_of(uri: str, settings: SourceSettings) -> tuple[fs.FileSystem, str]:
    """The file system of a URI, and the path in it. Raises `SourceError` where it cannot be had."""
    scheme, _, rest = uri.partition("://")
    if scheme in ("s3", "s3a", "s3n"):
        return _s3(settings.anonymous, settings.endpoint, settings.region, settings.timeout_s, settings.retries), rest
    if scheme == "hdfs":
        authority, _, path = rest.partition("/")
        return _hdfs(authority), "/" + path
    raise SourceError(f"{uri} cannot be read: sources are files, http(s)://, s3:// or hdfs://.")


@lru_cache(maxsize=8)
def _s3(
    anonymous: bool | None, endpoint: str | None, region: str | None, timeout_s: float, retries: int
) -> fs.S3FileSystem:
    scheme, _, host = endpoint.rpartition("://") if endpoint else ("", "", None)
    return fs.S3FileSystem(
        anonymous=not _has_credentials() if anonymous is None else anonymous,
        region=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
        endpoint_override=host,
        scheme=scheme or "https",
        request_timeout=timeout_s,
        connect_timeout=timeout_s,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=retries + 1),
    )


def _has_credentials() -> bool:
    """Whether the usual chain can find any, told without asking a metadata service that may not be there."""
    home = Path.home() / ".aws"
    files = [
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials"),
        os.environ.get("AWS_CONFIG_FILE", home / "config"),
    ]
    if any(os.environ.get(name) for name in _CREDENTIALS) or any(Path(file).is_file() for file in files):
        return True
    try:
        return "Amazon" in _VENDOR.read_text()
    except OSError:
        return False


@lru_cache(maxsize=8)
def _hdfs(authority: str) -> fs.HadoopFileSystem:
    host, _, port = authority.partition(":")
    try:
        return fs.HadoopFileSystem(host or "default", int(port or 0))
    except OSError as error:
        raise SourceError(
            f"hdfs://{authority} cannot be read here: {str(error).splitlines()[0]}. It needs Java and Hadoop's libhdfs.so: "
            "set JAVA_HOME, HADOOP_HOME and CLASSPATH=$(hadoop classpath --glob), on the workers too."
        ) from None


def store_stat(uri: str, settings: SourceSettings) -> Stat:
    """Size and version: S3's ETag, which tells two versions of one second apart; elsewhere time and size."""
    filesystem, path = filesystem_of(uri, settings)
    try:
        if isinstance(filesystem, fs.S3FileSystem):
            with filesystem.open_input_file(path) as file:
                return Stat(file.size(), _text((file.metadata() or {}).get("ETag", "")))
        info = filesystem.get_file_info(path)
    except FileNotFoundError:
        raise SourceError(f"{uri} is not there.") from None
    except OSError as error:
        raise SourceError(f"{uri} cannot be read: {_first_line(error)}") from None
    if info.type != fs.FileType.File:
        raise SourceError(f"{uri} is {'a folder' if info.type == fs.FileType.Directory else 'not there'}.")
    return Stat(info.size, f"{info.mtime_ns}-{info.size}")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def store_find(uri: str, settings: SourceSettings) -> list[str] | None:
    """All files below a folder, sorted; [the URI itself] for a file; None when nothing is there."""
    filesystem, path = filesystem_of(uri, settings)
    head = uri[: len(uri) - len(path)]
    try:
        info = filesystem.get_file_info(path.rstrip("/"))
        if info.type == fs.FileType.File:
            return [uri]
        if info.type == fs.FileType.NotFound:
            return None
        found = filesystem.get_file_info(fs.FileSelector(path.rstrip("/"), recursive=True))
    except OSError as error:
        raise SourceError(f"{uri} cannot be listed: {_first_line(error)}") from None
    return sorted(head + entry.path for entry in found if entry.type == fs.FileType.File)


class StoreReader:
    """The bytes [start, end) of an object, in order. At the end it looks once more whether it is still the same one.

    One block is fetched ahead while the one before is used: a request has a latency, and scanning takes time of its own.
    """

    def __init__(self, uri: str, start: int, end: int | None, settings: SourceSettings, etag: str | None) -> None:
        self._uri, self._settings = uri, settings
        found = store_stat(uri, settings)
        self.etag, self.size = found.etag, found.size or 0
        if etag and etag != self.etag:
            raise self._changed()
        self._end = self.size if end is None else min(end, self.size)
        filesystem, path = filesystem_of(uri, settings)
        try:
            self._file = filesystem.open_input_file(path)
        except OSError as error:
            raise SourceError(f"{uri} cannot be read: {_first_line(error)}") from None
        self._pool = ThreadPoolExecutor(1)
        self._block, self._used = b"", 0
        self._ahead = start  # where the block that is being fetched begins
        self._coming: Future[bytes] | None = self._fetch()

    def _changed(self) -> SourceChanged:
        return SourceChanged(f"{self._uri} changed while it was read: start again to read it as it is now.")

    def _fetch(self) -> Future[bytes] | None:
        size = min(AHEAD_BYTES, self._end - self._ahead)
        return self._pool.submit(self._file.read_at, size, self._ahead) if size > 0 else None

    def read(self, size: int, /) -> bytes:
        if self._used >= len(self._block):
            if self._coming is None:
                return b""
            self._next_block(self._coming)
        piece = self._block[self._used : self._used + size]
        self._used += len(piece)
        return piece

    def _next_block(self, coming: Future[bytes]) -> None:
        try:
            self._block, self._used = bytes(coming.result()), 0
        except OSError as error:
            if store_stat(self._uri, self._settings).etag != self.etag:
                raise self._changed() from None
            raise SourceError(
                f"{self._uri} could not be read beyond byte {self._ahead}: {_first_line(error)}"
            ) from None
        self._ahead += len(self._block)
        self._coming = self._fetch()
        if self._coming is None and store_stat(self._uri, self._settings).etag != self.etag:
            raise self._changed()
        if not self._block:
            raise SourceError(f"{self._uri} ends at byte {self._ahead}, {self._end} were promised.")

    def close(self) -> None:
        self._coming = None
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _first_line(error: OSError) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
