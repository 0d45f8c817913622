"""What the small scorer has learned, as trained and as kept on disk, and the tables a loaded one looks up.

A subword is seen in three ways: by the small encoder's vector (as it is), and by two learned projections of it, one for
subwords of questions (P) and one for those of texts (R). Both have a gate: how much the subword counts in a sum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.vectors.small.table import Table

__all__ = ["Subwords", "Tables", "Weights", "tables"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]

_BLOCK = 8192  # subwords that are projected at a time
_HIGHEST = 4.0  # of a gate, before the exponential


@dataclass(frozen=True, eq=False)
class Weights:
    """ask, tell (256, dims): P and R; the first `split` dimensions meet subword by subword. ask_gate, tell_gate (257,): of the
    vector and of the logarithm of its length. mean, deviation (features,): what features are centred and divided by. hidden
    (features, units), hidden_bias and out (units,), straight (features,): the network over them. platt (2,): slope and bias
    of the calibration.
    """

    ask: Floats
    tell: Floats
    ask_gate: Floats
    tell_gate: Floats
    split: npt.NDArray[np.int64]
    mean: Floats
    deviation: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    straight: Floats
    platt: npt.NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Weights:
        from safetensors.numpy import load_file

        found: dict[str, Any] = load_file(path)
        return cls(**{name: array.astype(np.float32) if array.ndim == 2 else array for name, array in found.items()})

    def write(self, path: Path) -> None:
        """The large matrices in half precision."""
        from safetensors.numpy import save_file

        arrays = {name: array.astype(np.float16) if array.ndim == 2 else array for name, array in asdict(self).items()}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
        path.chmod(0o644)  # safetensors writes for the owner alone


@dataclass(frozen=True, eq=False)
class Subwords:
    """The encoder's table: codes (subwords, 256) whole numbers, lengths (subwords,) of the vectors, inverse (subwords,) one by
    the length of the codes.
    """

    codes: Bytes
    lengths: Floats
    inverse: Floats

    @classmethod
    def of(cls, table: Table) -> Subwords:
        """Levels become whole numbers up to 127, so that a sum of products is exact in any order."""
        base, bytes_ = len(table.levels), np.arange(256)
        levels = np.rint(table.levels * (127 / np.abs(table.levels).max())).astype(np.int8)
        numbers = np.stack([levels[bytes_ // base**place % base] for place in range(table.in_a_byte)], axis=1)
        codes = numbers.take(table.codes, axis=0).reshape(len(table.codes), table.dim)
        length = np.empty(len(codes), np.float32)
        for start in range(0, len(codes), _BLOCK):
            part = codes[start : start + _BLOCK].astype(np.float32)
            length[start : start + _BLOCK] = np.sqrt(np.einsum("ij,ij->i", part, part))
        unscaled = np.abs(table.levels).max() / 127
        lengths = length * unscaled * table.scales.astype(np.float32)
        return cls(
            codes, np.maximum(lengths, 0.1).astype(np.float32), (1 / np.maximum(length, 1e-9)).astype(np.float32)
        )

    def unit(self, rows: slice | npt.NDArray[np.int64]) -> Floats:
        """Vectors of length one. -> (rows, 256)"""
        found: Floats = self.codes[rows].astype(np.float32) * self.inverse[rows][:, None]
        return found


@dataclass(frozen=True, eq=False)
class Tables:
    """Of every subword: asked, told (subwords, dims) its projections as whole numbers, `scale` times what they are; ask_gate,
    tell_gate (subwords,).
    """

    asked: Bytes
    told: Bytes
    ask_gate: Floats
    tell_gate: Floats
    scale: float  # of asked times that of told


def tables(weights: Weights, subwords: Subwords) -> Tables:
    """Projects the whole vocabulary, once for a process."""
    count, dims = len(subwords.codes), weights.ask.shape[1]
    sides = []
    for matrix, gate in ((weights.ask, weights.ask_gate), (weights.tell, weights.tell_gate)):
        scale = 127 / (1.05 * _largest(matrix, subwords))
        rounded, gates = np.empty((count, dims), np.int8), np.empty(count, np.float32)
        for start in range(0, count, _BLOCK):
            rows = slice(start, start + _BLOCK)
            unit = subwords.unit(rows)
            rounded[rows] = np.clip(np.rint(unit @ matrix * scale), -127, 127)
            open_ = unit @ gate[:-1] + gate[-1] * np.log(subwords.lengths[rows])
            gates[rows] = np.exp(np.clip(open_, -6.0, _HIGHEST))
        sides.append((rounded, gates, scale))
    (asked, ask_gate, one), (told, tell_gate, other) = sides
    return Tables(asked, told, ask_gate, tell_gate, float(one * other))


def _largest(matrix: Floats, subwords: Subwords) -> float:
    """About the largest number in the projection, from every 29th subword; rarer ones are cut."""
    return float(np.abs(subwords.unit(np.arange(0, len(subwords.codes), 29)) @ matrix).max())
