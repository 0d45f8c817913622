"""Whether a payload is a page of HTML: by what its headers say, and by its first bytes where they say little."""

from __future__ import annotations

import re
from collections.abc import Mapping

from faquarry.web.coding import looks_like_text

__all__ = ["declared_html", "is_html"]

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_VAGUE_TYPES = ("", "text/plain", "text/xml", "application/xml", "application/octet-stream", "unknown/unknown")
_FIRST = re.compile(
    rb"\s*+(?:(?:<\?xml[^>]*+>|<!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|title|body)[\s>]", re.I | re.S
)
_HEAD_BYTES = 4096


def declared_html(headers: Mapping[str, str]) -> bool | None:
    """What a Content-Type says; None when it is absent or fits anything.

    >>> declared_html({"content-type": "text/html; charset=utf-8"}), declared_html({"content-type": "image/png"})
    (True, False)
    >>> declared_html({}) is None
    True
    """
    named = headers.get("content-type", "").partition(";")[0].strip().lower()
    if named in _HTML_TYPES:
        return True
    return None if named in _VAGUE_TYPES else False


def is_html(payload: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a decoded payload is a page.

    >>> is_html(b"<!DOCTYPE html><p>x", {}), is_html(b"%PDF-1.7", {}), is_html(b"<rss>", {"content-type": "text/xml"})
    (True, False, False)
    """
    declared = declared_html(headers)
    if declared is None:
        head = payload[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
        return _FIRST.match(head.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")) is not None
    return declared and b"<" in payload and looks_like_text(payload)
