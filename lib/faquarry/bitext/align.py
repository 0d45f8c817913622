"""Two languages in, their bitexts out: the whole rule, without Spark.

Neighbours in both directions, candidates, evidence, a probability, and a one-to-one choice: pages that hreflang links are
settled first (`scope=page`), then the site. A site is its languages taken two by two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from faquarry.bitext.candidates import Candidates, candidates
from faquarry.bitext.choose import one_to_one
from faquarry.bitext.confidence import Weights, probability
from faquarry.bitext.evidence import (
    Prepared,
    Tables,
    margins,
    page_evidence,
    prepare,
    spreads_above_chance,
    text_evidence,
)
from faquarry.bitext.links import PageLinks, page_links
from faquarry.bitext.margin import mutual
from faquarry.bitext.rules import Rules
from faquarry.bitext.side import Ints, Side
from faquarry.vectors.search import SLACK, Neighbours, TopK, rescored

__all__ = ["Aligned", "align_languages", "align_site", "neighbour_lists", "translated_only"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Aligned:
    """The bitexts of two languages: left[i] and right[j], one row a place."""

    left: Side
    right: Side
    i: Ints
    j: Ints
    similarity: Floats
    margin: Floats
    confidence: Floats
    mutual: Bools
    hreflang: Bools
    same_position: Bools
    scope: Sequence[str]
    published: Bools

    def __len__(self) -> int:
        return len(self.i)


@dataclass(frozen=True)
class Judged:
    """Candidates with what is known of each."""

    found: Candidates
    margin: Floats
    mutual: Bools
    linked: Bools
    score: Floats
    good: Bools
    confidence: Floats


def align_site(sides: Sequence[Side], rules: Rules, search: Neighbours) -> Iterator[Aligned]:
    """The bitexts of every two languages of a site. `sides` one a language (see `once.once`), in any order."""
    tables = Tables.new()
    ready = [prepare(side, tables) for side in sorted(sides, key=lambda side: side.language) if len(side)]
    for left, right in combinations(ready, 2):
        yield align_languages(left, right, neighbour_lists(left.side, right.side, rules.k, search), rules)


def neighbour_lists(left: Side, right: Side, k: int, search: Neighbours) -> tuple[TopK, TopK]:
    """The k nearest of each pair in the other language, by exact cosine."""
    forth, back = search.both(left.vectors, right.vectors, k + SLACK)
    return rescored(forth, left.vectors, right.vectors, k), rescored(back, right.vectors, left.vectors, k)


def align_languages(left: Prepared, right: Prepared, lists: tuple[TopK, TopK], rules: Rules) -> Aligned:
    """The bitexts of two languages, given the neighbour lists over all of both."""
    links = page_links(left.side.pages, right.side.pages) if _by_page(rules) else None
    judged = judge(left, right, lists, links, rules)
    chosen, scope = _chosen(judged, left.group[judged.found.i], right.group[judged.found.j], rules)
    i, j = judged.found.i[chosen], judged.found.j[chosen]
    similarity, confidence = judged.found.similarity[chosen], judged.confidence[chosen]
    published = similarity >= rules.publish
    if rules.weights is not None:
        published &= confidence >= rules.publish_confidence
    return Aligned(
        left=left.side,
        right=right.side,
        i=i,
        j=j,
        similarity=similarity,
        margin=judged.margin[chosen],
        confidence=confidence,
        mutual=judged.mutual[chosen],
        hreflang=judged.linked[chosen],
        same_position=left.side.position[i] == right.side.position[j],
        scope=[scope[row] for row in np.flatnonzero(chosen).tolist()],
        published=published,
    )


def judge(left: Prepared, right: Prepared, lists: tuple[TopK, TopK], links: PageLinks | None, rules: Rules) -> Judged:
    """Every candidate, scored. Those with equal questions or equal answers are none: they are no translation."""
    forth, back = lists
    found = translated_only(left, right, candidates(left.side, right.side, forth, back, links), rules)
    margin, nearest = margins(found, forth, back), mutual(found.i, found.j, forth, back)
    pages = zip(left.side.page[found.i].tolist(), right.side.page[found.j].tolist(), strict=True)
    linked = np.array([links is not None and pair in links.hreflang for pair in pages], dtype=np.bool_)
    if rules.weights is None:
        score = margin if rules.margin else found.similarity
        good = found.similarity >= rules.keep
        return Judged(found, margin, nearest, linked, score, good, probability(np.zeros(len(found))))
    texts = text_evidence(left, right, found, forth, back, rules.thresholds)
    by_texts = rules.weights.text_odds(texts)
    odds = with_pages(left, right, found, links, by_texts, rules.weights) if links is not None else by_texts
    confidence = probability(odds)
    near = found.similarity >= rules.keep
    if rules.spreads is not None:
        near |= spreads_above_chance(texts) >= rules.spreads
    good = (confidence >= rules.min_confidence) & near
    good &= probability(by_texts) >= rules.min_text_confidence
    return Judged(found, margin, nearest, linked, odds, good, confidence)


def with_pages(
    left: Prepared, right: Prepared, found: Candidates, links: PageLinks, by_texts: Floats, weights: Weights
) -> Floats:
    """Log odds by texts and pages. What the texts would choose is what the pages' claims are measured by."""
    first = one_to_one(left.group[found.i], right.group[found.j], by_texts, by_texts > 0)
    return weights.odds(page_evidence(left, right, found, links, by_texts, first))


def _chosen(judged: Judged, ours: Ints, theirs: Ints, rules: Rules) -> tuple[Bools, list[str]]:
    """The choice, scope after scope: what linked pages give is settled before the rest of the site.

    `ours` and `theirs` are the questions of the candidates: each is chosen once.
    """
    found = judged.found
    chosen = np.zeros(len(found), dtype=np.bool_)
    scope = ["page" if linked else "site" for linked in judged.linked.tolist()]
    for name in rules.scopes:
        inside = judged.linked if name == "page" else np.ones(len(found), dtype=np.bool_)
        free = judged.good & ~np.isin(ours, ours[chosen]) & ~np.isin(theirs, theirs[chosen])
        if rules.weights is None and not rules.margin:
            free &= judged.mutual
        chosen |= one_to_one(ours, theirs, judged.score, inside & free)
    return chosen, scope


def _by_page(rules: Rules) -> bool:
    return "page" in rules.scopes


def translated_only(left: Prepared, right: Prepared, found: Candidates, rules: Rules) -> Candidates:
    """Without candidates whose questions, or whose answers, are equal (as `once.normalised` has it)."""
    keep = np.ones(len(found), dtype=np.bool_)
    if not rules.equal_questions:
        keep &= left.question_key[found.i] != right.question_key[found.j]
    if not rules.equal_answers:
        keep &= left.answer_key[found.i] != right.answer_key[found.j]
    return Candidates(found.i[keep], found.j[keep], found.similarity[keep])
