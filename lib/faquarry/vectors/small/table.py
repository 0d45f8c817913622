"""A table of vectors in four bits a number, and back.

Each row is divided by a scale of its own, each number becomes the nearest of 16 levels. The levels are those that lose
least for the numbers at hand (Lloyd, "Least squares quantization in PCM", 1982): a bag of n subwords averages their n
independent errors, so what is lost in a row hardly shows in a text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LEVELS", "Table", "pack"]

LEVELS = 16

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """`rows` vectors of `dim` numbers: codes two to a byte (rows, dim / 2), a scale a row, the 16 levels."""

    codes: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float16]
    levels: Floats

    @property
    def dim(self) -> int:
        return self.codes.shape[1] * 2

    def unpack(self) -> Floats:
        """-> (rows, dim)"""
        # A byte stands for two numbers: one look-up of eight bytes in a table of 256 gives both.
        pairs = np.empty((256, 2), np.float32)
        pairs[:, 0] = np.tile(self.levels, LEVELS)
        pairs[:, 1] = np.repeat(self.levels, LEVELS)
        found = pairs.view(np.uint64).ravel().take(self.codes).view(np.float32)
        found *= self.scales.astype(np.float32)[:, None]
        return found


def pack(vectors: Floats, sweeps: int = 20, sample: int = 4096) -> Table:
    """Quantises (rows, dim) vectors; `dim` is even.

    Args:
        vectors: the table.
        sweeps: rounds of Lloyd's algorithm.
        sample: rows (evenly spread) that the levels are fitted on.

    >>> vectors = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
    >>> bool(np.abs(pack(vectors).unpack() - vectors).mean() < 0.1)
    True
    """
    scales = np.sqrt(np.mean(np.square(vectors, dtype=np.float64), axis=1)).astype(np.float16)
    used = scales > 0
    scaled = vectors / np.where(used, scales, 1).astype(np.float32)[:, None]
    shown = np.flatnonzero(used)[np.unique(np.linspace(0, used.sum() - 1, sample).astype(np.int64))]
    levels = _fitted(scaled[shown].ravel(), sweeps)
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, scaled.ravel()).astype(np.uint8).reshape(vectors.shape)
    # With the codes known, the scale that loses least is the projection of the row on its levels.
    chosen = levels[codes]
    best = np.einsum("ij,ij->i", vectors, chosen) / np.einsum("ij,ij->i", chosen, chosen)
    return Table(codes[:, 0::2] | codes[:, 1::2] << 4, np.where(used, best, 0).astype(np.float16), levels)


def _fitted(numbers: Floats, sweeps: int) -> Floats:
    """The 16 levels with the least squared error over `numbers`."""
    levels = np.quantile(numbers, (np.arange(LEVELS) + 0.5) / LEVELS).astype(np.float64)
    ordered = np.sort(numbers.astype(np.float64))
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    for _ in range(sweeps):
        cuts = np.concatenate(([0], np.searchsorted(ordered, (levels[1:] + levels[:-1]) / 2), [len(ordered)]))
        counts = np.diff(cuts)
        levels = np.where(counts > 0, np.diff(sums[cuts]) / np.maximum(counts, 1), levels)
    return levels.astype(np.float32)
