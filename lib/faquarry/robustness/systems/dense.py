"""Dense retrieval: exact cosine of float16 vectors, over all texts.

A product of two float16 numbers is a multiple of 2⁻⁴⁸, so that float64 adds those of two unit vectors without rounding:
equal texts score alike whatever is computed beside them, and ties are ties. Small collections are one product in float64;
large ones go through `faquarry.vectors.search` in tiles, whose lists are rescored so.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.measures import BEYOND, places_in
from faquarry.robustness.collection import Collection
from faquarry.robustness.systems.encoding import Encoding, Halves
from faquarry.robustness.systems.ranker import DEPTH, Ranker, ordered
from faquarry.vectors.search import SLACK, Sweep, TopK, neighbours, rescored
from faquarry.vectors.topk_numpy import NumpyNeighbours, NumpySweep

__all__ = ["Dense", "Ints", "LargeIndex", "SmallIndex", "exact", "searched"]

Ints = npt.NDArray[np.int64]

SMALL = 8192
"""Texts of a collection that is searched by one product."""

_CELLS = 4_000_000  # scores at a time: they stay near the core
_ROWS, _COLUMNS = 4096, 4096  # of a tile
_GPU_COLUMNS = 16_384
_FIRST = 512  # texts of the first one: as long as lists are not full, every score enters them


@dataclass(frozen=True, eq=False)
class Dense:
    """An encoder; questions and texts are encoded as the model's fields `question` and `answer`."""

    name: str
    encoding: Encoding

    @property
    def revision(self) -> str:
        return self.encoding.info.revision

    def over(self, collection: Collection) -> Ranker:
        corpus = self.encoding.vectors(collection.corpus, "answer")
        return (SmallIndex if len(corpus) <= SMALL else LargeIndex)(self.encoding, corpus)


@dataclass(frozen=True, eq=False)
class SmallIndex:
    """All scores of some queries at a time. Memory: the vectors in float64, and `_CELLS` scores."""

    encoding: Encoding
    corpus: Halves

    def scores(self, queries: Sequence[str]) -> npt.NDArray[np.float64]:
        """Exact cosines. -> (n, texts)"""
        return self._scores(self.encoding.vectors(queries, "question"), self.corpus.astype(np.float64).T)

    def lists(self, queries: Sequence[str]) -> TopK:
        vectors, columns = self.encoding.vectors(queries, "question"), self.corpus.astype(np.float64).T
        parts = [ordered(self._scores(part, columns), DEPTH) for part in self._parts(vectors)]
        return TopK(np.concatenate([one.indices for one in parts]), np.concatenate([one.scores for one in parts]))

    def places(self, queries: Sequence[str], documents: Ints) -> Ints:
        """Counted, not sorted: how many texts score higher, or alike and stand before."""
        vectors, columns = self.encoding.vectors(queries, "question"), self.corpus.astype(np.float64).T
        found = np.full(documents.shape, BEYOND, np.int64)
        order, done = np.arange(len(self.corpus)), 0
        for part in self._parts(vectors):
            scores, wanted = self._scores(part, columns), documents[done : done + len(part)]
            for column in range(documents.shape[1]):
                one = wanted[:, column]
                mine = np.take_along_axis(scores, np.maximum(one, 0)[:, None], 1)
                above = (scores > mine).sum(1) + ((scores == mine) & (order < one[:, None])).sum(1)
                found[done : done + len(part), column] = np.where((one >= 0) & (above < DEPTH), above, BEYOND)
            done += len(part)
        return found

    def _parts(self, vectors: Halves) -> list[Halves]:
        step = max(1, _CELLS // max(1, len(self.corpus)))
        return [vectors[start : start + step] for start in range(0, max(1, len(vectors)), step)]

    @staticmethod
    def _scores(vectors: Halves, columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = vectors.astype(np.float64) @ columns
        return found


@dataclass(frozen=True, eq=False)
class LargeIndex:
    """Memory: the vectors in float16, the queries' in float32, and a tile of scores."""

    encoding: Encoding
    corpus: Halves

    def lists(self, queries: Sequence[str]) -> TopK:
        return exact(self.encoding.vectors(queries, "question"), self.corpus, self.encoding.device)

    def places(self, queries: Sequence[str], documents: Ints) -> Ints:
        return places_in(self.lists(queries).indices, documents)


def exact(queries: Halves, corpus: Halves, device: str = "cpu") -> TopK:
    """The best `DEPTH` of a corpus by exact cosine."""
    search = searched(queries, corpus, device)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: TopK = end.value
            return found


def searched(queries: Halves, corpus: Halves, device: str = "cpu") -> Generator[slice, None, TopK]:
    """`exact`, block by block of the corpus: yields what of it was searched, returns what was found."""
    engine = neighbours("auto", device)
    columns = _COLUMNS if isinstance(engine, NumpyNeighbours) else _GPU_COLUMNS
    sweep: Sweep
    if isinstance(engine, NumpyNeighbours):  # whose sweeps find the lists of one side only where they are told to
        sweep = NumpySweep(queries, DEPTH + SLACK, _ROWS, backwards=False)
    else:
        sweep = engine.sweep(queries, DEPTH + SLACK)
    done, width = 0, _FIRST
    while done < len(corpus):
        block = slice(done, min(len(corpus), done + width))
        sweep.add(corpus[block])
        done, width = block.stop, columns
        yield block
    return rescored(sweep.done(), queries, corpus, DEPTH)
