"""Neighbours with faiss: exact (flat), and approximate (inverted file) for corpora that are too large to be compared whole.

An inverted file puts the corpus into `cells` by k-means and looks at the `probes` cells nearest to a query. What is lost is
measured: `benchmarks/align.py` gives its recall against exact search.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from faquarry.errors import MissingExtra, UsageError
from faquarry.vectors.search import Sweep, TopK, Vectors

__all__ = ["FaissNeighbours", "IvfNeighbours"]


def _faiss() -> Any:
    try:
        return import_module("faiss")
    except ImportError as error:
        raise MissingExtra("faiss-cpu", "models", "Approximate search") from error


class FaissNeighbours:
    """Exact search with faiss' own tiles; two products for both directions."""

    def topk(self, queries: Vectors, corpus: Vectors, k: int) -> TopK:
        return _searched(self._index(_dense(corpus)), queries, k)

    def both(self, left: Vectors, right: Vectors, k: int) -> tuple[TopK, TopK]:
        return self.topk(left, right, k), self.topk(right, left, k)

    def sweep(self, left: Vectors, k: int) -> Sweep:
        raise UsageError("faiss compares whole sides: sweep with numpy or torch.")

    def _index(self, corpus: Any) -> Any:
        index = _faiss().IndexFlatIP(corpus.shape[1])
        index.add(corpus)
        return index


class IvfNeighbours(FaissNeighbours):
    """Approximate search. `cells` None: four times the root of the corpus; seeded, so that the same data give the same lists.

    A corpus of fewer than `exact_below` vectors is searched exactly: an inverted file would gain nothing.
    """

    def __init__(self, cells: int | None = None, probes: int = 16, exact_below: int = 20_000) -> None:
        self.cells, self.probes, self.exact_below = cells, probes, exact_below

    def _index(self, corpus: Any) -> Any:
        if len(corpus) < self.exact_below:
            return super()._index(corpus)
        faiss = _faiss()
        cells = self.cells or max(1, int(4 * len(corpus) ** 0.5))
        quantizer = faiss.IndexFlatIP(corpus.shape[1])
        index = faiss.IndexIVFScalarQuantizer(
            quantizer, corpus.shape[1], cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.seed, index.cp.niter = 20, 8
        sample = corpus[:: max(1, len(corpus) // (cells * 40))]
        index.train(np.ascontiguousarray(sample))
        index.add(corpus)
        index.nprobe = self.probes
        return index


def _dense(vectors: Vectors) -> Any:
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _searched(index: Any, queries: Vectors, k: int) -> TopK:
    step = 8192
    found = [index.search(_dense(queries[start : start + step]), k) for start in range(0, len(queries), step)]
    if not found:
        return TopK(np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32))
    scores = np.concatenate([part[0] for part in found])
    indices = np.concatenate([part[1] for part in found]).astype(np.int64)
    return TopK(indices, np.where(indices < 0, -np.inf, scores).astype(np.float32))
