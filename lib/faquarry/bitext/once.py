"""Which pairs of a language take part: a question counts once, and what has no vector cannot be compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence

import numpy as np

from faquarry.bitext.side import Side

__all__ = ["normalised", "once"]


class _LettersAndDigits(dict[int, int | None]):
    """A table for str.translate that learns as it goes: marks belong to letters, all else is left out."""

    def __missing__(self, code: int) -> int | None:
        kept = code if unicodedata.category(chr(code))[0] in "LNM" else None
        self[code] = kept
        return kept


_KEPT = _LettersAndDigits()


def normalised(text: str) -> str:
    """The text as it counts when two are said to be equal: NFKC, case folded, letters and digits alone.

    >>> normalised("What’s  ＵＰ?") == normalised("what's up")
    True
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_KEPT)


def once(side: Side) -> Side:
    """The pairs that take part: those with a vector that have the smallest id of all with their question, and with their
    vector, on their site.

    Pairs with one vector are texts that the model cannot tell apart; which of them is meant could only be guessed.
    """
    questions = [
        (site, normalised(text) or id_) for site, text, id_ in zip(side.sites, side.questions, side.ids, strict=True)
    ]
    vectors = [(site, row.tobytes()) for site, row in zip(side.sites, side.vectors, strict=True)]
    there = [bool(row.any()) for row in side.vectors]
    first = [_smallest(questions, side.ids), _smallest(vectors, side.ids)]
    kept = [
        row
        for row, id_ in enumerate(side.ids)
        if there[row] and first[0][questions[row]] == id_ and first[1][vectors[row]] == id_
    ]
    return side.taken(np.array(kept, dtype=np.int64))


def _smallest(keys: Sequence[Hashable], ids: Sequence[str]) -> dict[Hashable, str]:
    found: dict[Hashable, str] = {}
    for key, id_ in zip(keys, ids, strict=True):
        found[key] = min(found.get(key, id_), id_)
    return found
