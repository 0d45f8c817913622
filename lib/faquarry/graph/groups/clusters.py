"""Mini-Batch K-Means over vectors of documents (Sculley 2010; WebDRO, section 3.2), without Spark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MERGED", "assigned", "fitted", "names"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MERGED = "merged"
"""The group of all documents whose own group is too small. It is of all kinds, so training does not reweight it."""

_BATCH = 4_096
_ROWS = 65_536


def fitted(vectors: Floats, count: int, seed: int) -> Floats:
    """Centres of `count` clusters, fewer where there are fewer distinct vectors. (n, d) → (k, d)"""
    from sklearn.cluster import MiniBatchKMeans  # type: ignore[import-untyped]

    distinct = len(np.unique(vectors, axis=0))
    model = MiniBatchKMeans(min(count, distinct), batch_size=_BATCH, n_init=3, random_state=seed)
    found: Floats = model.fit(vectors).cluster_centers_.astype(np.float32)
    return found


def assigned(vectors: Floats, centres: Floats) -> Ints:
    """The nearest centre of each vector; of two as near the first. (n, d), (k, d) → (n,)"""
    half = (centres.astype(np.float64) ** 2).sum(1) / 2
    parts = [
        np.argmax(vectors[start : start + _ROWS] @ centres.T - half, axis=1) for start in range(0, len(vectors), _ROWS)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def names(sizes: Sequence[int], min_size: int) -> list[str]:
    """What each cluster's group is called: its number, or MERGED where it is smaller than `min_size`.

    >>> names([200, 3, 128], 128)
    ['000', 'merged', '002']
    """
    width = max(3, len(str(len(sizes) - 1)))
    return [f"{number:0{width}d}" if size >= min_size else MERGED for number, size in enumerate(sizes)]
