"""The ratio margin and mutual neighbours (method.md §5; Artetxe and Schwenk, 2019).

    m(x, y) = cos(x, y) / ( Σ_{z ∈ NN_k(x)} cos(x, z) / 2k + Σ_{z ∈ NN_k(y)} cos(z, y) / 2k )

A cosine says little alone: a question that is close to everything is close to its translation, too. The margin asks how
much closer. The lists must be over the whole corpus: the mean over the lists of shards is not the mean over the list.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faquarry.bitext.side import Ints
from faquarry.vectors.search import TopK

__all__ = ["mean_scores", "mutual", "ratio_margin"]

Floats = npt.NDArray[np.float64]


def mean_scores(lists: TopK) -> Floats:
    """The mean cosine of each list, over as many as there are (a language of three pairs has no four neighbours)."""
    there = lists.indices >= 0
    total = np.where(there, lists.scores, 0.0).astype(np.float64).sum(axis=1)
    found: Floats = total / np.maximum(there.sum(axis=1), 1)
    return found


def ratio_margin(similarity: Floats, i: Ints, j: Ints, forth: TopK, back: TopK) -> Floats:
    """The margin of left i and right j, given their cosine and the neighbour lists of both sides.

    A neighbourhood that is not positive on average says nothing: the margin is then 0.
    """
    mean = (mean_scores(forth)[i] + mean_scores(back)[j]) / 2
    return np.divide(similarity, mean, out=np.zeros(len(similarity)), where=mean > 1e-6)


def mutual(i: Ints, j: Ints, forth: TopK, back: TopK) -> npt.NDArray[np.bool_]:
    """Whether left i and right j are each other's nearest neighbour."""
    if not len(i):
        return np.zeros(0, dtype=np.bool_)
    found: npt.NDArray[np.bool_] = (forth.indices[i, 0] == j) & (back.indices[j, 0] == i)
    return found
