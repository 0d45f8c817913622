"""A sparse matrix with the two products that logistic regression needs, in numpy (scipy is no dependency of ours)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["Sparse"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sparse:
    """Rows one after the other: `columns` and `values` of row i stand at starts[i]..starts[i + 1]."""

    starts: Ints
    columns: Ints
    values: Doubles
    width: int

    @classmethod
    def of(cls, rows: Sequence[tuple[Sequence[int], Sequence[float]]], width: int) -> Sparse:
        """Rows as (columns, values)."""
        lengths = [len(columns) for columns, _ in rows]
        return cls(
            np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)]).astype(np.intp),
            np.fromiter((c for columns, _ in rows for c in columns), np.intp, sum(lengths)),
            np.fromiter((v for _, values in rows for v in values), np.float64, sum(lengths)),
            width,
        )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.starts) - 1, self.width

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | Ints) -> Sparse:
        """Some of the rows."""
        rows = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        lengths = np.diff(self.starts)[rows]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[rows] - (ends - lengths), lengths)
        return Sparse(
            np.concatenate([[0], ends]).astype(np.intp), self.columns[places], self.values[places], self.width
        )

    @cached_property
    def T(self) -> Sparse:
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(np.bincount(self.columns, minlength=self.width))])
        return Sparse(starts.astype(np.intp), rows[order], self.values[order], len(self.starts) - 1)

    def __matmul__(self, dense: Doubles) -> Doubles:
        """(n, width) @ (width, k) -> (n, k)

        >>> Sparse.of([([0, 2], [1.0, 2.0]), ([], [])], 3) @ np.eye(3)
        array([[1., 0., 2.],
               [0., 0., 0.]])
        """
        out = np.zeros((len(self.starts) - 1, dense.shape[1]))
        filled = np.flatnonzero(np.diff(self.starts))  # reduceat gives an empty row the one that follows, not zero
        if len(filled):
            products = dense[self.columns] * self.values[:, None]
            out[filled] = np.add.reduceat(products, self.starts[:-1][filled], axis=0)
        return out
