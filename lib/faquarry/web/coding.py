"""Undo the codings of an HTTP body by what the bytes are, with the headers as a hint that may be wrong.

Crawlers store bodies chunked or not, compressed or not, and keep, rename or drop the headers that say so. Every step
here is bounded: a decoder never gives more than `limit` bytes, and a body that would becomes `BodyTooLarge`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable

import brotli
import zstandard
from isal import igzip_lib

from faquarry.web.gzipped import IsalError

__all__ = ["BodyTooLarge", "dechunk", "decode_body"]

MAX_LAYERS = 6
MAX_MEMBERS = 64  # of one gzip body: each costs a copy of what follows it
GZIP, ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?(\r?\n)")
_ARCHIVE_TYPES = ("gzip", "zip", "x-tar", "zstd", "x-compress", "octet-stream", "x-bzip", "x-xz", "x-7z", "warc")
_MEDIA_TYPES = ("image/", "video/", "audio/", "font/", "application/pdf", "application/font")
_TEXT_FIRST = (b"<", b"{", b" ", b"\n", b"\r", b"")
_TEXT_CONTROLS = frozenset(b"\t\n\x0b\x0c\r\x1b")

Decoder = Callable[[bytes, int], bytes]


class BodyTooLarge(Exception):
    """More bytes than the limit would come out; `coding` says which coding was being undone."""

    def __init__(self, coding: str, limit: int) -> None:
        super().__init__(f"more than {limit} bytes come out of its {coding} coding")
        self.coding, self.limit = coding, limit


class _NotCoded(Exception):
    """The bytes are not in the coding that was tried."""


def decode_body(body: bytes, headers: dict[str, str], limit: int) -> bytes:
    """The body without transfer and content codings; the bytes as they are where no coding fits.

    `headers` have lower-case names. A coded body that breaks off gives what could be decoded of it.

    >>> import gzip
    >>> decode_body(b"5\\r\\nHello\\r\\n0\\r\\n\\r\\n", {"transfer-encoding": "chunked"}, 1000)
    b'Hello'
    >>> decode_body(gzip.compress(b"<p>said nowhere</p>"), {}, 1000)
    b'<p>said nowhere</p>'
    >>> decode_body(b"<p>plain</p>", {"content-encoding": "gzip, br"}, 1000)
    b'<p>plain</p>'
    """
    claims = _claims(headers)
    content_type = headers.get("content-type", "").lower()
    body = dechunk(body, claimed="chunked" in claims)
    if not claims and any(word in content_type for word in (*_ARCHIVE_TYPES, *_MEDIA_TYPES)):
        return body  # a file of its own, not a coded page
    for _ in range(MAX_LAYERS):
        undone = _undo_one(body, claims, limit)
        if undone is None:
            break
        body = dechunk(undone, claimed=False)
    return body


def _claims(headers: dict[str, str]) -> list[str]:
    """Codings in the order in which they must be undone."""
    listed = f"{headers.get('content-encoding', '')},{headers.get('transfer-encoding', '')}".lower()
    names = [name.strip().removeprefix("x-") for name in listed.split(",")]
    return [name for name in reversed(names) if name and name not in ("identity", "none")]


def _undo_one(body: bytes, claims: list[str], limit: int) -> bytes | None:
    """One layer less, or None when the body is in no coding (any more)."""
    for coding, decoder in _candidates(body, claims):
        try:
            undone = decoder(body, limit)
        except _NotCoded:
            continue
        if coding in claims:
            claims.remove(coding)
        return undone
    return None


def _candidates(body: bytes, claims: Iterable[str]) -> list[tuple[str, Decoder]]:
    """The codings worth trying, likeliest first. What has a magic number needs no claim, and a claim no magic number."""
    found: list[tuple[str, Decoder]] = []
    if body.startswith(GZIP):
        found.append(("gzip", _gunzip))
    elif body.startswith(ZSTD):
        found.append(("zstd", _unzstd))
    elif len(body) > 2 and body[0] & 0x8F == 0x08 and (body[0] << 8 | body[1]) % 31 == 0 and not body[1] & 0x20:
        found.append(("deflate", _inflate))
    if "br" in claims:
        found.append(("br", _unbrotli))
    if "deflate" in claims:
        found.append(("deflate", _inflate_raw))
    if body[:1] not in _TEXT_FIRST and not looks_like_text(body):
        found += [("br", _only_text(_unbrotli)), ("deflate", _only_text(_inflate_raw))]
    return found


def looks_like_text(body: bytes) -> bool:
    """Whether the first bytes can be text in any charset, UTF-16 included: no control characters, or every second NUL.

    >>> looks_like_text("<p>Grüße".encode("latin-1")), looks_like_text("<p>".encode("utf-16"))
    (True, True)
    >>> looks_like_text(b"\\x8b\\x05\\x80")
    False
    """
    sample = body[:96]
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 in sample[:2]:
        return True
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in sample):
        return False
    return sum(byte >= 0x7F for byte in sample[:4]) < 4 or b"<" in sample or _is_utf8(sample)


def _is_utf8(sample: bytes) -> bool:
    try:
        sample[: len(sample) - 4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(sample) - 8
    return True


def _only_text(decoder: Decoder) -> Decoder:
    """For codings without a magic number that nothing claims: believe them only when text comes out."""

    def decode(body: bytes, limit: int) -> bytes:
        undone = decoder(body, limit)
        if len(undone) < 16 or b"<" not in undone[:4096] or not looks_like_text(undone):
            raise _NotCoded
        return undone

    return decode


def dechunk(body: bytes, *, claimed: bool) -> bytes:
    """The data of a chunked body. A broken chain of chunks keeps the rest as it stands; a body that is none is returned.

    Without a claim, the framing itself must prove it: a size, so many bytes, a line end, and another size.

    >>> dechunk(b"3;x=y\\r\\nabc\\r\\n2\\r\\nde\\r\\n0\\r\\n\\r\\n", claimed=False)
    b'abcde'
    >>> dechunk(b"3\\r\\nabc\\r\\nThis is no size.", claimed=True)
    b'abcThis is no size.'
    >>> dechunk(b"12\\r\\nlines of text", claimed=False)
    b'12\\r\\nlines of text'
    """
    at = 2 if claimed and body.startswith(b"\r\n") else 0
    size = _CHUNK_SIZE.match(body, at)
    if size is None or not (claimed or _proves_chunks(body, size)):
        return body
    pieces: list[bytes] = []
    while size is not None:
        length = int(size[1], 16)
        if length == 0:
            return b"".join(pieces)
        start = size.end()
        pieces.append(body[start : start + length])
        at = start + length
        if body.startswith(b"\r\n", at):
            at += 2
        elif body.startswith(b"\n", at):
            at += 1
        size = _CHUNK_SIZE.match(body, at)
    pieces.append(body[at:])
    return b"".join(pieces)


def _proves_chunks(body: bytes, size: re.Match[bytes]) -> bool:
    length = int(size[1], 16)
    behind = size.end() + length
    if length == 0 or not body.startswith(b"\r\n", behind):
        return False
    return _CHUNK_SIZE.match(body, behind + 2) is not None


def _gunzip(body: bytes, limit: int) -> bytes:
    """All members; what follows the last one is dropped when it is none."""
    out = b""
    for _ in range(MAX_MEMBERS):
        if not body.startswith(GZIP):
            break
        piece, body = _igzip(body, igzip_lib.DECOMP_GZIP, "gzip", limit - len(out))
        if piece is None:
            break
        out += piece
    if not out:
        raise _NotCoded
    return out


def _inflate(body: bytes, limit: int) -> bytes:
    out, _ = _igzip(body, igzip_lib.DECOMP_ZLIB, "deflate", limit)
    if not out:
        raise _NotCoded
    return out


def _inflate_raw(body: bytes, limit: int) -> bytes:
    out, _ = _igzip(body, igzip_lib.DECOMP_DEFLATE, "deflate", limit)
    if not out:
        raise _NotCoded
    return out


def _igzip(body: bytes, flag: int, coding: str, limit: int) -> tuple[bytes | None, bytes]:
    """Decoded bytes and what follows them. A stream that breaks off or is damaged gives what came before (by zlib)."""
    decoder = igzip_lib.IgzipDecompressor(flag=flag)
    try:
        out: bytes = decoder.decompress(body, limit + 1)
    except IsalError:
        return _before_damage(body, flag, coding, limit), b""
    if len(out) > limit:
        raise BodyTooLarge(coding, limit)
    return out, decoder.unused_data if decoder.eof else b""


def _before_damage(body: bytes, flag: int, coding: str, limit: int) -> bytes | None:
    """igzip gives nothing of a call that fails; small calls tell how far the stream was good."""
    wbits = {igzip_lib.DECOMP_GZIP: 31, igzip_lib.DECOMP_ZLIB: 15, igzip_lib.DECOMP_DEFLATE: -15}[flag]
    decoder = zlib.decompressobj(wbits)
    pieces, total = [], 0
    try:
        for at in range(0, len(body), 512):
            piece = decoder.decompress(body[at : at + 512], limit + 1 - total)
            pieces.append(piece)
            total += len(piece)
            if total > limit:
                raise BodyTooLarge(coding, limit)
    except zlib.error:
        pass
    return b"".join(pieces) or None


def _unbrotli(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    pieces, total, feed = [], 0, body
    try:
        while not decoder.is_finished():
            piece = decoder.process(feed, output_buffer_limit=min(limit + 1 - total, 1 << 20))
            feed = b""
            pieces.append(piece)
            total += len(piece)
            if total > limit:
                raise BodyTooLarge("br", limit)
            if not piece and decoder.can_accept_more_data():
                break  # it ends early: what came is what there is
    except brotli.error as error:
        if total < 64:
            raise _NotCoded from error
    if not total:
        raise _NotCoded
    return b"".join(pieces)


def _unzstd(body: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True)
    pieces, total = [], 0
    try:
        while piece := reader.read(min(limit + 1 - total, 1 << 20)):
            pieces.append(piece)
            total += len(piece)
            if total > limit:
                raise BodyTooLarge("zstd", limit)
    except zstandard.ZstdError as error:
        if not total:
            raise _NotCoded from error
    if not total:
        raise _NotCoded
    return b"".join(pieces)
