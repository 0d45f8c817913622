"""Bytes of a page to text: byte order mark, HTTP header, ``<meta>``, then a detector, by the WHATWG table.

Nothing is ever refused: bytes that no rule can decode become U+FFFD and are counted. A label is believed unless the
bytes contradict it: a page called windows-1252 that is flawless multi-byte UTF-8 is UTF-8, and a page called UTF-8
whose non-ASCII bytes are mostly invalid is asked of the next rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import webencodings

__all__ = ["Decoded", "decode_html"]

# Browsers look at 1,024 bytes and restart when a later <meta> disagrees; looking further at once gives the same.
META_WINDOW_BYTES = 16 * 1024
DETECTOR_WINDOW_BYTES = 256 * 1024
# Two-byte characters of legacy encodings can be valid UTF-8 by chance, four of them in a row of text hardly.
MIN_UTF8_EVIDENCE = 4

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]{0,1024}?charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """`text` of a page, its `utf8` bytes (the input itself when it was clean UTF-8), and how both were found."""

    text: str
    utf8: bytes
    charset: str  # WHATWG name, lower case
    charset_by: str  # bom | header | meta | detector | default
    replaced: int = 0  # U+FFFD put in for undecodable bytes


def decode_html(payload: bytes, content_type: str | None = None, *, tld: str | None = None) -> Decoded:
    """The text of an HTML page. `content_type` is the HTTP header's value, `tld` a hint for the detector.

    >>> decode_html("Größe".encode("windows-1252"), "text/html; charset=iso-8859-1").charset
    'windows-1252'
    """
    for bom, name in _BOMS:
        if payload.startswith(bom):
            return _decoded(payload[len(bom) :], name, "bom")
    header = _label(_HEADER, content_type)
    declared = header or _meta_label(payload)
    by = "header" if header else "meta" if declared else "default"
    text = _strict_utf8(payload)
    if text is not None:
        if declared is None:
            by = "default" if text.isascii() else "detector"
            return Decoded(text, payload, "utf-8", by)
        if declared == "utf-8":
            return Decoded(text, payload, "utf-8", by)
        if not text.isascii() and _evidence(payload) >= MIN_UTF8_EVIDENCE:
            return Decoded(text, payload, "utf-8", "detector")
    elif declared == "utf-8":
        if _mostly_utf8(payload):
            return _decoded(payload, "utf-8", by)
        meta = _meta_label(payload) if by == "header" else None
        declared, by = (meta, "meta") if meta not in (None, "utf-8") else (None, "default")
    if declared is None:
        return _decoded(payload, _detect(payload, tld), "detector")
    return _decoded(payload, declared, by)


def _strict_utf8(payload: bytes) -> str | None:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _label(pattern: re.Pattern[str], value: str | None) -> str | None:
    match = pattern.search(value[:1000]) if value else None
    return _known(match.group(1)) if match else None


def _known(label: str) -> str | None:
    """The WHATWG name behind a label; None for unknown ones and for those that browsers refuse to decode."""
    try:
        encoding = webencodings.lookup(label)
    except (UnicodeError, ValueError):
        return None
    if encoding is None or encoding.name == "replacement":
        return None
    return str(encoding.name)


def _meta_label(payload: bytes) -> str | None:
    head = payload[:META_WINDOW_BYTES]
    if b"<!--" in head:
        head = _COMMENT.sub(b"", head)
    match = _META.search(head) or _XML.match(head)
    name = _known(match.group(1).decode("latin-1")) if match else None
    # The tag could be read as ASCII, so the page is not UTF-16, whatever the tag says (WHATWG says the same).
    if name in ("utf-16le", "utf-16be"):
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name


def _evidence(payload: bytes) -> int:
    return sum(1 for _ in islice(_MULTIBYTE.finditer(payload), MIN_UTF8_EVIDENCE))


def _mostly_utf8(payload: bytes) -> bool:
    """Whether invalid bytes are the exception among the non-ASCII ones."""
    payload = payload[:DETECTOR_WINDOW_BYTES]
    valid = sum(len(match) for match in _MULTIBYTE.findall(payload))
    return 2 * valid > len(_NOT_ASCII.findall(payload))


def _detect(payload: bytes, tld: str | None) -> str:
    from chardetng_py import detect

    hint = tld.encode("ascii") if tld and tld.isascii() and tld.isalnum() and tld.islower() else None
    guess = detect(payload[:DETECTOR_WINDOW_BYTES], allow_utf8=True, tld=hint)
    return _known(guess) or "windows-1252"


def _decoded(payload: bytes, name: str, by: str) -> Decoded:
    encoding = webencodings.lookup(name)
    before = payload.count(b"\xef\xbf\xbd") if name == "utf-8" else 0
    text = encoding.codec_info.decode(payload, "replace")[0]
    if name == "windows-1252":
        # WHATWG maps the five bytes that Python leaves undefined to C1 controls; text cleaning drops those.
        return Decoded(text.replace("\ufffd", " "), text.replace("\ufffd", " ").encode("utf-8"), name, by)
    replaced = text.count("\ufffd") - before
    return Decoded(text, text.encode("utf-8", "replace"), name, by, max(replaced, 0))
