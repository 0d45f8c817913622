"""Small archives for the tests of `web`, built by hand so that a test can also build wrong ones."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.warc import scan

FAQ = b'<html><body><script type="application/ld+json">{"@type": "FAQPage"}</script></body></html>'
LIMIT = 1 << 20


def warc(
    body: bytes,
    *,
    kind: str = "response",
    url: str | None = "https://site.example/",
    length: int | None = None,
    content_type: str = "application/http; msgtype=response",
    version: str = "1.0",
    newline: bytes = b"\r\n",
    more: Sequence[str] = (),
) -> bytes:
    """One WARC record; `length` lies about the body's when given."""
    lines = [f"WARC/{version}", f"WARC-Type: {kind}"]
    lines += [f"WARC-Target-URI: {url}"] if url else []
    lines += ["WARC-Date: 2026-01-02T03:04:05Z", *more, f"Content-Type: {content_type}"]
    lines += [f"Content-Length: {len(body) if length is None else length}"]
    return newline.join(line.encode() for line in lines) + newline * 2 + body + newline * 2


def http(payload: bytes, *headers: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *headers]).encode() + b"\r\n\r\n" + payload


def page(number: int, *, faq: bool = True, padding: int = 0) -> bytes:
    text = random.Random(number).randbytes(padding // 2).hex().encode()
    body = FAQ if faq else b"<html><body>nothing here</body></html>"
    return body + b"<!-- page %d %s -->" % (number, text)


def captures(count: int, *, faq_every: int = 1, padding: int = 0) -> list[bytes]:
    """Records as a crawl has them: request, response, metadata by turns."""
    records = [warc(b"software: test\r\n", kind="warcinfo", url=None, content_type="application/warc-fields")]
    for number in range(count):
        url = f"https://site{number}.example/"
        records.append(warc(b"GET / HTTP/1.1\r\n\r\n", kind="request", url=url))
        payload = page(number, faq=number % faq_every == 0, padding=padding)
        records.append(warc(http(payload, "Content-Type: text/html"), url=url))
        records.append(warc(b"a: b\r\n", kind="metadata", url=url, content_type="application/warc-fields"))
    return records


def gz(records: Sequence[bytes]) -> bytes:
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def zst(records: Sequence[bytes], *, checksum: bool = True, sizes: bool = True, dictionary: bytes = b"") -> bytes:
    data = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    packer = zstandard.ZstdCompressor(dict_data=data, write_checksum=checksum, write_content_size=sizes)
    return b"".join(packer.compress(record) for record in records)


@dataclass
class Read:
    items: list[Record | Problem]
    counts: ScanCounts

    @property
    def records(self) -> list[Record]:
        return [item for item in self.items if isinstance(item, Record)]

    @property
    def problems(self) -> list[Problem]:
        return [item for item in self.items if isinstance(item, Problem)]

    @property
    def urls(self) -> list[str]:
        return [record.url for record in self.records]

    @property
    def reasons(self) -> list[str]:
        return [problem.reason for problem in self.problems]


class Dribble:
    """A stream that cannot seek and gives as little as it likes."""

    def __init__(self, data: bytes, at_most: int) -> None:
        self._stream, self._at_most = io.BytesIO(data), at_most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._at_most))


def read(data: bytes, *, at_most: int = 1 << 30, max_record_bytes: int = LIMIT, **options: object) -> Read:
    """Scan bytes at hand; a `start` or `origin` is where the stream begins, as it does for a real one."""
    counts = ScanCounts()
    begin = options.get("origin", options.get("start", 0))
    assert isinstance(begin, int)
    stream = Dribble(data[begin:], at_most)
    items = list(scan(stream, counts=counts, max_record_bytes=max_record_bytes, **options))  # type: ignore[arg-type]
    return Read(items, counts)
