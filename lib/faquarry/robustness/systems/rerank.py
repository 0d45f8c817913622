"""Re-ranking: a scorer reads each query with the first texts of another ranking, and puts these in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import ScoreSettings
from faquarry.robustness.collection import Collection
from faquarry.robustness.systems.encoding import budget_of, device_of
from faquarry.robustness.systems.ranker import Listing, Ranker, System
from faquarry.vectors.batching import encode_all
from faquarry.vectors.scoring import Scorer, ScorerInfo, load_scorer
from faquarry.vectors.search import TopK

__all__ = ["RERANKED", "Rerank", "Scoring"]

RERANKED = 50
"""Texts of a ranking that are read again; those after them stay in their order."""

_PAIRS = 4096


class Scoring:
    """A scorer that is loaded at its first pair."""

    def __init__(self, info: ScorerInfo, settings: ScoreSettings) -> None:
        self.info, self._settings = info, settings

    @cached_property
    def _device(self) -> str:
        return device_of(self.info, self._settings)

    @cached_property
    def _scorer(self) -> Scorer:
        return load_scorer(self.info, self._device, settings=self._settings)

    def scores(self, queries: Sequence[str], texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Of pairs; those of one query stand together. -> (n,)"""
        budget = budget_of(self._device, self._settings)
        found = np.empty(len(queries), np.float32)
        for start in range(0, len(queries), _PAIRS):
            part = slice(start, start + _PAIRS)
            found[part] = encode_all(self._scorer.tokenise(queries[part], texts[part]), budget, 1).vectors[:, 0]
        return found


@dataclass(frozen=True, eq=False)
class Rerank:
    name: str
    scoring: Scoring
    first: System

    @property
    def revision(self) -> str:
        return f"{self.scoring.info.revision}@{RERANKED}({self.first.revision})"

    def over(self, collection: Collection) -> RerankIndex:
        return RerankIndex(self.scoring, self.first.over(collection), collection.corpus)


@dataclass(frozen=True, eq=False)
class RerankIndex(Listing):
    scoring: Scoring
    first: Ranker
    corpus: Sequence[str]

    def lists(self, queries: Sequence[str]) -> TopK:
        found = self.first.lists(queries)
        head = np.sort(found.indices[:, :RERANKED], axis=1)  # ties go to the smaller place
        rows, columns = np.nonzero(head >= 0)
        scores = np.full(head.shape, -np.inf, np.float32)
        scores[rows, columns] = self.scoring.scores(
            [queries[row] for row in rows.tolist()], [self.corpus[place] for place in head[rows, columns].tolist()]
        )
        order = np.argsort(-scores, axis=1, kind="stable")
        indices = np.concatenate([np.take_along_axis(head, order, 1), found.indices[:, RERANKED:]], axis=1)
        # What follows keeps its order: below the last that was read, one step a place.
        best = np.take_along_axis(scores, order, 1)
        least = np.where(np.isfinite(best), best, np.inf).min(1, initial=np.inf, keepdims=True)
        rest = least - 1 - np.arange(found.k - head.shape[1], dtype=np.float32)
        rest = np.where(found.indices[:, RERANKED:] >= 0, rest, -np.inf)
        return TopK(indices, np.concatenate([best, rest], axis=1).astype(np.float32))
