"""What survives translation in a text: numbers, addresses, names, and words that two languages share.

Every kind is a set of marks a text. Two texts are compared by the marks they share, each weighed by how rare it is on its
own side of the site: a name that stands in every answer says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.bitext.side import Ints

__all__ = ["MarkTable", "Marks", "addresses", "marks_of", "numbers", "shared", "words"]

Floats = npt.NDArray[np.float64]

_MAX_CHARS = 2000
_NUMBER = re.compile(r"\d+(?:[.,'’\u066b\u066c\u00a0\u202f]\d+)*")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()\"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]{2,}")
_PREFIX = 5


def numbers(text: str) -> set[str]:
    """The numbers of a text in ASCII digits, their separators left out.

    >>> sorted(numbers("1,000 or 1.000, and ٢٤ hours"))
    ['1000', '24']
    """
    return {"".join(str(unicodedata.digit(c)) for c in n if c.isdigit()) for n in _NUMBER.findall(text[:_MAX_CHARS])}


def addresses(text: str) -> set[str]:
    """Web and mail addresses.

    >>> sorted(addresses("See https://x.example/a. Or write to me@x.example!"))
    ['https://x.example/a', 'me@x.example']
    """
    return {found.rstrip(".,;:!?").lower() for found in _ADDRESS.findall(text[:_MAX_CHARS])}


def words(text: str) -> set[str]:
    """The first letters of the words, accents off: names and cognates look alike there; pairs of Han characters.

    >>> sorted(words("Certificado de Bitcoin"))
    ['bitco', 'certi', 'de']
    """
    cut = _ADDRESS.sub(" ", text[:_MAX_CHARS])
    found: set[str] = set()
    for run in _HAN.findall(cut):
        found.update(run[i : i + 2] for i in range(len(run) - 1))
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", _HAN.sub(" ", cut).casefold()) if not unicodedata.combining(c)
    )
    found.update(word[:_PREFIX] for word in _WORD.findall(plain))
    return found


@dataclass(frozen=True)
class Marks:
    """The marks of n texts as numbers: those of text i are ``marks[starts[i]:starts[i + 1]]``, in order."""

    starts: Ints
    marks: Ints
    weights: Floats

    def count(self) -> Ints:
        """How many marks each text has."""
        return np.diff(self.starts)


class MarkTable:
    """Gives equal marks of both sides the same number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, texts: Iterable[set[str]]) -> Marks:
        known = self._numbers
        rows = [sorted(known.setdefault(mark, len(known)) for mark in sorted(text)) for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        flat = np.array([mark for row in rows for mark in row], dtype=np.int64)
        seen = np.bincount(flat, minlength=len(known)) if len(flat) else np.zeros(len(known), dtype=np.int64)
        rarity = np.log((len(rows) + 1) / (seen + 0.5))
        return Marks(starts, flat, rarity[flat] if len(flat) else np.zeros(0))


def marks_of(left: Sequence[str], right: Sequence[str], find: Callable[[str], set[str]]) -> tuple[Marks, Marks]:
    """The marks of the texts of both sides."""
    table = MarkTable()
    one = table.marks(map(find, left))
    return one, table.marks(map(find, right))


def shared(left: Marks, right: Marks, i: Ints, j: Ints, block: int = 50_000) -> Floats:
    """The cosine of the weighed marks of left text i and right text j. -> (len(i),), 0 where one has none."""
    norms = [_norms(left), _norms(right)]
    found = np.zeros(len(i))
    for start in range(0, len(i), block):
        part = slice(start, start + block)
        product = _products(left, right, i[part], j[part])
        length = norms[0][i[part]] * norms[1][j[part]]
        found[part] = np.divide(product, length, out=np.zeros(len(product)), where=length > 0)
    return found


def _norms(marks: Marks) -> Floats:
    owner = np.repeat(np.arange(len(marks.starts) - 1), marks.count())
    return np.sqrt(np.bincount(owner, marks.weights**2, minlength=len(marks.starts) - 1))


def _products(left: Marks, right: Marks, i: Ints, j: Ints) -> Floats:
    ours, mine, our_weights = _expanded(left, i)
    theirs, their, their_weights = _expanded(right, j)
    span = np.int64(max(mine.max(initial=0), their.max(initial=0)) + 1)
    one, other = ours * span + mine, theirs * span + their  # (candidate, mark): in order, each once
    _, a, b = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    found: Floats = np.bincount(ours[a], our_weights[a] * their_weights[b], minlength=len(i)).astype(np.float64)
    return found


def _expanded(marks: Marks, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """The marks of some texts, one after the other. -> (place in `rows`, mark, weight)"""
    counts = marks.count()[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    places = marks.starts[rows][owner] + inside
    return owner, marks.marks[places], marks.weights[places]
