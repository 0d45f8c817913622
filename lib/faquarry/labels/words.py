"""What a pair says, as words: what an encoder of subwords that was trained on translations cannot tell apart by topic.

`subject` takes question and answer as one bag: words, their beginnings and what stands within them (which joins inflected
forms of a word, parts of compounds, and cognates of related languages). `form` looks at how the question is put: its
words and their neighbours, how it begins and ends, its punctuation. Scripts without spaces give
pairs of characters. Only what was seen in training has a weight, so a text of another language says little here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from faquarry.labels.sparse import Sparse
from faquarry.text.scripts import QUESTION_MARKS

__all__ = ["VIEWS", "View", "Vocabulary", "form", "subject"]

View = Literal["subject", "form"]

ANSWER_CHARS = 1000
"""Of a long answer the beginning tells the topic; the rest costs time."""

_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u0655\u0640]")  # of Latin, Greek, Cyrillic; short vowels of Arabic
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_GREEK = re.compile(r"[\u0370-\u03ff]")
_MARKLESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
_STATING = (".", "!", ":")
_STEMS = (4, 5)
_WITHIN = 5
_PREFIXES = (
    "وال",
    "بال",
    "كال",
    "فال",
    "لل",
    "ال",
    "و",
    "ب",
)  # article and particles that Arabic writes in one with the word
_ONE_LETTER = str.maketrans("ىة", "يه")


@cache
def _word() -> re.Pattern[str]:
    """Letters and digits, and the marks of Indic and other scripts that Python does not count among them."""
    marks = "".join(chr(c) for c in range(0x0300, 0x1E00) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    return re.compile(rf"[^\W_](?:[^\W_]|[{marks}])*")


@lru_cache(maxsize=200_000)
def _folded(word: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return unicodedata.normalize("NFC", plain)


def _words(text: str) -> Iterator[str]:
    """Words, folded; of scripts without spaces pairs of characters.

    >>> list(_words("Größe? 送料は")), list(_words("कैसे करें"))
    (['grosse', '送料', '料は'], ['कैसे', 'करें'])
    """
    for run in _word().findall(text):
        word = _folded(run)
        at = 0
        for part in _UNSPACED.finditer(word):
            if part.start() > at:
                yield word[at : part.start()]
            found = part.group()
            yield from (found[i : i + 2] for i in range(max(1, len(found) - 1)))
            at = part.end()
        if at < len(word):
            yield word[at:]


def _parts(word: str) -> tuple[str, ...]:
    if word.isdecimal():
        return ("#",)
    if "\u0620" <= word[0] <= "\u064a":
        word = _bare(word)
    edged = f"<{word}>"
    within = (f"~{edged[i : i + _WITHIN]}" for i in range(len(edged) - _WITHIN + 1))
    return (word, *(f"{word[:length]}*" for length in _STEMS if len(word) > length), *within)


def _bare(word: str) -> str:
    """An Arabic word without what is written in front of it.

    >>> _bare("والمدرسة") == _bare("مدرسة")
    True
    """
    word = word.translate(_ONE_LETTER)
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) > 2:
            return word[len(prefix) :]
    return word


def subject(question: str, answer: str) -> Iterator[str]:
    """What the pair is about: its words, of which the parts are looked at."""
    yield from _words(f"{question} {answer[:ANSWER_CHARS]}")


def form(question: str, answer: str) -> Iterator[str]:
    """How the question is put, whatever the answer.

    >>> list(form("How do I pay?", "Go to the till."))[:6]
    ['how', 'do', 'i', 'pay', '^ how', 'how do']
    """
    words = list(_words(question)) or ["-"]
    yield from words
    yield from (" ".join(two) for two in pairwise(["^", *words, "$"]))
    yield " ".join(["^", *words[:2]])
    mark = _mark(question.rstrip())
    if mark:
        yield f"marked {mark}"
        yield f"length {min(6, int(math.log2(len(words))))} {mark}"


def _mark(question: str) -> str:
    """How a question is marked: ?, a full stop or the like, or not at all; nothing where its script does without marks.

    >>> _mark("¿Por qué?"), _mark("Γιατί;"), _mark("Delivery"), _mark("ทำไม")
    ('?', '?', 'not', '')
    """
    if any(mark in question for mark in QUESTION_MARKS) or (question.endswith(";") and _GREEK.search(question)):
        return "?"
    if _MARKLESS.search(question):
        return ""
    return question[-1:] if question[-1:] in _STATING else "not"


def _whole(word: str) -> tuple[str, ...]:
    return (word,)


VIEWS: dict[View, tuple[Callable[[str, str], Iterable[str]], Callable[[str], tuple[str, ...]]]] = {
    "subject": (subject, _parts),
    "form": (form, _whole),
}
"""What a view sees of a pair, and the parts that each of it has a weight by."""


@dataclass(frozen=True)
class Vocabulary:
    """The words that have a weight, each with its rarity (inverse document frequency)."""

    view: View
    words: tuple[str, ...]
    rarity: npt.NDArray[np.float32]

    @classmethod
    def of(cls, view: View, pairs: Iterable[tuple[str, str]]) -> Vocabulary:
        """What occurs in (question, answer) pairs, sorted."""
        seen, parts = VIEWS[view]
        counts: Counter[str] = Counter()
        n = 0
        for question, answer in pairs:
            counts.update({part for word in seen(question, answer) for part in parts(word)})
            n += 1
        words = tuple(sorted(counts))
        return cls(view, words, np.array([math.log((1 + n) / (1 + counts[w])) + 1 for w in words], np.float32))

    def rows(self, questions: Sequence[str], answers: Sequence[str]) -> Sparse:
        """(1 + log count) x rarity of each known word, rows of unit length. -> (n, words)"""
        seen, known = VIEWS[self.view][0], _known(self)
        rarity = self.rarity.tolist()
        found = []
        for question, answer in zip(questions, answers, strict=True):
            counts = Counter(chain.from_iterable(map(known, seen(question, answer))))
            columns = sorted(counts)
            values = [(1 + math.log(counts[c])) * rarity[c] for c in columns]
            length = math.sqrt(sum(value * value for value in values)) or 1.0
            found.append((columns, [value / length for value in values]))
        return Sparse.of(found, len(self.words))


def _known(vocabulary: Vocabulary) -> Callable[[str], tuple[int, ...]]:
    """Finds the places of a word's parts in the vocabulary: looked up once a word, as most words come again."""
    key = id(vocabulary)
    kept = _lookups.get(key)
    if kept is None or kept[0] is not vocabulary:
        place = {word: place for place, word in enumerate(vocabulary.words)}
        parts = VIEWS[vocabulary.view][1]

        @lru_cache(maxsize=200_000)
        def places(word: str) -> tuple[int, ...]:
            return tuple(place[part] for part in parts(word) if part in place)

        while len(_lookups) > 7:
            del _lookups[next(iter(_lookups))]
        kept = _lookups[key] = (vocabulary, places)
    return kept[1]


_lookups: dict[int, tuple[Vocabulary, Callable[[str], tuple[int, ...]]]] = {}
