"""Exact neighbours with numpy: one matrix product a tile, the best of its rows and of its columns taken from it.

A tile is looked at three times: once by BLAS, and once a direction to find the few entries that can still enter a list.
What can enter is what reaches a bar: the K-th best so far, or, where nothing was seen yet, the K-th largest of the maxima
over groups of the tile, which no entry of the K best lies below. The entries that pass are few, and sorted exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faquarry.vectors.search import Floats, Ints, TopK, Vectors, empty

__all__ = ["NumpyNeighbours", "NumpySweep", "stacked"]


class NumpyNeighbours:
    """Memory: the left side and a block of the right one in float32, and one tile of `rows` x `columns` float32."""

    def __init__(self, rows: int = 4096, columns: int = 4096) -> None:
        self.rows, self.columns = rows, columns

    def topk(self, queries: Vectors, corpus: Vectors, k: int) -> TopK:
        sweep = NumpySweep(queries, k, self.rows, backwards=False)
        for start in range(0, len(corpus), self.columns):
            sweep.add(corpus[start : start + self.columns])
        return sweep.done()

    def both(self, left: Vectors, right: Vectors, k: int) -> tuple[TopK, TopK]:
        sweep = self.sweep(left, k)
        back = [sweep.add(right[start : start + self.columns]) for start in range(0, len(right), self.columns)]
        return sweep.done(), stacked(back, k)

    def sweep(self, left: Vectors, k: int) -> NumpySweep:
        return NumpySweep(left, k, self.rows)


class NumpySweep:
    """The left side in stretches of `rows`, each with the lists it has so far."""

    def __init__(self, left: Vectors, k: int, rows: int, *, backwards: bool = True) -> None:
        self.k, self.backwards = k, backwards
        self.parts = [np.asarray(left[i : i + rows], dtype=np.float32) for i in range(0, len(left), rows)]
        self.forth = [empty(len(part), k) for part in self.parts]
        self.seen = 0
        self.buffer = np.empty(0, dtype=np.float32)

    def add(self, right: Vectors) -> TopK:
        columns = np.asarray(right, dtype=np.float32).T
        back = empty(columns.shape[1], self.k)
        first = 0
        for number, part in enumerate(self.parts):
            tile = np.matmul(part, columns, out=self._tile(len(part), columns.shape[1]))
            self.forth[number] = _improved(self.forth[number], tile, self.seen, across=True)
            if self.backwards:
                back = _improved(back, tile, first, across=False)
            first += len(part)
        self.seen += columns.shape[1]
        return back

    def done(self) -> TopK:
        return stacked(self.forth, self.k)

    def _tile(self, rows: int, columns: int) -> Floats:
        if len(self.buffer) < rows * columns:
            self.buffer = np.empty(rows * columns, dtype=np.float32)
        return self.buffer[: rows * columns].reshape(rows, columns)


def _improved(lists: TopK, tile: Floats, offset: int, *, across: bool) -> TopK:
    """The lists after a tile: of its rows (`across`), whose columns begin at `offset`, or of its columns."""
    k = lists.k
    bar = lists.scores[:, -1]
    if not np.isfinite(bar).all():
        bar = np.maximum(bar, _first_bar(tile, k, across=across))
    reached = tile >= (bar[:, None] if across else bar[None, :])
    found = np.flatnonzero(reached)
    if not len(found):
        return lists
    rows, columns = np.divmod(found, tile.shape[1])
    who, what = (rows, columns) if across else (columns, rows)
    return _entered(lists, who, what + offset, tile[rows, columns])


def _first_bar(tile: Floats, k: int, *, across: bool) -> Floats:
    """A value that the k best of each row (or column) reach: the k-th largest maximum over groups.

    Groups of columns are every n-th column, groups of rows are neighbours: the shapes that numpy reduces fast.
    """
    count = tile.shape[1] if across else tile.shape[0]
    groups = min(128, count // 2)
    if groups < 2 * k:
        return np.full(tile.shape[0 if across else 1], -np.inf, dtype=np.float32)
    each = count // groups  # what is left over at the end can only raise a list above the bar
    if across:
        maxima = tile[:, : groups * each].reshape(len(tile), each, groups).max(axis=1)
    else:
        maxima = np.ascontiguousarray(tile[: groups * each].reshape(groups, each, -1).max(axis=1).T)
    place = groups - k
    return np.asarray(np.partition(maxima, place, axis=1)[:, place], dtype=np.float32)


def _entered(lists: TopK, who: Ints, what: Ints, scores: Floats) -> TopK:
    """The lists with further entries: `what` with `scores` for the list `who`.

    Tiles come in the order of the corpus and the entries of one in the order of its cells, so that of equal scores the
    one with the smaller index stands first already, and a stable sort by (list, score) is all there is to do.
    """
    k = lists.k
    counts = np.bincount(who, minlength=len(lists))
    touched = np.flatnonzero(counts)
    place = np.cumsum(counts > 0) - 1
    owner = np.concatenate([np.repeat(np.arange(len(touched)), k), place[who]])
    index = np.concatenate([lists.indices[touched].ravel(), what])
    score = np.concatenate([lists.scores[touched].ravel(), scores])
    order = np.argsort(owner.astype(np.uint64) << np.uint64(32) | _descending(score), kind="stable")
    lengths = counts[touched] + k
    starts = np.cumsum(lengths) - lengths
    best = order[(starts[:, None] + np.arange(k)).ravel()]  # every list has k entries at least: its own
    indices, values = lists.indices.copy(), lists.scores.copy()
    indices[touched] = index[best].reshape(-1, k)
    values[touched] = score[best].reshape(-1, k)
    return TopK(indices, values)


def _descending(scores: Floats) -> npt.NDArray[np.uint64]:
    """Numbers that sort as the scores do from best to worst (the order of IEEE 754 numbers as integers)."""
    bits = np.ascontiguousarray(scores, dtype=np.float32).view(np.uint32)
    negative = bits >> np.uint32(31) == 1
    return np.where(negative, bits, ~bits & np.uint32(0x7FFFFFFF)).astype(np.uint64)


def stacked(parts: list[TopK], k: int) -> TopK:
    """Lists one after the other."""
    if not parts:
        return empty(0, k)
    return TopK(np.concatenate([p.indices for p in parts]), np.concatenate([p.scores for p in parts]))
