"""A table of vectors in two or four bits a number, and back.

Each row is divided by a scale of its own, each number becomes the nearest of 4 or 16 levels. The levels are those that lose
least for the numbers at hand (Lloyd, "Least squares quantization in PCM", 1982): a bag of n subwords averages their n
independent errors, so what is lost in a row hardly shows in a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["Table", "normal_levels", "pack"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """Vectors in codes: (rows, dim · bits / 8) bytes, a scale a row, the 2^bits levels."""

    codes: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float16]
    levels: Floats

    @property
    def in_a_byte(self) -> int:
        """Numbers that a byte of codes stands for."""
        return 8 // (len(self.levels).bit_length() - 1)

    @property
    def dim(self) -> int:
        return int(self.codes.shape[1]) * self.in_a_byte

    def unpack(self) -> Floats:
        """-> (rows, dim)"""
        # A byte stands for two or four numbers: one look-up in a table of 256 gives them all.
        base = len(self.levels)
        bytes_ = np.arange(256)
        numbers = np.stack([self.levels[bytes_ // base**place % base] for place in range(self.in_a_byte)], axis=1)
        found: Floats = numbers.take(self.codes, axis=0).reshape(len(self.codes), self.dim)
        found *= self.scales.astype(np.float32)[:, None]
        return found


def pack(vectors: Floats, bits: int = 4, sweeps: int = 20, sample: int = 4096) -> Table:
    """Quantises (rows, dim) vectors.

    Args:
        vectors: the table; `dim` is a multiple of the numbers that a byte holds.
        bits: 2 or 4.
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
    levels = _fitted(scaled[shown].ravel(), 2**bits, sweeps)
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, scaled.ravel()).reshape(vectors.shape)
    # With the codes known, the scale that loses least is the projection of the row on its levels.
    chosen = levels[codes]
    best = np.einsum("ij,ij->i", vectors, chosen) / np.einsum("ij,ij->i", chosen, chosen)
    shifts = np.arange(0, 8, bits)
    packed = np.left_shift(codes.reshape(len(codes), -1, len(shifts)), shifts).sum(axis=2).astype(np.uint8)
    return Table(packed, np.where(used, best, 0).astype(np.float16), levels)


def normal_levels(bits: int) -> Floats:
    """The levels for numbers of a normal distribution of variance 1.

    >>> [f"{level:.2f}" for level in normal_levels(2)]
    ['-1.51', '-0.45', '0.45', '1.51']
    """
    shares = (np.arange(20_000) + 0.5) / 20_000
    numbers = np.array([NormalDist().inv_cdf(share) for share in shares], np.float32)
    return _fitted(numbers, 2**bits, 200)


def _fitted(numbers: Floats, count: int, sweeps: int) -> Floats:
    """The `count` levels with the least squared error over `numbers`."""
    levels = np.quantile(numbers, (np.arange(count) + 0.5) / count).astype(np.float64)
    ordered = np.sort(numbers.astype(np.float64))
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    for _ in range(sweeps):
        cuts = np.concatenate(([0], np.searchsorted(ordered, (levels[1:] + levels[:-1]) / 2), [len(ordered)]))
        counts = np.diff(cuts)
        levels = np.where(counts > 0, np.diff(sums[cuts]) / np.maximum(counts, 1), levels)
    return levels.astype(np.float32)
