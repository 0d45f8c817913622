"""Measures of rankings, one number a query: nDCG, reciprocal rank, recall.

All of them follow from the places at which the relevant documents stand, so that is what they are computed from: a ranking
of a whole corpus need not be sorted for it. Rankings are ordered by (score, then id); whoever ranks sees to that.
Definitions are those of trec_eval: gains are the judgements themselves, discounts ``1 / log2(rank + 1)``, and the ideal
ranking holds all that is judged relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["BEYOND", "MEASURES", "judgements", "measured", "measured_at", "places_in"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MEASURES = ("ndcg@10", "mrr@10", "recall@1", "recall@100")

BEYOND = 1 << 40
"""The place of a document that is not in a ranking."""

_CELLS = 16_000_000  # comparisons at a time


def measured(
    ranked: npt.NDArray[np.integer], judged: Sequence[Mapping[int, float]], names: Sequence[str] = MEASURES
) -> dict[str, Floats]:
    """Measures of rankings by name. -> {name: (n,)}

    Args:
        ranked: documents of each query by number, best first, -1 where there are fewer. (n, k)
        judged: gains of the relevant documents of each query, by number.
        names: ``ndcg@K``, ``mrr@K``, ``recall@K``.

    Raises:
        ValueError: there is no such measure.

    >>> {name: found.tolist() for name, found in measured(np.array([[7, 3, 9]]), [{3: 1}], ["mrr@10", "recall@1"]).items()}
    {'mrr@10': [0.5], 'recall@1': [0.0]}
    """
    documents, gains = judgements(judged)
    return measured_at(places_in(ranked, documents), gains, names)


def judgements(judged: Sequence[Mapping[int, float]]) -> tuple[Ints, Floats]:
    """Relevant documents and their gains as matrices. -> documents (n, r), -1 where a query has fewer; gains (n, r), 0 there.

    >>> judgements([{4: 1.0, 2: 0.0}, {7: 2.0, 1: 1.0}])[0].tolist()
    [[4, -1], [7, 1]]
    """
    relevant = [[(place, gain) for place, gain in one.items() if gain > 0] for one in judged]
    width = max(1, max(map(len, relevant), default=1))
    documents, gains = np.full((len(relevant), width), -1, np.int64), np.zeros((len(relevant), width))
    for row, one in enumerate(relevant):
        for column, (place, gain) in enumerate(one):
            documents[row, column], gains[row, column] = place, gain
    return documents, gains


def places_in(ranked: npt.NDArray[np.integer], documents: Ints) -> Ints:
    """Where documents stand in rankings: 0 is first, `BEYOND` is nowhere. (n, k), (n, r) → (n, r)"""
    places = np.full(documents.shape, BEYOND, np.int64)
    if not ranked.shape[1]:
        return places
    step = max(1, _CELLS // (ranked.shape[1] * documents.shape[1]))
    for start in range(0, len(ranked), step):
        rows = slice(start, start + step)
        same = (ranked[rows, None, :] == documents[rows, :, None]) & (documents[rows, :, None] >= 0)
        places[rows] = np.where(same.any(2), same.argmax(2), BEYOND)
    return places


def measured_at(places: Ints, gains: Floats, names: Sequence[str] = MEASURES) -> dict[str, Floats]:
    """Measures by name, from the places of the relevant documents (0 is first) and their gains, both (n, r). -> {name: (n,)}

    Raises:
        ValueError: there is no such measure.
    """
    found = {}
    for name in names:
        kind, _, depth = name.partition("@")
        if kind not in _KINDS or not depth.isdecimal():
            raise ValueError(f"there is no measure {name}: {', '.join(f'{one}@K' for one in _KINDS)}")
        found[name] = _KINDS[kind](places, gains, int(depth))
    return found


def _ndcg(places: Ints, gains: Floats, k: int) -> Floats:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002)."""
    ideal = -np.sort(-gains, axis=1)[:, :k]
    best = (ideal / np.log2(np.arange(2, ideal.shape[1] + 2))).sum(1)
    got = np.where(places < k, gains / np.log2(places + 2.0), 0.0).sum(1)
    found: Floats = np.divide(got, best, out=np.zeros(len(gains)), where=best > 0)
    return found


def _mrr(places: Ints, gains: Floats, k: int) -> Floats:
    """One over the rank of the first relevant document among the first k; 0 without one."""
    first = np.where(gains > 0, places, BEYOND).min(1)
    return np.where(first < k, 1 / (first + 1.0), 0.0)


def _recall(places: Ints, gains: Floats, k: int) -> Floats:
    """Share of the relevant documents that stand among the first k."""
    relevant = (gains > 0).sum(1)
    found: Floats = np.divide(
        ((places < k) & (gains > 0)).sum(1), relevant, out=np.zeros(len(gains)), where=relevant > 0
    )
    return found


_KINDS = {"ndcg": _ndcg, "mrr": _mrr, "recall": _recall}
