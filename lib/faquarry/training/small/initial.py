"""A first guess at the vectors, in closed form: which groups a subword stands in, whatever the language.

Subword × group counts, positive pointwise mutual information, the leading singular vectors (cross-lingual latent semantic
indexing by inverted indexing, Søgaard et al. 2015; randomised as in Halko, Martinsson & Tropp 2011). Rare subwords, which
gradients hardly touch, start at the place of the sentences they occur in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.training.small.texts import Texts

if TYPE_CHECKING:
    import torch

__all__ = ["first_vectors"]

_SMOOTH = 1e-4  # a / (a + frequency): the weighting of Arora, Liang & Ma (2017)
_OVERSAMPLED = 32

_Ints = npt.NDArray[np.int64]


def first_vectors(texts: Texts, size: int, dim: int, seed: int) -> npt.NDArray[np.float32]:
    """-> (size, dim); rows of unit length times their weight, zero for subwords that do not occur."""
    import torch

    group = np.repeat(texts.group, np.diff(texts.offsets)).astype(np.int64)
    groups = int(texts.group.max()) + 1
    cells, counts = np.unique(texts.ids.astype(np.int64) * groups + group, return_counts=True)
    row, column = np.divmod(cells, groups)
    of_row = np.bincount(row, counts, size)
    of_column = np.bincount(column, counts, groups)
    total = of_row.sum()
    information = np.log(counts * total / (of_row[row] * of_column[column]))
    kept = information > 0
    row, column, information = row[kept], column[kept], information[kept]
    lengths = np.sqrt(np.bincount(row, information**2, size))
    values = (information / np.sqrt(lengths[row])).astype(np.float32)
    by_row = _Sparse(row, column, values, size)
    turn_order = np.argsort(column, kind="stable")
    by_column = _Sparse(column[turn_order], row[turn_order], values[turn_order], groups)
    start = np.random.default_rng(seed).standard_normal((groups, dim + _OVERSAMPLED)).astype(np.float32)
    basis = torch.from_numpy(start)
    for _ in range(2):  # the second round makes the leading directions stand out of the rest
        rows = torch.linalg.qr(by_row.times(basis)).Q
        product = by_column.times(rows)
        basis = torch.linalg.qr(product).Q
    basis = product
    squares, turn = torch.linalg.eigh((basis.T @ basis).double())  # ascending
    scale = squares[-dim:].clamp_min(0) ** 0.25
    vectors = (rows @ (turn[:, -dim:] * scale).float()).numpy()
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    vectors *= (_SMOOTH / (_SMOOTH + of_row / total) * (of_row > 0))[:, None]
    return np.ascontiguousarray(vectors, np.float32)


class _Sparse:
    """A matrix whose product with a dense one is a sum over weighted bags of its rows: the kernel that torch has tuned."""

    def __init__(self, row: _Ints, column: _Ints, values: npt.NDArray[np.float32], rows: int) -> None:
        """Entries in the order of their rows."""
        import torch

        self._column, self._values = torch.from_numpy(column), torch.from_numpy(values)
        self._begins = torch.from_numpy(np.searchsorted(row, np.arange(rows)))

    def times(self, dense: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import embedding_bag

        return embedding_bag(self._column, dense, self._begins, mode="sum", per_sample_weights=self._values)
