"""Phrases of interfaces in many languages (phrases.txt): anchors that would fit any page."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

__all__ = ["phrases", "uninformative"]


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
    """All of them in lower case: a page's links are not always in its language."""
    return frozenset(phrase.casefold() for listed in phrases().values() for phrase in listed)
