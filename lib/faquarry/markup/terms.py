"""Names of schema.org as pages spell them, folded to one spelling.

``https://schema.org/FAQPage``, ``http://www.schema.org/FAQPage/``, ``schema:FAQPage``, ``FAQPage`` and ``faqpage`` are
one type; the same holds for properties. Everything here compares *folded* names: the local part in lower case.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["folded_name", "local_name", "type_names", "types_of"]

_TERM = re.compile(
    r"\s*(?:(?:https?:)?/{0,2}(?:[a-z0-9-]+\.)?schema\.org/+(?:version/[\d.]+/)?#?|[a-z][\w.-]{0,19}:)?([a-z_]\w*)[\s/#]*",
    re.IGNORECASE,
)
_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_NO_TYPES: frozenset[str] = frozenset()


@lru_cache(maxsize=8192)
def local_name(name: str) -> str:
    """The name without its vocabulary; the name itself when it belongs to another one.

    >>> local_name("https://schema.org/FAQPage/"), local_name("schema:name"), local_name("https://example.org/name")
    ('FAQPage', 'name', 'https://example.org/name')
    """
    match = _TERM.fullmatch(name) if len(name) < 200 else None
    return match.group(1) if match else name


@lru_cache(maxsize=8192)
def folded_name(name: str) -> str:
    """`local_name` in lower case: what keys and types are compared by."""
    return local_name(name).lower()


@lru_cache(maxsize=4096)
def type_names(value: str) -> frozenset[str]:
    """The folded types of one attribute or string; several may be divided by blanks or commas.

    >>> sorted(type_names("https://schema.org/WebPage https://schema.org/FAQPage"))
    ['faqpage', 'webpage']
    """
    return frozenset(folded_name(part) for part in re.split(r"[\s,]+", value.strip()[:2000]) if part)


def types_of(node: dict[str, Any]) -> frozenset[str]:
    """The folded types of a node; ``type`` stands in for ``@type``, as schema.org's own context has it."""
    value = node.get("@type")
    if value is None:
        value = node.get("type")
        if value is None:
            value = node.get(_RDF_TYPE)
            if value is None:
                return _NO_TYPES
    if isinstance(value, str):
        return type_names(value)
    found: set[str] = set()
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            part = part.get("@id") or part.get("@value")
        if isinstance(part, str):
            found |= type_names(part)
    return frozenset(found)
