"""Nearest neighbours by cosine: exact, in tiles, in both directions at once.

A neighbour list is ordered by (score, then index), best first, and lists over parts of a corpus merge to the list over
the whole, in any order and grouping. Three engines find the lists (numpy, torch, faiss); they work in float32, whose
last bits depend on the shape of a product. So they look for a few neighbours more than are wanted, and `rescored` gives
those their exact cosine: a product of two float16 numbers is a multiple of 2⁻⁴⁸, so that float64 adds the products of two
unit vectors without any rounding. What comes out is the same whatever the tiles, the engine and the order of additions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "SLACK",
    "Engine",
    "Neighbours",
    "Sweep",
    "TopK",
    "dots",
    "empty",
    "merge",
    "neighbours",
    "rescored",
    "shifted",
]

Vectors = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Engine = Literal["auto", "numpy", "torch", "faiss"]

SLACK = 4
"""Neighbours looked for beyond k, so that the k best by exact cosine are among them."""

_RESCORED_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class TopK:
    """The best of a corpus for each query, best first. Both (n, k); where the corpus has fewer: index -1, score -inf."""

    indices: Ints
    scores: Floats

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def k(self) -> int:
        return int(self.indices.shape[1])


class Sweep(Protocol):
    """One side held, the other passing by."""

    def add(self, right: Vectors) -> TopK:
        """The k best of the left side for each of a further block of the right one."""
        ...

    def done(self) -> TopK:
        """The k best of all blocks so far for each of the left side."""
        ...


class Neighbours(Protocol):
    """Finds nearest neighbours by inner product (of unit vectors: the cosine), exactly up to float32."""

    def topk(self, queries: Vectors, corpus: Vectors, k: int) -> TopK:
        """The k best of `corpus` (m, dim) for each of `queries` (n, dim)."""
        ...

    def both(self, left: Vectors, right: Vectors, k: int) -> tuple[TopK, TopK]:
        """The k best of `right` for each of `left`, and of `left` for each of `right`."""
        ...

    def sweep(self, left: Vectors, k: int) -> Sweep:
        """As `both`, with a right side that comes block by block."""
        ...


def neighbours(engine: Engine = "auto", device: str = "cpu") -> Neighbours:
    """The engine for a device: numpy on CPUs (one product serves both directions), torch on GPUs, unless one is named.

    Raises:
        MissingExtra: the engine's package is not installed.
    """
    if engine == "faiss":
        from faquarry.vectors.topk_faiss import FaissNeighbours

        return FaissNeighbours()
    if engine == "torch" or (engine == "auto" and device != "cpu"):
        from faquarry.vectors.topk_torch import TorchNeighbours

        return TorchNeighbours(device)
    from faquarry.vectors.topk_numpy import NumpyNeighbours

    return NumpyNeighbours()


def empty(n: int, k: int) -> TopK:
    """Lists of n queries that have seen nothing yet: the neutral element of `merge`."""
    return TopK(np.full((n, k), -1, dtype=np.int64), np.full((n, k), -np.inf, dtype=np.float32))


def merge(one: TopK, other: TopK) -> TopK:
    """The k best of two parts of a corpus. Associative and commutative; an index stands once in the result.

    >>> a = TopK(np.array([[3, 7]]), np.array([[0.9, 0.2]], dtype=np.float32))
    >>> b = TopK(np.array([[5, 1]]), np.array([[0.9, 0.5]], dtype=np.float32))
    >>> merge(a, b).indices.tolist()
    [[3, 5]]
    """
    indices = np.concatenate([one.indices, other.indices], axis=1)
    scores = np.concatenate([one.scores, other.scores], axis=1)
    return _ordered(indices, scores, max(one.k, other.k))


def shifted(lists: TopK, offset: int) -> TopK:
    """The lists of a part of a corpus as lists of the corpus, in which the part begins at `offset`."""
    return TopK(np.where(lists.indices < 0, -1, lists.indices + offset), lists.scores)


def rescored(lists: TopK, queries: Vectors, corpus: Vectors, k: int) -> TopK:
    """The lists by exact cosine (see the module), cut to k. `queries` and `corpus` are float16."""
    n, wide = lists.indices.shape
    rows = np.repeat(np.arange(n), wide)
    exact = dots(queries, corpus, rows, np.maximum(lists.indices, 0).ravel()).reshape(n, wide)
    scores = np.where(lists.indices < 0, -np.inf, exact).astype(np.float32)
    return _ordered(lists.indices, scores, k)


def dots(left: Vectors, right: Vectors, i: Ints, j: Ints) -> npt.NDArray[np.float64]:
    """left[i] · right[j], exactly for float16 vectors of unit length. -> (len(i),)"""
    found = np.empty(len(i), dtype=np.float64)
    step = max(1, _RESCORED_BYTES // (16 * max(1, left.shape[1])))
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        found[part] = np.einsum("nd,nd->n", left[i[part]].astype(np.float64), right[j[part]].astype(np.float64))
    return found


def _ordered(indices: Ints, scores: Floats, k: int) -> TopK:
    """Each row by (score, then index), without repeated indices, cut or filled to k."""
    n, wide = indices.shape
    rows = np.repeat(np.arange(n), wide)
    order = np.lexsort((indices.ravel(), -scores.ravel(), rows))
    flat, value = indices.ravel()[order].reshape(n, wide), scores.ravel()[order].reshape(n, wide)
    repeated = _repeats(flat)
    if repeated.any():
        flat, value = np.where(repeated, -1, flat), np.where(repeated, -np.inf, value).astype(np.float32)
        return _ordered(flat, value, k) if (flat >= 0).any() else empty(n, k)
    if wide < k:
        flat = np.pad(flat, ((0, 0), (0, k - wide)), constant_values=-1)
        value = np.pad(value, ((0, 0), (0, k - wide)), constant_values=-np.inf)
    return TopK(np.ascontiguousarray(flat[:, :k]), np.ascontiguousarray(value[:, :k]))


def _repeats(indices: Ints) -> npt.NDArray[np.bool_]:
    """Where an index stands in its row a second time (-1, which means nothing, never does)."""
    order = np.argsort(indices, axis=1, kind="stable")
    placed = np.take_along_axis(indices, order, axis=1)
    same = np.zeros(indices.shape, dtype=np.bool_)
    same[:, 1:] = (placed[:, 1:] == placed[:, :-1]) & (placed[:, 1:] >= 0)
    found = np.empty_like(same)
    np.put_along_axis(found, order, same, axis=1)
    return found
