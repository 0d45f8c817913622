"""Phrases of interfaces in many languages (phrases.txt): anchors that would fit any page."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

__all__ = ["bared", "phrases", "uninformative"]

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


@lru_cache(maxsize=1)
def phrases() -> dict[str, tuple[str, ...]]:
    """{ISO 639-3: its phrases}.

    >>> "weiterlesen" in phrases()["deu"]
    True
    """
    text = (files("faquarry.graph") / "phrases.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = {}
    for paragraph in "\n".join(lines).strip().split("\n\n"):
        language, _, listed = paragraph.partition(":")
        found[language.strip()] = tuple(phrase.strip() for phrase in listed.replace("\n", " ").split("|"))
    return found


@lru_cache(maxsize=1)
def uninformative() -> frozenset[str]:
    """All of them, bared: a page's links are not always in its language."""
    return frozenset(bared(phrase) for listed in phrases().values() for phrase in listed)


def bared(text: str) -> str:
    """A text as phrases are compared: without case (that of Turkish included) and without signs at its ends.

    >>> bared("» DEVAMINI OKU!") == bared("devamını oku")
    True
    """
    return _EDGES.sub("", text.casefold().replace("ı", "i").replace("i\u0307", "i"))
