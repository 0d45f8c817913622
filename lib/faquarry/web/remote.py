"""Read a file behind http(s) from a byte on, through everything that goes wrong on the way.

A connection that breaks, hangs or ends early is made again from the byte where it stopped, with growing waits. What
comes back must be the same file: an ETag, a date or a size that differs is `SourceChanged`, never a mixture of two.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceChanged, SourceError
from faquarry.web.address import PrivateAddress, checked_pools, refuse_private_name

__all__ = ["HttpReader", "Stat", "http_stat"]

MAX_REDIRECTS = 10
MAX_WAIT_S = 120.0
PROGRESS_BYTES = 64 << 10  # after so many bytes, earlier failures are forgiven
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524})
_CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)")
_FOLDER_HINT = "check the address (relative names in a manifest need --prefix)"


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of a file without reading it. `etag` is "" where nothing tells versions apart."""

    size: int | None
    etag: str


class _Broken(Exception):
    """A response that ended, or began, where it should not. `wait_s` is what the server asked for."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@lru_cache(maxsize=8)
def _manager(scheme: str, proxy: str | None, private: bool) -> urllib3.PoolManager:
    options: dict[str, Any] = {"retries": False, "maxsize": 32}
    if proxy:
        return urllib3.ProxyManager(proxy, **options)
    manager = urllib3.PoolManager(**options)
    if not private:
        manager.pool_classes_by_scheme = checked_pools()
    return manager


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("ETag", "").strip() or headers.get("Last-Modified", "").strip()


class HttpReader:
    """The bytes [start, end) of a URL, in order; `end` None means all. A stream for `scan`, and a context manager.

    `etag`: the version that must be found (as `http_stat` gave it); unset, the first response decides.
    Raises `SourceError` when `settings.retries` attempts in a row fail, `SourceChanged` when the file is another one.
    """

    def __init__(
        self, url: str, start: int, end: int | None, settings: SourceSettings, etag: str | None = None
    ) -> None:
        self._url, self._settings = url, settings
        self._at, self._end = start, end
        self._version = etag or None
        self.size: int | None = None  # of the whole file, when a response has told it
        self._response: urllib3.BaseHTTPResponse | None = None
        self._stop: int | None = None  # where the current response ends
        self._failures = 0
        self._since_failure = 0
        self._done = end is not None and end <= start

    @property
    def etag(self) -> str:
        """The version of the file that is being read, as far as the server tells."""
        return self._version or (f"{self.size} bytes" if self.size is not None else "")

    def open(self) -> None:
        """Connect now, so that errors come now."""
        while self._response is None and not self._done:
            try:
                self._connect()
            except (HTTPError, OSError, _Broken) as error:
                self._failed(error)

    def read(self, size: int, /) -> bytes:
        while not self._done:
            try:
                if self._response is None:
                    self._connect()
                    continue
                wanted = size if self._stop is None else min(size, self._stop - self._at)
                piece = self._response.read(wanted, decode_content=False) if wanted > 0 else b""
                if piece:
                    self._at += len(piece)
                    self._since_failure += len(piece)
                    return piece
                if self._stop is not None and self._at < self._stop:
                    raise _Broken(f"the connection ended at byte {self._at} of {self._stop}")
                self._done = True
                self._drop(reuse=True)
            except (HTTPError, OSError, _Broken) as error:
                self._failed(error)
        return b""

    def close(self) -> None:
        self._done = True
        self._drop(reuse=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _drop(self, *, reuse: bool) -> None:
        response, self._response = self._response, None
        if response is not None:
            if reuse:
                response.release_conn()
            else:
                response.close()

    def _failed(self, error: Exception) -> None:
        """Wait before the next attempt, or give up."""
        self._drop(reuse=False)
        if isinstance(error, PrivateAddress):
            raise SourceError(f"{self._url} cannot be read: {error}.") from None
        if self._since_failure >= PROGRESS_BYTES:
            self._failures = 0
        self._since_failure = 0
        self._failures += 1
        if self._failures > self._settings.retries:
            raise SourceError(
                f"{self._url} could not be read beyond byte {self._at}, after {self._failures} attempts: "
                f"{_sentence(error)} (sources.retries, sources.timeout_s)"
            ) from None
        wait = self._settings.backoff_s * 2 ** (self._failures - 1) * random.uniform(0.8, 1.2)
        asked = error.wait_s if isinstance(error, _Broken) else 0.0
        time.sleep(min(max(wait, asked), MAX_WAIT_S))

    def _connect(self) -> None:
        headers = {"Accept-Encoding": "identity", "User-Agent": "faquarry"}
        ranged = self._at > 0 or self._end is not None
        if ranged:
            headers["Range"] = f"bytes={self._at}-{'' if self._end is None else self._end - 1}"
            if self._version and not self._version.startswith("W/"):
                headers["If-Range"] = self._version
        response = _request(self._url, headers, self._settings)
        self._response = response
        status = response.status
        if status in _TRANSIENT:
            raise _Broken(f"it answers {status} {response.reason or ''}".rstrip(), _retry_after(response.headers))
        if status == 416:
            self._empty_range(response)
            return
        if status not in (200, 206):
            self._done = True
            self._drop(reuse=False)
            hint = f": {_FOLDER_HINT}" if status in (404, 410) else ""
            hint = ": it needs permission" if status in (401, 403) else hint
            raise SourceError(f"{self._url} answers {status} {response.reason or ''}".rstrip() + hint + ".")
        length = response.headers.get("Content-Length", "")
        if status == 206:
            found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != self._at:
                raise _Broken("it answers with another range than it was asked for")
            self._same_file(response.headers, int(found[3]) if found[3] != "*" else None)
            self._stop = int(found[2]) + 1
        else:
            total = int(length) if length.isdigit() else None
            self._same_file(response.headers, total)
            self._skip(response, self._at)
            self._stop = total if self._end is None or total is None else min(total, self._end)
            if self._stop is None:
                self._stop = self._end
            if total is not None and self._at >= total:
                self._done = True

    def _same_file(self, headers: Mapping[str, str], size: int | None) -> None:
        version = _version(headers)
        other = bool(self._version and version and version != self._version)
        other = other or (self.size is not None and size is not None and size != self.size)
        if self._version is not None and self._version.endswith(" bytes") and size is not None:
            other = other or self._version != f"{size} bytes"
        if other:
            self._done = True
            self._drop(reuse=False)
            raise SourceChanged(f"{self._url} changed while it was read: start again to read it as it is now.")
        self._version = version or self._version
        self.size = size if size is not None else self.size

    def _skip(self, response: urllib3.BaseHTTPResponse, size: int) -> None:
        """Pass what was read already: the server knows no ranges."""
        while size > 0:
            piece = response.read(min(size, 1 << 20), decode_content=False)
            if not piece:
                raise _Broken(f"it has {size} bytes less than were read before")
            size -= len(piece)

    def _empty_range(self, response: urllib3.BaseHTTPResponse) -> None:
        """Nothing stands at or behind `start`: an orderly end, if the file is no shorter than it was."""
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        self._done = True
        self._drop(reuse=False)
        if total.isdigit():
            self._same_file(response.headers, int(total))


def _request(url: str, headers: Mapping[str, str], settings: SourceSettings) -> urllib3.BaseHTTPResponse:
    timeout = urllib3.Timeout(connect=settings.timeout_s, read=settings.timeout_s)
    place = url
    for _ in range(MAX_REDIRECTS):
        parts = urlsplit(place)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(f"{url} leads to {place}, which is no http(s) address.")
        proxy = None if proxy_bypass(parts.hostname) else getproxies().get(parts.scheme)
        if not settings.allow_private_addresses:
            refuse_private_name(parts.hostname)
        manager = _manager(parts.scheme, proxy, settings.allow_private_addresses)
        response = manager.request(
            "GET", place, headers=headers, timeout=timeout, redirect=False, preload_content=False, retries=False
        )
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or not location:
            return response
        response.close()
        place = urljoin(place, location)
    raise SourceError(f"{url} redirects more than {MAX_REDIRECTS} times.")


def http_stat(url: str, settings: SourceSettings, size: int = 1) -> tuple[Stat, bytes]:
    """Size and version of a file, with its first `size` bytes: one request tells all of it."""
    with HttpReader(url, 0, max(size, 1), settings) as reader:
        reader.open()
        pieces, have = [], 0
        while have < size and (piece := reader.read(size - have)):
            pieces.append(piece)
            have += len(piece)
        return Stat(reader.size, reader.etag), b"".join(pieces)


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "").strip()
    return min(float(text), MAX_WAIT_S) if text.isdigit() else 0.0


def _sentence(error: Exception) -> str:
    if isinstance(error, _Broken):
        return str(error)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no byte came in time"
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its host is not known"
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
