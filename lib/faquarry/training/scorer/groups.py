"""What a scorer learns from: a question, its right answers, and wrong ones that look right.

Wrong answers are those that BM25 and the small encoder put highest. They are guarded: an answer is not wrong when some pair
gives it to this question, or to one that asks the same, or when it has most of its words in a right one. What no guard sees
stays: answers that are right, and that nobody has paired with the question.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.analyzer import Analyzer, analyzer
from faquarry.retrieval.bm25 import BM25
from faquarry.training.scorer.faqs import Faq
from faquarry.training.scorer.recipe import NegativeSettings

__all__ = ["Asked", "Groups", "grouped", "held_out", "unseen"]

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_MOST = 60  # that BM25 is asked for: guards take some away
_QUERIES = 256  # searched at a time
_COMMON = 1000  # questions; a word in more of them does not bring two questions together


@dataclass(frozen=True)
class Asked:
    """A question; `right` and `wrong` are numbers of texts, of `wrong` the first `hard` best by BM25 first.

    `lexical`: BM25 of the right ones, then of the best wrong one; `cosines`: the encoder's, of the same.
    """

    question: str
    language: str
    page: str
    right: tuple[int, ...]
    wrong: tuple[int, ...]
    hard: int
    lexical: tuple[float, ...]
    cosines: tuple[float, ...]

    @property
    def site(self) -> str:
        """The host of the page, with the language."""
        return f"{urlsplit(self.page).netloc} {self.language}"

    @property
    def candidates(self) -> tuple[int, ...]:
        return self.right + self.wrong


@dataclass(frozen=True)
class Groups:
    """Distinct answers, and the questions about them."""

    texts: list[str]
    asked: list[Asked]


def grouped(faqs: Sequence[Faq], settings: NegativeSettings, encode: Encode, seed: int) -> Groups:
    """Groups of every language by itself; a question without any wrong answer is left out."""
    by_language: dict[str, list[Faq]] = defaultdict(list)
    for faq in faqs:
        by_language[faq.language].append(faq)
    texts: list[str] = []
    asked: list[Asked] = []
    for language in sorted(by_language):
        part = _Language(by_language[language], language, settings, encode, seed)
        asked += part.groups(len(texts))
        texts += part.texts
    return Groups(texts, asked)


def held_out(page: str, one_in: int) -> bool:
    """Whether a page is kept from training.

    >>> sum(held_out(f"https://a.example/{number}", 5) for number in range(1000))
    208
    """
    return int.from_bytes(hashlib.blake2b(page.encode(), digest_size=4).digest()) % one_in == 0


def unseen(groups: Groups, one_in: int) -> tuple[list[Asked], list[Asked]]:
    """-> (questions to train on, questions held out); of the latter those are left out of which training sees the question
    (letters and digits compared) or a right answer on some other page.
    """
    train = [one for one in groups.asked if not held_out(one.page, one_in)]
    questions = {_bare(one.question) for one in train}
    answers = {text for one in train for text in one.right}
    kept = [
        one
        for one in groups.asked
        if held_out(one.page, one_in) and _bare(one.question) not in questions and not answers & set(one.right)
    ]
    return train, kept


def _bare(text: str) -> str:
    return " ".join(Analyzer().tokens(text))


class _Language:
    """Questions and answers of one language."""

    def __init__(self, faqs: Sequence[Faq], language: str, settings: NegativeSettings, encode: Encode, seed: int):
        self._language, self._settings = language, settings
        self._analyzer = analyzer(language)
        numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self._questions: dict[tuple[str, ...], tuple[str, str]] = {}
        self._right: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for faq in faqs:
            bare = " ".join(self._analyzer.tokens(faq.answer))
            if numbers.setdefault(bare, len(self.texts)) == len(self.texts):
                self.texts.append(faq.answer)
            question = tuple(self._analyzer.tokens(faq.question))
            self._questions.setdefault(question, (faq.question, faq.page))
            if numbers[bare] not in self._right[question]:
                self._right[question].append(numbers[bare])
        self._triples = [_triples(self._analyzer.tokens(text)) for text in self.texts]
        self._encode, self._draw = encode, np.random.default_rng(seed)

    def groups(self, base: int) -> list[Asked]:
        settings = self._settings
        keys = list(self._questions)
        known = self._known(keys)
        asked, answers = self._encode([self._questions[key][0] for key in keys]), self._encode(self.texts)
        found = []
        for place, (ranked, scores) in enumerate(self._ranked(keys)):
            right, known_right = self._right[keys[place]], known[place]
            wrong = [text for text in ranked if self._is_wrong(text, known_right)][: settings.bm25]
            if not wrong:
                continue
            cosines = answers @ asked[place]
            hard = len(wrong)
            nearest = np.argsort(-cosines, kind="stable")[: 3 * settings.encoder].tolist()
            drawn = self._draw.integers(0, len(self.texts), settings.random).tolist()
            for others, most in ((nearest, settings.encoder), (drawn, settings.random)):
                new = [text for text in dict.fromkeys(others) if text not in wrong]
                wrong += [text for text in new if self._is_wrong(text, known_right)][:most]
            told = [*right, wrong[0]]
            question, page = self._questions[keys[place]]
            found.append(
                Asked(
                    question,
                    self._language,
                    page,
                    tuple(base + text for text in right),
                    tuple(base + text for text in wrong),
                    hard,
                    tuple(float(scores[text]) for text in told),
                    tuple(float(cosines[text]) for text in told),
                )
            )
        return found

    def _ranked(self, keys: Sequence[tuple[str, ...]]) -> Iterator[tuple[list[int], npt.NDArray[np.float32]]]:
        """Of each question the best texts by BM25, and the score of every text."""
        index = BM25(self.texts, self._language)
        for start in range(0, len(keys), _QUERIES):
            questions = [self._questions[key][0] for key in keys[start : start + _QUERIES]]
            for numbers, scores in zip(*index.search(questions, len(self.texts)), strict=True):
                matching = numbers[numbers >= 0]
                every = np.zeros(len(self.texts), np.float32)
                every[matching] = scores[: len(matching)]
                yield matching[:_MOST].tolist(), every

    def _known(self, keys: Sequence[tuple[str, ...]]) -> list[set[int]]:
        """Right answers of each question, those of questions that ask the same included."""
        sets = [frozenset(key) for key in keys]
        where: dict[str, list[int]] = defaultdict(list)
        for place, words in enumerate(sets):
            for word in words:
                where[word].append(place)
        weight = {word: float(np.log1p(len(keys) / len(places))) for word, places in where.items()}
        total = [sum(weight[word] for word in words) for words in sets]
        found = []
        for place, words in enumerate(sets):
            shared: dict[int, float] = defaultdict(float)
            for word in words:
                if len(where[word]) <= _COMMON:
                    for other in where[word]:
                        shared[other] += weight[word]
            alike = (
                other
                for other, common in shared.items()
                if common >= self._settings.same_question * (total[place] + total[other] - common)
            )
            found.append(set(self._right[keys[place]]).union(*(self._right[keys[other]] for other in alike)))
        return found

    def _is_wrong(self, text: int, right: set[int]) -> bool:
        if text in right:
            return False
        mine, least = self._triples[text], self._settings.same_answer
        return not any(
            len(mine & self._triples[other]) >= least * max(1, min(len(mine), len(self._triples[other])))
            for other in right
        )


def _triples(tokens: Sequence[str]) -> frozenset[tuple[str, ...]]:
    if len(tokens) < 5:
        return frozenset((token,) for token in tokens)
    return frozenset(zip(tokens, tokens[1:], tokens[2:], strict=False))
