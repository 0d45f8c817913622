"""What speaks for two pairs being translations of each other, as numbers a small model can weigh.

Two kinds. What the texts say (cosines in spreads, gaps to the next best, numbers, names, lengths) needs nothing but the two
texts and their neighbourhoods. What the pages say (hreflang, position, address, the pairs around) is a claim whose worth
differs from site to site: so each claim is also weighed by how well it agrees, on these two languages, with the pairs that
the texts alone would choose. Zero always means "says nothing".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.bitext.candidates import Candidates
from faquarry.bitext.links import PageLinks
from faquarry.bitext.margin import mean_scores, mutual, ratio_margin
from faquarry.bitext.marks import Marks, MarkTable, addresses, numbers, shared, words
from faquarry.bitext.once import normalised, question_groups
from faquarry.bitext.scale import scale_of
from faquarry.bitext.side import Ints, Side
from faquarry.vectors.model import Thresholds
from faquarry.vectors.search import TopK, dots

__all__ = [
    "PAGE_FEATURES",
    "TEXT_FEATURES",
    "Prepared",
    "Tables",
    "margins",
    "page_evidence",
    "prepare",
    "text_evidence",
]

Floats = npt.NDArray[np.float64]

TEXT_FEATURES = (
    "bias",
    "similarity",  # cosine in spreads above chance
    "distant",  # how far it is below three spreads, where chance alone reaches
    "gap_smaller",  # to the best other neighbour of either side, in spreads
    "gap_larger",
    "margin",  # to the mean of both neighbourhoods, in spreads
    "mutual",
    "question",  # cosine of the questions, in spreads
    "answer",
    "question_distant",
    "answer_distant",
    "question_best",  # of all candidates of either side this one has the nearest question
    "answer_best",
    "numbers",
    "numbers_differ",
    "addresses",
    "words",
    "words_best",
    "question_length",  # how far the lengths are from the usual ratio, as |log|
    "answer_length",
    "translated",  # mean gap of the other mutual neighbours: do these languages have translations at all?
    "near",  # mean cosine of the other mutual neighbours, in spreads
    "size",  # log of the number of comparisons: what chance had to choose from
)

PAGE_FEATURES = (
    "bias",
    "texts",  # log odds by the texts alone
    "linked",  # hreflang: 1 one page names the other, 2 both; -1 when another page is named
    "twin",  # addresses equal but for the language
    "same_position",
    "position_apart",
    "same_count",
    "linked_same_position",
    "linked_weight",  # log likelihood ratio of `linked` on this site, by the pairs that the texts choose
    "twin_weight",
    "position_weight",
    "pages_agree",  # share of the other pairs of both pages that the texts align with each other
    "pages_disagree",
    "around",  # the pairs before and after are aligned with each other
    "around_broken",
)


@dataclass(frozen=True)
class Prepared:
    """A side with what its texts hold, found once for all languages it is compared with."""

    side: Side
    numbers: Marks
    addresses: Marks
    words: Marks
    question_length: Floats
    answer_length: Floats
    question_key: Ints  # equal where the texts are, in this process
    answer_key: Ints
    group: Ints  # equal where the question is the same: such pairs count once
    page_rows: Ints
    before: Ints
    after: Ints


@dataclass
class Tables:
    """Numbers for marks, common to all sides that are compared."""

    numbers: MarkTable
    addresses: MarkTable
    words: MarkTable

    @classmethod
    def new(cls) -> Tables:
        return cls(MarkTable(), MarkTable(), MarkTable())


def prepare(side: Side, tables: Tables) -> Prepared:
    """Reads the texts of a side."""
    texts = [f"{q} {a}" for q, a in zip(side.questions, side.answers, strict=True)]
    before, after = _around(side)
    return Prepared(
        side,
        tables.numbers.marks(map(numbers, texts)),
        tables.addresses.marks(map(addresses, texts)),
        tables.words.marks(map(words, texts)),
        _log_lengths(side.questions),
        _log_lengths(side.answers),
        _keys(side.questions),
        _keys(side.answers),
        question_groups(side),
        np.bincount(side.page, minlength=len(side.pages)),
        before,
        after,
    )


def text_evidence(
    left: Prepared, right: Prepared, found: Candidates, forth: TopK, back: TopK, thresholds: Thresholds
) -> Floats:
    """What the texts say of each candidate. -> (n, len(TEXT_FEATURES))"""
    i, j, cosine = found.i, found.j, found.similarity
    scale = scale_of(left.side.vectors, right.side.vectors, thresholds)
    gaps = scale.apart(
        np.stack([cosine - _best_other(forth, i, j, right.group), cosine - _best_other(back, j, i, left.group)])
    )
    nearest = mutual(i, j, forth, back)
    margin = cosine - (mean_scores(forth)[i] + mean_scores(back)[j]) / 2
    questions = _apart(left.side, right.side, "question_vectors", i, j, thresholds)
    answers = _apart(left.side, right.side, "answer_vectors", i, j, thresholds)
    words_shared = shared(left.words, right.words, i, j)
    numbers_shared = shared(left.numbers, right.numbers, i, j)
    nothing = np.zeros(len(found))
    both_have = (left.numbers.count()[i] > 0) & (right.numbers.count()[j] > 0)
    columns = {
        "bias": np.ones(len(found)),
        "similarity": scale.above(cosine) / 4,
        "distant": _below(scale.above(cosine)),
        "gap_smaller": gaps.min(axis=0) / 2,
        "gap_larger": gaps.max(axis=0) / 2,
        "margin": scale.apart(margin) / 2,
        "mutual": nearest,
        "question": questions / 4,
        "answer": answers / 4,
        "question_distant": _below(questions) if left.side.question_vectors is not None else nothing,
        "answer_distant": _below(answers) if left.side.answer_vectors is not None else nothing,
        "question_best": _best(questions, i, j),
        "answer_best": _best(answers, i, j),
        "numbers": numbers_shared,
        "numbers_differ": both_have & (numbers_shared == 0),
        "addresses": shared(left.addresses, right.addresses, i, j),
        "words": np.sqrt(words_shared),
        "words_best": _best(words_shared, i, j),
        "question_length": _unusual(left.question_length, right.question_length, i, j),
        "answer_length": _unusual(left.answer_length, right.answer_length, i, j),
        "translated": _mean_of_others(gaps.min(axis=0), nearest) / 2,
        "near": _mean_of_others(scale.above(cosine), nearest) / 4,
        "size": np.full(len(found), np.log10(max(1, len(left.side) * len(right.side))) / 4),
    }
    return np.clip(np.stack([columns[name] for name in TEXT_FEATURES], axis=1).astype(np.float64), -4, 4)


def page_evidence(
    left: Prepared, right: Prepared, found: Candidates, links: PageLinks, texts: Floats, chosen: npt.NDArray[np.bool_]
) -> Floats:
    """What the pages say of each candidate. -> (n, len(PAGE_FEATURES))

    `texts` are log odds by the texts alone, `chosen` the one-to-one choice that follows from them. What a candidate's own
    being chosen adds to an estimate is taken out of it, or a mistake would vouch for itself.
    """
    i, j = found.i, found.j
    p, q = left.side.page[i], right.side.page[j]
    linked = np.array(
        [links.hreflang.get(pair, 0) for pair in zip(p.tolist(), q.tolist(), strict=True)], dtype=np.float64
    )
    twin = np.array([pair in links.twins for pair in zip(p.tolist(), q.tolist(), strict=True)], dtype=np.float64)
    claimed = np.isin(p, list(links.claimed_left)) | np.isin(q, list(links.claimed_right))
    places = left.side.position[i], right.side.position[j]
    counts = _questions(left.side)[p], _questions(right.side)[q]
    alone = (counts[0] <= 1) & (counts[1] <= 1)
    same_position = (places[0] == places[1]) & ~alone
    together, share = _votes(p, q, left.page_rows, right.page_rows, chosen)
    around, broken = _neighbours_agree(left, right, found, chosen)
    columns = {
        "bias": np.ones(len(found)),
        "texts": texts / 4,
        "linked": np.where(linked > 0, linked, np.where(claimed, -1.0, 0.0)) / 2,
        "twin": twin,
        "same_position": same_position,
        "position_apart": np.where(alone, 0.0, np.minimum(1.0, np.abs(places[0] - places[1]) / 4)),
        "same_count": (counts[0] == counts[1]) & ~alone,
        "linked_same_position": (linked > 0) & same_position & (counts[0] == counts[1]),
        "linked_weight": _weight(linked > 0, chosen) * claimed,
        "twin_weight": _weight(twin > 0, chosen) * bool(links.twins),
        "position_weight": _weight(same_position, chosen) * ~alone,
        "pages_agree": share,
        "pages_disagree": np.where(together >= 0, 1 - share, 0.0),
        "around": around,
        "around_broken": broken,
    }
    return np.clip(np.stack([columns[name] for name in PAGE_FEATURES], axis=1).astype(np.float64), -4, 4)


def spreads_above_chance(texts: Floats) -> Floats:
    """How far the cosine of each candidate lies above what chance gives, from its evidence."""
    return np.asarray(texts[:, TEXT_FEATURES.index("similarity")] * 4, dtype=np.float64)


def margins(found: Candidates, forth: TopK, back: TopK) -> Floats:
    """The ratio margin of every candidate."""
    return ratio_margin(found.similarity, found.i, found.j, forth, back)


def _mean_of_others(values: Floats, among: npt.NDArray[np.bool_]) -> Floats:
    """The mean over those `among`, each left out of its own, with two values of 0 added: a handful says little."""
    total, count = values[among].sum(), among.sum()
    return np.asarray((total - values * among) / (count - among + 2), dtype=np.float64)


def _below(above: Floats) -> Floats:
    return np.asarray(np.maximum(0.0, 3 - above) / 2, dtype=np.float64)


def _best_other(lists: TopK, owner: Ints, other: Ints, group: Ints) -> Floats:
    """The best score of a list but for entries of one question; the first there is where it holds nothing else."""
    indices, scores = lists.indices[owner], lists.scores[owner].astype(np.float64)
    same = (indices < 0) | (group[np.maximum(indices, 0)] == group[other][:, None])
    found = np.where(same, -np.inf, scores).max(axis=1)
    return np.asarray(np.where(np.isfinite(found), found, scores[:, 0]), dtype=np.float64)


def _apart(left: Side, right: Side, name: str, i: Ints, j: Ints, thresholds: Thresholds) -> Floats:
    one, other = getattr(left, name), getattr(right, name)
    if one is None or other is None:
        return np.zeros(len(i))
    return scale_of(one, other, thresholds).above(dots(one, other, i, j))


def _best(values: Floats, i: Ints, j: Ints) -> Floats:
    """1 where a candidate has the highest value of all candidates of both its pairs, ½ of one; 0 where none says anything."""
    found = np.zeros(len(values))
    for owner in (i, j):
        highest = np.full(owner.max(initial=-1) + 1, -np.inf)
        np.maximum.at(highest, owner, values)
        lowest = np.full(len(highest), np.inf)
        np.minimum.at(lowest, owner, values)
        found += (values == highest[owner]) & (highest[owner] > lowest[owner])
    return found / 2


def _log_lengths(texts: Sequence[str]) -> Floats:
    found: Floats = np.log(np.array([max(1, len(text)) for text in texts], dtype=np.float64))
    return found


def _keys(texts: Sequence[str]) -> Ints:
    return np.array([hash(normalised(text)) for text in texts], dtype=np.int64)


def _unusual(left: Floats, right: Floats, i: Ints, j: Ints) -> Floats:
    usual = float(np.median(left) - np.median(right)) if len(left) and len(right) else 0.0
    found: Floats = np.minimum(2.0, np.abs(left[i] - right[j] - usual))
    return found


def _questions(side: Side) -> Ints:
    """How many questions each page has: as it was read, or as many as take part here."""
    return np.array([page.questions for page in side.pages], dtype=np.int64)


def _weight(claim: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> Floats:
    """log P(claim | chosen) / P(claim | not chosen), each candidate left out of its own estimate, smoothed."""
    n_chosen, n_other = chosen.sum() - chosen, (~chosen).sum() - ~chosen
    with_chosen = (claim & chosen).sum() - (claim & chosen)
    with_other = (claim & ~chosen).sum() - (claim & ~chosen)
    rates = (with_chosen + 2.0) / (n_chosen + 4.0), (with_other + 2.0) / (n_other + 4.0)
    found: Floats = np.where(claim, np.log(rates[0] / rates[1]), np.log((1 - rates[0]) / (1 - rates[1])))
    return found


def _votes(p: Ints, q: Ints, ours: Ints, theirs: Ints, chosen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How many other pairs of both pages are chosen with each other, and their share of those that could be.

    -1 and 0 where a page has no other pair.
    """
    cells, place = np.unique(p * np.int64(len(theirs) + 1) + q, return_inverse=True)
    others = np.bincount(place, chosen, minlength=len(cells))[place] - chosen
    possible = np.minimum(ours[p], theirs[q]) - 1
    votes: Floats = np.where(possible > 0, others, -1.0)
    share: Floats = np.where(possible > 0, np.minimum(1.0, votes / np.maximum(possible, 1)), 0.0)
    return votes, share


def _around(side: Side) -> tuple[Ints, Ints]:
    """The pair before and after each on its page; -1 where there is none."""
    order = np.lexsort((np.arange(len(side)), side.position, side.page))
    same = side.page[order][1:] == side.page[order][:-1]
    before, after = np.full(len(side), -1, dtype=np.int64), np.full(len(side), -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    return before, after


def _neighbours_agree(
    left: Prepared, right: Prepared, found: Candidates, chosen: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Of the pairs before and after: the share chosen with each other, and the share chosen with something else."""
    partner = np.full(len(left.side), -1, dtype=np.int64)
    partner[found.i[chosen]] = found.j[chosen]
    good, bad = np.zeros(len(found)), np.zeros(len(found))
    for ours, theirs in ((left.before, right.before), (left.after, right.after)):
        x, y = ours[found.i], theirs[found.j]
        there = (x >= 0) & (y >= 0)
        mate = np.where(there, partner[x], -1)
        good += there & (mate == y)
        bad += there & (mate >= 0) & (mate != y)
    return good / 2, bad / 2
