"""Text to the tokens that BM25 counts, for any language.

Three things go wrong with ``\\w+``: it cuts Indic words at their vowel signs (marks are no word characters to Python), it
leaves a whole Chinese, Japanese or Thai sentence as one token, and it keeps apart what readers type alike (case, accents,
width, Arabic letter forms). An `Analyzer` is a chain of small steps against these, each of which can be switched off; the
default of a language is what was measured best (docs/retrieval.md).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from faquarry.text.scripts import script_of

__all__ = ["VERSION", "Analyzer", "analyzer"]

VERSION = "1"  # raised when a text would give other tokens

# Scripts that put no space between words, and how many letters of each say about as much as a word.
_UNSPACED = dict.fromkeys(("Han", "Hiragana", "Katakana", "Bopomofo", "Yi"), 2) | dict.fromkeys(
    ("Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Javanese", "Balinese", "Tai_Le", "New_Tai_Lue", "Tai_Tham"), 3
)
# Scripts whose marks are accents on letters: without them the word is still read. Elsewhere marks are vowels.
_ACCENTED = frozenset("Latin Greek Cyrillic Armenian Georgian Hebrew Arabic".split())

_LETTERS = str.maketrans("أإآٱىیێکةۀەھıøłđ", "اااايييكههههiold")
_PLAIN = re.compile(r"[a-z0-9]+")


# Snowball's name of a language, where it has a stemmer for it.
_STEMMERS = {
    "ara": "arabic", "cat": "catalan", "ces": "czech", "dan": "danish", "deu": "german", "ell": "greek", "eng": "english",
    "epo": "esperanto", "est": "estonian", "eus": "basque", "fas": "persian", "fin": "finnish", "fra": "french",
    "gle": "irish", "hin": "hindi", "hun": "hungarian", "hye": "armenian", "ind": "indonesian", "ita": "italian",
    "lit": "lithuanian", "nep": "nepali", "nld": "dutch", "nor": "norwegian", "pol": "polish", "por": "portuguese",
    "ron": "romanian", "rus": "russian", "sot": "sesotho", "spa": "spanish", "srp": "serbian", "swe": "swedish",
    "tam": "tamil", "tur": "turkish", "yid": "yiddish",
}  # fmt: skip
# Languages in which marks tell words apart that readers do not mix up.
_MARKED = frozenset({"vie"})


@dataclass(frozen=True)
class Analyzer:
    """A chain of steps; `analyzer(language)` gives the measured one.

    marks: combining marks belong to their word.
    pieces: runs of scripts without spaces become overlapping pieces, of two characters (Chinese, Japanese) or of three
    letters with their marks (Thai and its like).
    stemmer: name of a language of Snowball.
    fold: accents of `_ACCENTED` scripts and forms of Arabic letters are ignored (after stemming: stemmers look at them).
    Case and width always are.
    """

    marks: bool = True
    pieces: bool = True
    stemmer: str | None = None
    fold: bool = True

    def tokens(self, text: str) -> list[str]:
        """The tokens in their order, repeats included.

        >>> Analyzer().tokens("Où est l'Élève? 東京都")
        ['ou', 'est', 'l', 'eleve', '東京', '京都']
        """
        plain = text.isascii()
        if not plain:
            text = unicodedata.normalize("NFKC", text)
            plain = text.isascii()
        if plain:
            found = _PLAIN.findall(text.lower())
        else:
            found = _words(self.marks).findall(text.casefold())
            if self.pieces:
                found = [piece for word in found for piece in _pieces(word)]
        if self.stemmer:
            found = _stem(self.stemmer)(found)
        if self.fold and not plain:
            found = [token if token.isascii() else _folded(token) for token in found]
        return found


@lru_cache(maxsize=1 << 16)
def _folded(token: str) -> str:
    return _without_accents(token).translate(_LETTERS)


@lru_cache(maxsize=4096)
def _accent(base: str) -> bool:
    return script_of(base) in _ACCENTED


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    kept: list[str] = []
    accented = False  # whether the last base letter is one whose marks are accents
    for character in decomposed:
        if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
            if accented:
                continue
        else:
            accented = _accent(character)
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=2)
def _words(marks: bool) -> re.Pattern[str]:
    if not marks:
        return re.compile(r"[^\W_]+")
    spans: list[list[int]] = []
    for point in range(0x300, min(sys.maxunicode, 0x1F000)):
        if unicodedata.category(chr(point)) in ("Mn", "Mc"):
            if spans and spans[-1][1] == point - 1:
                spans[-1][1] = point
            else:
                spans.append([point, point])
    inside = "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)
    return re.compile(rf"[^\W_](?:[^\W_]|[{inside}]|[\u200c\u200d](?=\w))*")


def _pieces(word: str) -> Iterable[str]:
    """A word as it is; runs of unspaced scripts in overlapping pieces."""
    if word.isascii() or not any(script_of(character) in _UNSPACED for character in word):
        return (word,)
    found: list[str] = []
    for size, run in _runs(word):
        letters = _clusters(run) if size else [run]
        last = len(letters) - size if size else 0
        found += ["".join(letters[start : start + size]) for start in range(last + 1)] if last > 0 else [run]
    return found


def _runs(word: str) -> list[tuple[int, str]]:
    """Stretches of one kind: (letters of a piece, 0 where words have spaces; the stretch)."""
    runs: list[tuple[int, str]] = []
    for character in word:
        mark = unicodedata.category(character) in ("Mn", "Mc", "Lm")
        size = runs[-1][0] if mark and runs else _UNSPACED.get(script_of(character), 0)
        if runs and runs[-1][0] == size:
            runs[-1] = size, runs[-1][1] + character
        else:
            runs.append((size, character))
    return runs


def _clusters(run: str) -> list[str]:
    clusters: list[str] = []
    for character in run:
        if clusters and unicodedata.category(character) in ("Mn", "Mc"):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


@lru_cache(maxsize=64)
def _stem(language: str) -> Callable[[list[str]], list[str]]:
    import Stemmer

    stem: Callable[[list[str]], list[str]] = Stemmer.Stemmer(language).stemWords
    return stem


def analyzer(language: str) -> Analyzer:
    """The analyzer of a language (ISO 639-3), as measured best.

    >>> analyzer("deu").tokens("Die Häuser"), analyzer("vie").tokens("Mã đơn")
    (['die', 'haus'], ['mã', 'đơn'])
    """
    return Analyzer(stemmer=_STEMMERS.get(language), fold=language not in _MARKED)
