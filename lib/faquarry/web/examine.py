"""From a record's bytes to a `Record`, when its payload names a FAQ; to a `Problem`, when that cannot be told."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import stringzilla

from faquarry.web.coding import BodyTooLarge, decode_body
from faquarry.web.framing import Frame, Garbage
from faquarry.web.heads import HttpHead, parse_http
from faquarry.web.html import declared_html, is_html
from faquarry.web.record import Problem, Record, ScanCounts

__all__ = ["NEEDLE", "WANTED", "Examiner", "payload_digest", "readable"]

NEEDLE = b"FAQPage"
WANTED = ("response", "resource")
EXCERPT_BYTES = 1024

_PLAIN_FIRST = frozenset(b'<{["/!#;.,*- \t\r\n\xef')
_find = stringzilla.find


def payload_digest(stored: bytes) -> str:
    """``sha1:`` and BASE32, as WARC-Payload-Digest is written.

    >>> payload_digest(b"")
    'sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ'
    """
    return "sha1:" + base64.b32encode(hashlib.sha1(stored, usedforsecurity=False).digest()).decode()


class Examiner:
    """Says of records whether they hold `needle`, or, without one, whether they are pages that were found (HTML, 2xx).

    Counts go where the caller says: a scan counts only its own range.
    """

    def __init__(self, needle: bytes | None, max_record_bytes: int) -> None:
        self._needle, self._max_record_bytes = needle, max_record_bytes
        text = (needle or b"").decode("latin-1")
        self._utf16 = (text.encode("utf-16-le"), text.encode("utf-16-be"))

    def surely_not(self, data: bytes, body: int, end: int) -> bool:
        """Whether a block is, as most are, plain text that does not hold the needle. False: it must be looked at."""
        if self._needle is None:
            return False
        payload = body
        if data.startswith(b"HTTP/", body):
            payload = data.find(b"\r\n\r\n", body, end) + 4
            if payload < body + 4:
                return False
            http = data[body:payload].lower()
            if b"\ncontent-encoding:" in http or b"\ntransfer-encoding:" in http:
                return False
        if payload >= end:
            return payload == end
        return (
            data[payload] in _PLAIN_FIRST
            and (payload + 1 == end or data[payload + 1] != 0)
            and _find(data, self._needle, payload, end) < 0
        )

    def items(self, frame: Frame | Garbage, counts: ScanCounts) -> Iterator[Record | Problem]:
        if isinstance(frame, Garbage):
            counts.problems += 1
            detail = f"{frame.length or 'damaged'} stored bytes in which no record begins"
            yield Problem(frame.reason, detail, frame.offset, frame.length, excerpt=readable(frame.excerpt))
            return
        counts.records += 1
        head = frame.head
        if frame.missing is not None:
            counts.problems += 1
            yield self._missing(frame)
        if head.type not in WANTED:
            return
        counts.responses += 1
        if frame.oversize:
            problem = self._oversize(frame)
            if problem is not None:
                counts.problems += 1
                yield problem
        elif frame.missing != "damaged" and not self.surely_not(frame.data, frame.body, frame.end):
            yield from self.examine(frame, counts)

    def _missing(self, frame: Frame) -> Problem:
        head, has = frame.head, frame.oversize or frame.end - frame.body
        if frame.missing == "damaged":
            detail = f"a {head.type or 'record'} whose stored bytes are damaged"
        else:
            detail = f"a {head.type or 'record'} of {head.length} bytes that ends after {has}"
        excerpt = readable(frame.data[frame.body : frame.end])
        length = None if frame.missing == "damaged" else frame.length  # where a damaged member ends is not known
        return Problem(frame.missing or "damaged", detail, frame.offset, length, head.url or None, excerpt)

    def _oversize(self, frame: Frame) -> Problem | None:
        """A block too long to keep is a problem when it names a FAQ, or when its coding hides whether it does."""
        http = _http_of(frame)
        if self._needle is None:
            wanted = _found(http) and declared_html(http.headers) is True
        else:
            wanted = frame.named or "content-encoding" in http.headers
        if not wanted:
            return None
        return self._too_large(frame, f"its block has {frame.oversize} bytes")

    def _too_large(self, frame: Frame, why: str) -> Problem:
        detail = f"{why}, extract.max_record_bytes is {self._max_record_bytes}"
        excerpt = readable(frame.data[frame.body : frame.end])
        return Problem("too_large", detail, frame.offset, frame.length, frame.head.url or None, excerpt)

    def examine(self, frame: Frame, counts: ScanCounts) -> tuple[Record | Problem, ...]:
        """Decode the payload, and make a record of it when it holds the needle."""
        head, http = frame.head, _http_of(frame)
        if self._needle is None and (not _found(http) or declared_html(http.headers) is False):
            return ()
        stored = frame.data[http.end : frame.end]
        try:
            payload = decode_body(stored, http.headers, self._max_record_bytes)
        except BodyTooLarge as error:
            counts.problems += 1
            return (self._too_large(frame, str(error)),)
        if not (is_html(payload, http.headers) if self._needle is None else self._names(payload, self._needle)):
            return ()
        if len(payload) > self._max_record_bytes:
            counts.problems += 1
            return (self._too_large(frame, f"its payload has {len(payload)} bytes"),)
        counts.matches += 1
        return (
            Record(
                url=head.url,
                payload=payload,
                offset=frame.offset,
                length=frame.length,
                digest=payload_digest(stored),
                fetched_at=head.date,
                headers=http.headers,
                status=http.status,
                type=head.type,
            ),
        )

    def _names(self, payload: bytes, needle: bytes) -> bool:
        if _find(payload, needle) >= 0:
            return True
        if 0 not in payload[:512]:
            return False
        return any(_find(payload, wide) >= 0 for wide in self._utf16)


def _found(http: HttpHead) -> bool:
    """Whether a server gave what was asked for; a record without an HTTP head was."""
    return http.status is None or 200 <= http.status < 300


def _http_of(frame: Frame) -> HttpHead:
    """The HTTP head of a block; without one, the content type that the record's own head names."""
    if frame.data.startswith(b"HTTP/", frame.body):
        return parse_http(frame.data, frame.body, frame.end)
    content_type = frame.head.content_type
    headers = {"content-type": content_type} if content_type and "application/http" not in content_type.lower() else {}
    return HttpHead(None, headers, frame.body)


def readable(data: bytes) -> str:
    return data[:EXCERPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
