"""BM25 with the analyzer of the collection's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faquarry.retrieval.analyzer import VERSION
from faquarry.retrieval.bm25 import BM25
from faquarry.robustness.collection import Collection
from faquarry.robustness.systems.ranker import DEPTH, Listing
from faquarry.vectors.search import TopK

__all__ = ["Lexical"]

_K1, _B = 0.9, 0.4


@dataclass(frozen=True)
class Lexical:
    name: str = "bm25"

    @property
    def revision(self) -> str:
        return f"analyzer-{VERSION}-k1-{_K1}-b-{_B}"

    def over(self, collection: Collection) -> LexicalIndex:
        return LexicalIndex(BM25(collection.corpus, collection.language, k1=_K1, b=_B))


@dataclass(frozen=True, eq=False)
class LexicalIndex(Listing):
    """Texts without a word of the query are not in its list."""

    index: BM25

    def lists(self, queries: Sequence[str]) -> TopK:
        numbers, scores = self.index.search(queries, DEPTH)
        return TopK(numbers.astype(np.int64), np.where(numbers < 0, -np.inf, scores).astype(np.float32))
