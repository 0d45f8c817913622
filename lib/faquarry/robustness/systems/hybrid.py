"""Two rankings made one, with names that say how.

``hybrid-rrf``: reciprocal rank fusion, the sum of 1 / (60 + rank) (Cormack, Clarke and Büttcher 2009). ``hybrid-sum``: the
mean of both scores, each brought to 0…1 over the list of its query. What is in one list only scores 0 in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.robustness.collection import Collection
from faquarry.robustness.systems.ranker import DEPTH, Listing, Ranker, System
from faquarry.vectors.search import TopK

__all__ = ["JOINS", "Hybrid", "joined"]

Floats = npt.NDArray[np.float64]

_RRF_K = 60


def _reciprocal_ranks(one: TopK) -> Floats:
    return np.where(one.indices < 0, 0.0, 1 / (_RRF_K + 1.0 + np.arange(one.k)))


def _normalised(one: TopK) -> Floats:
    there = one.indices >= 0
    scores = one.scores.astype(np.float64)
    low = np.where(there, scores, np.inf).min(1, initial=np.inf, keepdims=True)
    high = np.where(there, scores, -np.inf).max(1, initial=-np.inf, keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    # A list of one score says that all of it was found.
    scaled = np.where(high > low, (np.where(there, scores, 0.0) - np.where(there, low, 0.0)) / span, 1.0)
    return np.where(there, scaled, 0.0) / 2


JOINS: dict[str, Callable[[TopK], Floats]] = {"rrf": _reciprocal_ranks, "sum": _normalised}


@dataclass(frozen=True)
class Hybrid:
    """BM25 and an encoder."""

    name: str
    how: str  # of `JOINS`
    parts: tuple[System, System]

    @property
    def revision(self) -> str:
        return f"{self.how}({', '.join(part.revision for part in self.parts)})"

    def over(self, collection: Collection) -> HybridIndex:
        return HybridIndex(self.how, [part.over(collection) for part in self.parts])


@dataclass(frozen=True, eq=False)
class HybridIndex(Listing):
    how: str
    parts: Sequence[Ranker]

    def lists(self, queries: Sequence[str]) -> TopK:
        return joined([part.lists(queries) for part in self.parts], self.how)


def joined(lists: Sequence[TopK], how: str) -> TopK:
    """Lists of the same queries as one, by (sum, then place).

    >>> one = TopK(np.array([[4, 2]]), np.array([[0.9, 0.1]], np.float32))
    >>> other = TopK(np.array([[2, 7]]), np.array([[8.0, 3.0]], np.float32))
    >>> joined([one, other], "rrf").indices[0, :3].tolist()
    [2, 4, 7]
    """
    indices = np.concatenate([one.indices for one in lists], axis=1)
    scores = np.concatenate([JOINS[how](one) for one in lists], axis=1)
    # By text: those that stand in both lists are neighbours, and the second's score goes to the first.
    order = np.argsort(indices, axis=1, kind="stable")
    indices, scores = np.take_along_axis(indices, order, 1), np.take_along_axis(scores, order, 1)
    again = np.zeros(indices.shape, np.bool_)
    again[:, 1:] = indices[:, 1:] == indices[:, :-1]
    scores[:, :-1] += np.where(again[:, 1:], scores[:, 1:], 0.0)
    scores[again | (indices < 0)] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    found = np.take_along_axis(scores, best, 1)
    return TopK(
        np.where(np.isfinite(found), np.take_along_axis(indices, best, 1), -1).astype(np.int64),
        found.astype(np.float32),
    )
