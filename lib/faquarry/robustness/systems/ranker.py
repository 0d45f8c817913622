"""What a system is: it takes a collection in once, and then ranks it for any number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.measures import places_in
from faquarry.robustness.collection import Collection
from faquarry.vectors.search import TopK

__all__ = ["DEPTH", "Listing", "Ranker", "System", "ordered"]

Ints = npt.NDArray[np.int64]

DEPTH = 100
"""How many texts a ranking holds: what lies beyond counts as not found."""


class Ranker(Protocol):
    """A system over one collection."""

    def lists(self, queries: Sequence[str]) -> TopK:
        """The best `DEPTH` texts of each query by (score, then place); -1 where there are fewer."""
        ...

    def places(self, queries: Sequence[str], documents: Ints) -> Ints:
        """Where the texts `documents` (n, r) stand in the ranking of each query: 0 is first."""
        ...


class System(Protocol):
    """Something that ranks.

    `name` is what its rows are called by, `revision` changes when its rankings may.
    """

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...

    def over(self, collection: Collection) -> Ranker:
        """The system, ready to rank the collection's texts."""
        ...


class Listing:
    """A ranker that has lists, and finds places in them."""

    def lists(self, queries: Sequence[str]) -> TopK:
        raise NotImplementedError

    def places(self, queries: Sequence[str], documents: Ints) -> Ints:
        return places_in(self.lists(queries).indices, documents)


def ordered(scores: npt.NDArray[np.float64], k: int) -> TopK:
    """The k best of each row by (score, then place); what scores -inf is not there. (n, m) → (n, k)"""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(scores, best, 1)
    short = max(0, k - scores.shape[1])
    indices = np.pad(np.where(np.isfinite(found), best, -1), ((0, 0), (0, short)), constant_values=-1)
    return TopK(indices, np.pad(found, ((0, 0), (0, short)), constant_values=-np.inf).astype(np.float32))
