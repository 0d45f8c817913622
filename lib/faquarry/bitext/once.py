"""Which pairs of a language take part, and which of them are one question.

A question counts once a language. Which of the pairs that ask it stands for it is not settled beforehand: two pages may
answer it differently, and it is the translation that shows which answer belongs to which.
"""

from __future__ import annotations

import unicodedata

import numpy as np

from faquarry.bitext.side import Ints, Side

__all__ = ["comparable", "normalised", "question_groups"]


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


def comparable(side: Side) -> Side:
    """The pairs that can be compared: those with a vector that have the smallest id of all on their site with it.

    Pairs with one vector are texts that the model cannot tell apart; which of them is meant could only be guessed.
    """
    vectors = [(site, row.tobytes()) for site, row in zip(side.sites, side.vectors, strict=True)]
    smallest: dict[tuple[str, bytes], str] = {}
    for key, id_ in zip(vectors, side.ids, strict=True):
        smallest[key] = min(smallest.get(key, id_), id_)
    kept = [row for row, id_ in enumerate(side.ids) if any(vectors[row][1]) and smallest[vectors[row]] == id_]
    return side.taken(np.array(kept, dtype=np.int64))


def question_groups(side: Side) -> Ints:
    """A number for each pair, equal where the question is the same on the same site: such pairs count once. -> (n,)

    The same question: of one group of `duplicates` (kind question) where the pair is in one, else equal when normalised.
    """
    numbers: dict[tuple[str, str], int] = {}
    groups = side.groups or [None] * len(side)
    keys = (
        (site, group or normalised(text) or id_)
        for site, group, text, id_ in zip(side.sites, groups, side.questions, side.ids, strict=True)
    )
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
