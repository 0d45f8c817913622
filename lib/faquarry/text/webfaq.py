"""The published rules of WebFAQ for the text of a pair, kept apart so that its ids can be reproduced exactly.

Read off its public code (version 1, over Web Data Commons). It differs from `faquarry.text.clean`: entities are
unescaped twice at most, block tags become spaces while line breaks of the string stay, nothing is normalised to NFC, and the
prefixes are English.
"""

from __future__ import annotations

import html
import re

from faquarry.text.clean import without_elements
from faquarry.text.emoji import without_emoji

__all__ = ["published_text", "published_trim"]

# What its HTML-to-text step leaves out with all content, and what it parts with a space (cells only inside tables).
_HIDDEN = re.compile(
    r"<(audio|button|figcaption|figure|iframe|label|object|option|script|select|style|svg|template|textarea|video)\b[^>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:/?([a-zA-Z][^\s<>/]*+)(?:(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+|[^<>]*+)>|[!?/][^<>]*+>)")
_BLOCK = frozenset(
    "address article aside blockquote br center dd details div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header"
    " hgroup hr li main nav ol p pre section table td th ul".split()
)
_PREFIXES = tuple(re.compile(p) for p in (r"^Q:\s+", r"^Question:\s+", r"^A:\s+", r"^Answer:\s+", r"^\d+\.\d*\s+"))
_QUOTES = (('"', '"'), ("“", "”"), ("‘", "’"), ("‟", "”"), ("„", "”"), ("„", "“"))


def published_text(raw: str) -> str:
    """The text of one literal, before filters.

    >>> published_text("<p>One</p><p>two &amp; three</p>")
    'One two & three'
    """
    text = html.unescape(raw.strip()).replace("\t", " ")
    if "<" in text:
        text = _TAG.sub(_tag_as_text, without_elements(text, _HIDDEN))
    text = html.unescape(text)
    lines = (re.sub("[ \\f\\v]+", " ", line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(filter(None, (line.strip() for line in lines)))


def published_trim(text: str, *, question: bool) -> str:
    """What is taken off behind the filters: prefixes, numbers, enclosing quotes, emoji."""
    for pattern in (*_PREFIXES[:2], _PREFIXES[4]) if question else _PREFIXES[2:]:
        text = pattern.sub("", text)
    for opening, closing in _QUOTES:
        if text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    return without_emoji(text).strip()


def _tag_as_text(match: re.Match[str]) -> str:
    name = match.group(1)
    return " " if name and name.lower() in _BLOCK else ""
