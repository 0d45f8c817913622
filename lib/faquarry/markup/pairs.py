"""From a FAQPage's tree to pairs and rejects: every Question ends as the one or the other.

Works on `Page.markup` alone, so that cleaning and filters can be done again without the crawl: `rederive` gives what
`extract_page` gave. The same pair stated twice on a page counts once, at its first place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from faquarry.config.settings import FilterSettings
from faquarry.markup.filters import Verdict, judge, judge_as_published
from faquarry.markup.model import Pair, Reason, Reject
from faquarry.text.clean import clean_answer, clean_question
from faquarry.text.webfaq import published_text, published_trim

__all__ = ["MAX_EXCERPT_BYTES", "derive", "excerpt", "from_texts", "rederive"]

MAX_EXCERPT_BYTES = 4096

_NAMES = ("name", "headline", "text", "alternativeHeadline", "title", "description")
_TEXTS = ("text", "articleBody", "description", "name", "headline")


def derive(trees: Iterable[dict[str, Any]], filters: FilterSettings) -> tuple[tuple[Pair, ...], tuple[Reject, ...]]:
    """Pairs and rejects of a page's FAQPage trees. Positions count the distinct questions of the page from 0."""
    sifted = _Sieve(filters)
    for tree in trees:
        questions = tree.get("mainEntity")
        if not questions:
            sifted.rejects.append(
                Reject("markup", Reason.NO_QUESTIONS, detail=tree.get("@syntax"), excerpt=excerpt(_dumped(tree)))
            )
            continue
        syntax = tree.get("@syntax", "json-ld")
        for question in questions:
            sifted.question(question, syntax)
    return tuple(sifted.pairs), tuple(sifted.rejects)


def rederive(markup: str, filters: FilterSettings) -> tuple[tuple[Pair, ...], tuple[Reject, ...]]:
    """`derive` over `Page.markup`: the pairs and the rejects of stages `pairs` and `filter`, without the crawl."""
    return derive(json.loads(markup), filters)


def from_texts(
    pairs: Iterable[tuple[str | None, str | None]], filters: FilterSettings, *, syntax: str = "json-ld"
) -> tuple[tuple[Pair, ...], tuple[Reject, ...]]:
    """The same cleaning and filters for sources that already hold (question, answer), such as the Open Web Index."""
    tree = {
        "@syntax": syntax,
        "mainEntity": [{"name": question, "acceptedAnswer": [{"text": answer}]} for question, answer in pairs],
    }
    return derive([tree], filters) if tree["mainEntity"] else ((), ())


class _Sieve:
    """Takes the questions of a page one by one."""

    def __init__(self, filters: FilterSettings) -> None:
        self.pairs: list[Pair] = []
        self.rejects: list[Reject] = []
        self._filters = filters
        self._seen: set[tuple[str, str]] = set()
        self._position = 0

    def question(self, node: dict[str, Any], syntax: str) -> None:
        name = next(_texts(node, _NAMES), None)
        answer, accepted = _best_answer(node)
        if name is None or answer is None:
            if self._is_new(name or "", answer or ""):
                reason = Reason.NO_NAME if name is None else Reason.NO_ANSWER
                self._reject("pairs", (reason, None), name, answer, node)
            return
        published = self._filters.profile == "webfaq"
        question = published_text(name) if published else clean_question(name)
        text = published_text(answer) if published else clean_answer(answer)
        if not self._is_new(question, text):
            return
        verdict = judge_as_published(question, text) if published else judge(question, text, self._filters)
        if verdict:
            self._reject("filter", verdict, question or name, text or answer, node)
            return
        if published:
            question, text = published_trim(question, question=True), published_trim(text, question=False)
        self.pairs.append(Pair(self._position, question, text, syntax, accepted))
        self._position += 1

    def _is_new(self, question: str, answer: str) -> bool:
        """Whether the pair is not yet stated on this page, spaces aside (they differ between syntaxes)."""
        key = ("".join(question.split()), "".join(answer.split()))
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _reject(
        self, stage: str, verdict: Verdict, question: str | None, answer: str | None, node: dict[str, Any]
    ) -> None:
        shown = None if stage == "filter" and question and answer else excerpt(_dumped(node))
        self.rejects.append(Reject(stage, verdict[0], verdict[1], self._position, question, answer, shown))
        self._position += 1


def _best_answer(node: dict[str, Any]) -> tuple[str | None, bool]:
    """The first accepted answer that has text, else the suggested one with most votes (ties: the first)."""
    for answer in _list(node.get("acceptedAnswer")):
        if text := _answer_text(answer):
            return text, True
    best, best_votes = None, 0.0
    for answer in _list(node.get("suggestedAnswer")):
        text = _answer_text(answer)
        votes = _votes(answer)
        if text and (best is None or votes > best_votes):
            best, best_votes = text, votes
    return best, best is None


def _answer_text(answer: Any) -> str | None:
    if isinstance(answer, str):
        return answer if answer.strip() else None
    return next(_texts(answer, _TEXTS, joined=True), None) if isinstance(answer, dict) else None


def _votes(answer: Any) -> float:
    value = answer.get("upvoteCount") if isinstance(answer, dict) else None
    try:
        return float(value) if isinstance(value, (str, int, float)) else 0.0
    except ValueError:
        return 0.0


def _texts(node: dict[str, Any], names: tuple[str, ...], *, joined: bool = False) -> Iterator[str]:
    """The texts of the first properties that have any: of several values the first, or all as paragraphs."""
    for name in names:
        values = [str(value) for value in _list(node.get(name)) if value.__class__ in (str, int, float)]
        values = [value for value in values if value.strip()]
        if values:
            yield "\n".join(values) if joined else values[0]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dumped(node: dict[str, Any]) -> str:
    return orjson.dumps(node).decode("utf-8")


def excerpt(text: str) -> str:
    """The beginning of a text, at most `MAX_EXCERPT_BYTES` in UTF-8, never half a character."""
    short = text[:MAX_EXCERPT_BYTES].encode("utf-8", "replace")
    return short[:MAX_EXCERPT_BYTES].decode("utf-8", "ignore")
