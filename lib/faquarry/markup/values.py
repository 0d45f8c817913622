"""Values of JSON-LD-like nodes: lists opened, plain values taken out, names in one spelling."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from faquarry.markup.terms import folded_name, local_name

__all__ = ["ANSWERS", "CANONICAL_ANSWERS", "leaves", "plain", "scalars"]

Node = dict[str, Any]

MAX_LEVELS = 6  # of lists in lists
MAX_EXACT_INT = 2**53  # larger numbers are written differently by different JSON libraries
MAX_SCALAR_CHARS = 2_000_000

CANONICAL_ANSWERS = {
    "acceptedanswer": "acceptedAnswer",
    "acceptedanswers": "acceptedAnswer",
    "answer": "acceptedAnswer",
    "answers": "acceptedAnswer",
    "suggestedanswer": "suggestedAnswer",
    "suggestedanswers": "suggestedAnswer",
}
ANSWERS = frozenset(CANONICAL_ANSWERS)
_CANONICAL = {
    "name": "name",
    "text": "text",
    "headline": "headline",
    "description": "description",
    "inlanguage": "inLanguage",
    "upvotecount": "upvoteCount",
    "articlebody": "articleBody",
    "alternativeheadline": "alternativeHeadline",
}


def leaves(value: Any, hops: int = 0) -> Iterator[Any]:
    """The members of a value: lists, ``@list`` and ``@set`` opened."""
    if isinstance(value, list):
        if hops < MAX_LEVELS:
            for part in value:
                yield from leaves(part, hops + 1)
    elif isinstance(value, dict):
        inner = value.get("@list", value.get("@set"))
        if inner is None and value and all(key.isdigit() for key in value):
            inner = list(value.values())  # a PHP array with gaps in its numbering
        if inner is None:
            yield value
        elif hops < MAX_LEVELS:
            yield from leaves(inner, hops + 1)
    elif value is not None:
        yield value


def scalars(node: Node) -> Node:
    """The plain values of a node, answers aside, by their canonical names: what of it is kept.

    >>> scalars({"@type": "Question", "schema:Name": [{"@value": "Why?"}], "author": {"name": "Ida"}})
    {'name': 'Why?'}
    """
    kept: Node = {}
    for key, value in node.items():
        if key.startswith("@"):
            if key == "@id" and isinstance(value, str):
                kept["@id"] = value
            continue
        name = folded_name(key)
        if name in ANSWERS or name == "type":
            continue
        found = plain(value)
        if found is not None and found != "":
            kept.setdefault(_CANONICAL.get(name) or local_name(key), found)
    return kept


def plain(value: Any, hops: int = 0) -> Any:
    """A string, a number, or a list of these, out of whatever wraps them; None when there is none."""
    if isinstance(value, str):
        return value[:MAX_SCALAR_CHARS]
    if isinstance(value, int):
        return value if abs(value) <= MAX_EXACT_INT else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return plain(value["@value"], hops + 1) if "@value" in value and hops < MAX_LEVELS else None
    if isinstance(value, list) and value and hops < MAX_LEVELS:
        if isinstance(value[0], dict) and "@language" in value[0]:
            value = value[:1]  # one text in several languages: the first is the page's own
        parts = [part for part in (plain(item, hops + 1) for item in value) if part is not None]
        return parts[0] if len(parts) == 1 else parts or None
    return None
