"""Pages that would make a conforming HTML parser slow, told from their bytes before it starts.

The HTML standard's tree construction is not linear: each block element walks up the open ones, each attribute is
compared with those before it, and every formatting element left open is made again in each paragraph. A page of one
megabyte can cost a parser minutes or all memory. Parsing cannot be interrupted, so such pages are recognised: by counts
alone where they are small, by one pass over the tags where they are not. Limits are far above those of real pages.
"""

from __future__ import annotations

import re

import stringzilla as sz

__all__ = ["too_costly"]

VERY_FEW_TAGS = 2500  # whatever they are, they make 700,000 elements at most, at 350 bytes each
FEW_TAGS = 8000  # nested into each other, they cost 0.1 s
MAX_COPIES = 1_000_000  # formatting elements times tags: twice the elements that a parser could make of them
LONG_RUN_BYTES = 64 * 1024  # without "<": may be one tag with thousands of attributes
MAX_TAGS = 1_000_000  # a tree of these takes about 200 MB
MAX_OPEN = 1000  # browsers stop nesting at 512
MAX_FORMATTING = 100  # formatting elements with attributes, left open
MAX_ATTRIBUTES = 4000  # of one element

_VOID = frozenset(
    b"area base br col embed hr img input link meta param source track wbr p li dd dt option tr td th thead tbody tfoot"
    b" colgroup rp rt optgroup".split()
)
_FORMATTING = frozenset(b"b big code em font i nobr s small strike strong tt u".split())
_STYLED = re.compile(rb"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE)
_RAW = frozenset(b"script style textarea title xmp iframe noembed noframes".split())

_ATTRIBUTES = rb"(?:[\s/]++|(?:=?[^\s/>=]++|=)(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+)*+"
_TAG = re.compile(
    rb"<(?:(/?)([a-zA-Z][^\s/>]*+)(" + _ATTRIBUTES + rb")>?|!--(?:.*?)(?:-->|\Z)|[!?/][^>]*+>?)", re.DOTALL
)
_ATTRIBUTE = re.compile(rb"[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+))?+")


def too_costly(html: bytes) -> str | None:
    """Why the page must not be parsed into a tree, or None.

    >>> too_costly(b"<div>" * 50_000)
    'more than 1000 elements open at once'
    """
    tags = sz.count(html, b"<")
    if tags > MAX_TAGS:
        return f"more than {MAX_TAGS} tags"
    if tags > FEW_TAGS or (tags > VERY_FEW_TAGS and len(_STYLED.findall(html)) * tags > MAX_COPIES):
        return _long_tag(html) or _scan(html)
    return _long_tag(html)


def _long_tag(html: bytes) -> str | None:
    """One element with too many attributes, looked for only where there is no "<" for long."""
    place = 0
    while len(html) - place > LONG_RUN_BYTES:
        last = html.rfind(b"<", place, place + LONG_RUN_BYTES)
        if last >= 0:
            place = last + 1
            continue
        match = _TAG.match(html, place - 1) if place else None
        if match and match.group(3) and _crowded(match.group(3)):
            return f"an element with more than {MAX_ATTRIBUTES} attributes"
        following = html.find(b"<", place)
        if following < 0:
            break
        place = following + 1
    return None


def _crowded(attributes: bytes) -> bool:
    if len(attributes) < 2 * MAX_ATTRIBUTES:
        return False
    return sum(1 for _ in zip(range(MAX_ATTRIBUTES + 1), _ATTRIBUTE.finditer(attributes))) > MAX_ATTRIBUTES  # noqa: B905


def _scan(html: bytes) -> str | None:
    """One pass over all tags with the counters that matter; implied end tags are left out of account."""
    opened = formatting = place = 0
    while match := _TAG.search(html, place):
        place = match.end()
        end, name, attributes = match.groups()
        if name is None:
            continue
        name = name.lower()
        if name in _VOID:
            continue
        if end:
            opened = opened - 1 if opened else 0
            if formatting and name in _FORMATTING:
                formatting -= 1
            continue
        if len(attributes) > 2 * MAX_ATTRIBUTES and _crowded(attributes):
            return f"an element with more than {MAX_ATTRIBUTES} attributes"
        if name in _RAW:
            place = _behind(html, name, place)
            continue
        if not attributes.endswith(b"/"):
            opened += 1
        if name in _FORMATTING and len(attributes) > 1:
            formatting += 1
            if formatting > MAX_FORMATTING:
                return f"more than {MAX_FORMATTING} formatting elements left open"
        if opened > MAX_OPEN:
            return f"more than {MAX_OPEN} elements open at once"
    return None


def _behind(html: bytes, name: bytes, place: int) -> int:
    """Where the content of a raw-text element ends."""
    while (at := html.find(b"</", place)) >= 0:
        if html[at + 2 : at + 2 + len(name)].lower() == name:
            return at
        place = at + 2
    return len(html)
