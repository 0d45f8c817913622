"""Measures of rankings, one number a query: nDCG, reciprocal rank, recall.

Rankings are ordered by (score, then id); whoever ranks sees to that. Definitions are those of trec_eval: gains are the
judgements themselves, discounts ``1 / log2(rank + 1)``, and the ideal ranking holds all that is judged relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MEASURES", "measured", "ndcg", "recall", "reciprocal_rank"]

Gains = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]


def ndcg(gains: Gains, ideal: Gains, k: int) -> Floats:
    """Normalised discounted cumulative gain at k (Järvelin and Kekäläinen 2002). -> (n,)

    Args:
        gains: of the ranked documents, best first, 0 for what is not relevant. (n, at least k or all there are)
        ideal: of all relevant documents, largest first, filled up with 0. (n, r)
    """
    best = _discounted(ideal[:, :k])
    found: Floats = np.divide(_discounted(gains[:, :k]), best, out=np.zeros(len(gains)), where=best > 0)
    return found


def _discounted(gains: Gains) -> Floats:
    found: Floats = gains.astype(np.float64) @ (1 / np.log2(np.arange(2, gains.shape[1] + 2)))
    return found


def reciprocal_rank(gains: Gains, k: int) -> Floats:
    """One over the rank of the first relevant document among the first k; 0 without one. -> (n,)"""
    hits = gains[:, :k] > 0
    return np.where(hits.any(1), 1 / (hits.argmax(1) + 1), 0.0)


def recall(gains: Gains, relevant: npt.NDArray[np.integer], k: int) -> Floats:
    """Share of the relevant documents that stand among the first k. -> (n,)

    Args:
        relevant: how many there are. (n,)
    """
    found = (gains[:, :k] > 0).sum(1)
    return np.divide(found, relevant, out=np.zeros(len(gains)), where=relevant > 0)


MEASURES = ("ndcg@10", "mrr@10", "recall@1", "recall@100")


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
    relevant = [{place: gain for place, gain in one.items() if gain > 0} for one in judged]
    gains = np.zeros(ranked.shape)
    for row, one in enumerate(relevant):
        if one:
            gains[row] = [one.get(place, 0.0) for place in ranked[row].tolist()]
    width = max((len(one) for one in relevant), default=1)
    ideal = np.zeros((len(relevant), max(1, width)))
    for row, one in enumerate(relevant):
        ideal[row, : len(one)] = sorted(one.values(), reverse=True)
    counts = np.array([len(one) for one in relevant])
    found = {}
    for name in names:
        kind, _, depth = name.partition("@")
        if kind not in ("ndcg", "mrr", "recall") or not depth.isdecimal():
            raise ValueError(f"there is no measure {name}: ndcg@K, mrr@K, recall@K")
        k = int(depth)
        if kind == "ndcg":
            found[name] = ndcg(gains, ideal, k)
        else:
            found[name] = reciprocal_rank(gains, k) if kind == "mrr" else recall(gains, counts, k)
    return found
