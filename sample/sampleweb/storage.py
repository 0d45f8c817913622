"""Pages as members of a web archive, laid out as large crawls do: request, response, metadata, each its own gzip member."""

from __future__ import annotations

import base64
import hashlib
import struct
import uuid
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import brotli
import zstandard

from sampleweb.render import Rendered

__all__ = ["archive", "fetched_at", "member", "stored_body"]

SPACE = uuid.UUID("6f1d8a52-6c0b-5d0e-9f43-8a1f4c7b2e10")
START = datetime(2026, 3, 2, tzinfo=UTC)
BOMB_BYTES = 40 * 1024 * 1024


def member(data: bytes) -> bytes:
    """One gzip member whose header holds neither a time nor a system, so that it depends on the data alone."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    return (
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
        + body
        + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    )


def number(text: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % below


def fetched_at(page: Rendered) -> datetime:
    """`date` of the page (YYYY-MM-DD), else a day between 2 and 27 March 2026; the second follows from the address."""
    day = page.source.options.get("date", page.language)
    start = (
        datetime.fromisoformat(day).replace(tzinfo=UTC) if day else START + timedelta(days=number(page.site.host, 26))
    )
    return start + timedelta(seconds=number(page.url, 86400))


def chunked(body: bytes) -> bytes:
    pieces, at, size = [], 0, 1021
    while at < len(body):
        piece = body[at : at + size]
        pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at, size = at + size, 4096
    return b"".join(pieces) + b"0\r\n\r\n"


def encode(body: bytes, coding: str) -> bytes:
    match coding:
        case "gzip":
            return member(body)
        case "deflate":
            return zlib.compress(body, 9)
        case "raw-deflate":
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            return packer.compress(body) + packer.flush()
        case "br":
            return bytes(brotli.compress(body, quality=9))
        case "zstd":
            return bytes(zstandard.ZstdCompressor(level=12).compress(body))
        case "chunked":
            return chunked(body)
    raise ValueError(f"no content coding is called {coding!r}")


def stored_body(page: Rendered) -> tuple[bytes, list[tuple[str, str]]]:
    """The body as stored, and the headers that describe it (or lie about it)."""
    codings = page.source.options.get("coding", page.language).split()
    body = page.body
    if page.page["damage"] == "bomb":
        body += b" " * BOMB_BYTES
    for coding in codings:
        body = encode(body, coding)
    claims = page.source.options.get("claims", page.language) or " ".join(codings)
    claimed = [] if claims == "none" else claims.replace("raw-deflate", "deflate").split()
    contents = [claim for claim in claimed if claim != "chunked"]
    headers = [("Content-Encoding", ", ".join(contents))] if contents else []
    if "chunked" in claimed:
        headers.append(("Transfer-Encoding", "chunked"))
    elif page.page["damage"] == "short-http":
        headers.append(("Content-Length", str(len(body) // 3)))
    elif number(page.url + "/length", 4):
        headers.append(("Content-Length", str(len(body))))
    if not codings and not claimed and number(page.url + "/crawler", 2):  # decoded by the crawler, which says so
        headers[:0] = [
            ("X-Crawler-Content-Encoding", "gzip"),
            ("X-Crawler-Content-Length", str(len(member(page.body)))),
        ]
    return body, headers


def http_response(page: Rendered) -> bytes:
    server = ("nginx", "Apache/2.4.62 (Debian)", "cloudfront", "LiteSpeed", "Caddy")[number(page.site.host, 5)]
    date = f"{fetched_at(page):%a, %d %b %Y %H:%M:%S} GMT"
    body, described = stored_body(page)
    headers = [("Date", date), ("Server", server), ("Content-Type", page.content_type), *page.headers, *described]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def record(
    kind: str, url: str, when: datetime, content_type: str, block: bytes, *more: tuple[str, str], extra: int = 0
) -> bytes:
    """A WARC record. `extra` is added to the true content length."""
    headers = [
        ("WARC-Type", kind),
        ("WARC-Date", f"{when:%Y-%m-%dT%H:%M:%SZ}"),
        ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(SPACE, kind + ' ' + url)}>"),
        *([("WARC-Target-URI", url)] if url else []),
        ("Content-Type", content_type),
        *more,
        ("Content-Length", str(len(block) + extra)),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def members_of(page: Rendered) -> Iterator[bytes]:
    when, url, damage = fetched_at(page), page.url, page.page["damage"]
    host, path = url.split("/", 3)[2], "/" + url.split("/", 3)[3]
    address = ("WARC-IP-Address", f"192.0.2.{1 + number(host, 250)}")
    if damage == "resource":
        yield member(
            record("resource", url, when, page.content_type, page.body, ("WARC-Block-Digest", sha1(page.body)))
        )
        return
    request = f"GET {path} HTTP/1.1\r\nUser-Agent: samplebot/1.0\r\nAccept: text/html,*/*;q=0.5\r\nAccept-Encoding: br,gzip\r\nHost: {host}\r\nConnection: Keep-Alive\r\n\r\n"
    yield member(record("request", url, when, "application/http; msgtype=request", request.encode(), address))
    block = page.body if damage == "bare" else http_response(page)
    payload = page.body if damage == "bare" else block.split(b"\r\n\r\n", 1)[1]
    digests = ("WARC-Payload-Digest", sha1(payload)), ("WARC-Block-Digest", sha1(block))
    extra = 700 if damage == "long-length" else 0
    response = member(
        record("response", url, when, "application/http; msgtype=response", block, address, *digests, extra=extra)
    )
    if damage == "corrupt":
        middle = len(response) // 2
        response = (
            response[:middle] + bytes(byte ^ 0xA5 for byte in response[middle : middle + 64]) + response[middle + 64 :]
        )
    if damage == "truncated":
        yield response[: len(response) * 2 // 3]
        return
    yield response
    metadata = f"fetchTimeMs: {40 + number(url, 900)}\r\ncharset-detected: {page.page['charset']}\r\n\r\n"
    yield member(record("metadata", url, when, "application/warc-fields", metadata.encode()))


def archive(pages: Iterable[Rendered]) -> bytes:
    """The whole file: in the order of fetching, the truncated page last."""
    ordered = sorted(pages, key=lambda page: (page.page["damage"] == "truncated", fetched_at(page), page.url))
    info = "software: sample/pack.py\r\nformat: WARC File Format 1.0\r\ndescription: fictional sites, CC0\r\n\r\n"
    head = member(
        record("warcinfo", "", START, "application/warc-fields", info.encode(), ("WARC-Filename", "sample.warc.gz"))
    )
    return head + b"".join(piece for page in ordered for piece in members_of(page))
