"""What survives translation in a text: numbers, addresses, names, and words that two languages share.

Every kind is a set of marks a text. Two texts are compared by the marks they share, each weighed by how rare it is on its
own side of the site: a name that stands in every answer says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.bitext.side import Ints

__all__ = ["MarkTable", "Marks", "addresses", "marks_of", "numbers", "shared", "words"]

Floats = npt.NDArray[np.float64]

_MAX_CHARS = 1500
_NUMBER = re.compile(r"\d+(?:[.,'’\u066b\u066c\u00a0\u202f]\d+)*")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()\"']+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]{2,}")
_PREFIX = 5


class _Learned(dict[int, str | int | None]):
    """A table for str.translate that asks a rule once a character."""

    def __init__(self, rule: Callable[[str], str | int | None]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str | int | None:
        self[code] = found = self._rule(chr(code))
        return found


_DIGITS = _Learned(lambda c: str(unicodedata.digit(c)) if c.isdigit() else None)
_UNMARKED = _Learned(lambda c: None if unicodedata.combining(c) else ord(c))


def numbers(text: str) -> list[str]:
    """The numbers of a text in ASCII digits, their separators left out; each once.

    >>> numbers("1,000 or 1.000, and ٢٤ hours")
    ['1000', '24']
    """
    return list(dict.fromkeys(found.translate(_DIGITS) for found in _NUMBER.findall(text[:_MAX_CHARS])))


def addresses(text: str) -> list[str]:
    """Web and mail addresses; each once.

    >>> addresses("See https://x.example/a. Or write to me@x.example!")
    ['https://x.example/a', 'me@x.example']
    """
    if not _may_hold_address(text):
        return []
    return list(dict.fromkeys(found.rstrip(".,;:!?").lower() for found in _ADDRESS.findall(text[:_MAX_CHARS])))


def words(text: str) -> list[str]:
    """The first letters of the words, accents off: names and cognates look alike there; pairs of Han characters.

    >>> words("Certificado de Bitcoin")
    ['certi', 'de', 'bitco']
    """
    cut = text[:_MAX_CHARS]
    if _may_hold_address(cut):
        cut = _ADDRESS.sub(" ", cut)
    if cut.isascii():
        return list(dict.fromkeys(word[:_PREFIX] for word in _WORD.findall(cut.lower())))
    runs = _HAN.findall(cut)
    pairs = [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
    plain = _HAN.sub(" ", cut) if runs else cut
    plain = unicodedata.normalize("NFKD", plain.casefold()).translate(_UNMARKED)
    return list(dict.fromkeys([*pairs, *(word[:_PREFIX] for word in _WORD.findall(plain))]))


def _may_hold_address(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text.lower()


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

    def marks(self, texts: Iterable[list[str]]) -> Marks:
        known = self._numbers
        counts, found = [0], array("q")
        for text in texts:
            found.extend(sorted([known.setdefault(mark, len(known)) for mark in text]))
            counts.append(len(text))
        rows = range(len(counts) - 1)
        starts = np.cumsum(counts).astype(np.int64)
        flat = np.frombuffer(found, dtype=np.int64) if len(found) else np.zeros(0, dtype=np.int64)
        seen = np.bincount(flat, minlength=len(known)) if len(flat) else np.zeros(len(known), dtype=np.int64)
        rarity = np.log((len(rows) + 1) / (seen + 0.5))
        return Marks(starts, flat, rarity[flat] if len(flat) else np.zeros(0))


def marks_of(left: Sequence[str], right: Sequence[str], find: Callable[[str], list[str]]) -> tuple[Marks, Marks]:
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
