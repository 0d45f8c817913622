"""Which questions of a site and language say the same: all cosines, a tile at a time.

A site's questions are cut into tiles of bounded size, and every two tiles are compared somewhere; a tile hands on a
spanning forest of what is alike in it, never all its pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faquarry.dedup.components import spanning_forest
from faquarry.vectors.halves import matrix_of

__all__ = ["COSINES", "EDGES", "TILE_ROWS", "alike", "compare_tiles", "cosines"]

TILE_ROWS = 2048
EDGES = pa.schema([("id1", pa.string()), ("id2", pa.string())])
COSINES = pa.schema([("id1", pa.string()), ("id2", pa.string()), ("similarity", pa.float32())])

_TILE = ("place", "low", "high")
# float32 products differ in their last bits with the shape of the matrix; what is this close is decided in float64.
_UNSURE = 1e-4
_STRIP = 512

Vectors = npt.NDArray[np.float32]
Pairs = npt.NDArray[np.int64]


def alike(first: Vectors, second: Vectors | None, threshold: float) -> Pairs:
    """Row numbers (of `first`, of `second`) whose cosine reaches the threshold; within `first` when there is no second,
    each pair once. Vectors are of unit length. -> (pairs, 2)"""
    found = []
    other = first if second is None else second
    for start in range(0, len(first), _STRIP):
        scores = first[start : start + _STRIP] @ other.T
        rows, columns = np.nonzero(scores >= threshold - _UNSURE)
        close = scores[rows, columns]
        rows = rows + start
        keep = close >= threshold + _UNSURE
        unsure = np.flatnonzero(~keep)
        keep[unsure] = _exact(first[rows[unsure]], other[columns[unsure]]) >= threshold
        if second is None:
            keep &= rows < columns
        found.append(np.stack([rows[keep], columns[keep]], axis=1))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def compare_tiles(batches: Iterable[pa.RecordBatch], threshold: float) -> Iterator[pa.RecordBatch]:
    """Rows (place, low, high, tile, id, vector), those of one (place, low, high) together -> edges of a forest.

    A row belongs to tile `low` or `high`; equal ones mean that a tile is compared with itself.
    """
    for rows in _tiles(batches):
        ids = rows.column("id")
        vectors = matrix_of(rows.column("vector"))
        low, high = rows.column("low")[0].as_py(), rows.column("high")[0].as_py()
        if low == high:
            pairs = alike(vectors, None, threshold)
        else:
            tile = rows.column("tile").to_numpy()
            mine, others = np.flatnonzero(tile == low), np.flatnonzero(tile == high)
            pairs = alike(vectors[mine], vectors[others], threshold)
            pairs = np.stack([mine[pairs[:, 0]], others[pairs[:, 1]]], axis=1)
        if len(pairs):
            pairs = pairs[spanning_forest(pairs[:, 0], pairs[:, 1], len(ids))]
            yield from _edges(ids, pairs)


def cosines(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pairs with their vectors (id1, id2, vector1, vector2) -> their cosine."""
    for batch in batches:
        if batch.num_rows:
            scores = _exact(matrix_of(batch.column("vector1")), matrix_of(batch.column("vector2")))
            similarity = pa.array(np.clip(scores, -1, 1).astype(np.float32))
            yield pa.RecordBatch.from_arrays([batch.column("id1"), batch.column("id2"), similarity], schema=COSINES)


def _exact(first: Vectors, second: Vectors) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.einsum("ij,ij->i", first.astype(np.float64), second.astype(np.float64))
    return found


def _tiles(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Consecutive rows of one (place, low, high), across batches."""
    waiting: list[pa.RecordBatch] = []
    key: tuple[int, ...] | None = None
    for batch in batches:
        columns = [batch.column(name).to_numpy() for name in _TILE]
        changes = np.zeros(batch.num_rows, bool)
        for column in columns:
            changes[1:] |= column[1:] != column[:-1]
        starts = [0, *np.flatnonzero(changes).tolist()] if batch.num_rows else []
        for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=False):
            this = tuple(int(column[start]) for column in columns)
            if this != key and waiting:
                yield pa.Table.from_batches(waiting).combine_chunks()
                waiting = []
            key = this
            waiting.append(batch.slice(start, end - start))
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _edges(ids: pa.ChunkedArray, pairs: Pairs) -> Iterator[pa.RecordBatch]:
    sides = (ids.take(pa.array(pairs[:, side])) for side in (0, 1))
    yield from pa.table(list(sides), schema=EDGES).combine_chunks().to_batches()
