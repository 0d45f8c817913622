"""A text in grapheme clusters (UAX #29), and which of them may be edited.

A grapheme cluster is what a reader takes for one character: a Devanagari consonant with its vowel sign, a Thai consonant
with vowel and tone, a letter with its accents. Edits that cut through one make text that nobody could have typed. Most
texts have one code point a cluster; they are told apart by one pass of a regular expression and cut no further.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any

import regex

__all__ = ["Pieces", "clusters", "is_simple", "pieces_of", "protected_spans"]

# Numbers with their separators and the Latin letters on them (1990s, COVID-19, H2O, 3.5 mm stays "3.5"), URLs, hosts,
# e-mail addresses, handles and hashtags: another letter there makes another thing, not a misspelling. Every alternative can
# begin at one place of a run of letters only, so long words cost no more than short ones.
_PROTECTED = re.compile(
    r"(?:https?|ftp|file)://[^\s，。！？、）」]+"
    r"|www\.[^\s，。！？、）」]+"
    r"|(?<![a-z0-9.+%_-])[a-z0-9.+%_-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    r"|[@#][\w]+"
    r"|(?<![a-z0-9.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov|info|io|[a-z]{2})\b(?:/[^\s，。！？、）」]*)?"
    r"|(?<![A-Za-z-])[A-Za-z-]*\d(?:[A-Za-z\d.,:/'’٫٬–-]*[A-Za-z\d])?",
    re.IGNORECASE,
)
_MAYBE_PROTECTED = re.compile(r"\d|@|#|://|\.[A-Za-z]")
_CLUSTERS: Callable[[str], list[str]] = regex.compile(r"\X").findall
_NO_SPANS: tuple[tuple[int, int], ...] = ()


def clusters(text: str) -> list[str]:
    """The extended grapheme clusters of a text.

    >>> clusters("ที่ क्षमा")
    ['ที่', ' ', 'क्ष', 'मा']
    """
    return _CLUSTERS(text)


@lru_cache(maxsize=1)
def _clustering() -> re.Pattern[str]:
    """Characters that can share a cluster with others, those of Thai and Lao (whose order is not free), and all beyond
    the basic plane, where a longer list of ranges would cost every text."""
    joins = regex.compile(r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=Prepend}\p{GCB=ZWJ}\p{GCB=L}\p{GCB=V}\p{GCB=T}]")
    points = sorted({0x0D, *range(0x0E00, 0x0F00), *(i for i in range(0xD7FF) if joins.match(chr(i)))})
    points += [i for i in range(0xE000, 0x10000) if joins.match(chr(i))]
    return re.compile("[" + "".join(re.escape(chr(point)) for point in points) + "\U00010000-\U0010ffff]")


def is_simple(text: str) -> bool:
    """True when every grapheme of the text is one code point, whatever is done to its order."""
    return (text.isascii() and "\r" not in text) or _clustering().search(text) is None


def protected_spans(text: str) -> Sequence[tuple[int, int]]:
    """Character spans that no operation touches.

    >>> text = "mail me@x.org about the 1990s, see www.x.org/a"
    >>> [text[start:end] for start, end in protected_spans(text)]
    ['me@x.org', '1990s', 'www.x.org/a']
    """
    if _MAYBE_PROTECTED.search(text) is None:
        return _NO_SPANS
    return [match.span() for match in _PROTECTED.finditer(text)]


@lru_cache(maxsize=4096)
def pieces_of(text: str) -> Pieces:
    """The text, cut; kept for the next operation, strength or seed on the same queries."""
    return Pieces(text)


class Pieces:
    """A text, cut: `pieces[i]` is a grapheme cluster (the text itself where each is one character)."""

    __slots__ = ("__dict__", "kept", "pieces", "simple", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.simple = is_simple(text)
        self.pieces: Sequence[str] = text if self.simple else clusters(text)
        self.kept: dict[Hashable, Any] = {}  # what operations found out about the text, for their next strength or seed

    @cached_property
    def spans(self) -> Sequence[tuple[int, int]]:
        return protected_spans(self.text)

    @cached_property
    def offsets(self) -> Sequence[int]:
        """Where each piece starts, in characters; one more than there are pieces."""
        if self.simple:
            return range(len(self.text) + 1)
        return list(accumulate(map(len, self.pieces), initial=0))

    @cached_property
    def editable(self) -> list[int]:
        """Indexes of the pieces that are letters outside protected spans."""
        if self.simple:
            letters = [i for i, letter in enumerate(self.text) if letter.isalpha()]
        else:
            letters = [i for i, piece in enumerate(self.pieces) if piece[0].isalpha()]
        if not self.spans:
            return letters
        barred = {at for start, end in self.spans for at in range(start, end)}
        offsets = self.offsets
        return [i for i in letters if offsets[i] not in barred]

    @cached_property
    def free(self) -> frozenset[int]:
        """`editable` as a set."""
        return frozenset(self.editable)

    @cached_property
    def is_nfc(self) -> bool:
        return unicodedata.is_normalized("NFC", self.text)
