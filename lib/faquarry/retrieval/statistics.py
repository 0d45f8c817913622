"""Whether a difference between two systems is more than chance: paired tests over queries that may come in clusters.

Questions about one paragraph, or of one site, rise and fall together: drawing them one by one claims more than the data
say. So whole clusters are drawn (bootstrap, Efron 1979) and whole clusters change sign (randomisation test, Fisher 1935).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DRAWS", "Difference", "difference", "holm"]

Floats = npt.NDArray[np.float64]

DRAWS = 10_000
_AT_ONCE = 4_000_000  # numbers of a block of draws


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        low, high: 95 % interval, from the bootstrap.
        p: two-sided, of the sign-flip test: ``(b + 1) / (R + 1)``, so never 0.
        smallest: the smallest difference that would have been told from none (80 % power at 5 %, normal approximation).
    """

    mean: float
    low: float
    high: float
    p: float
    smallest: float
    queries: int
    clusters: int

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}], p {self.p:.4f}"


def difference(
    one: npt.ArrayLike,
    other: npt.ArrayLike | float = 0.0,
    clusters: Sequence[object] | npt.NDArray[np.generic] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Difference:
    """How much higher `one` is than `other`, over the same queries.

    Args:
        one, other: a number a query, or several (seeds) that are averaged first. (n,) or (seeds, n)
        clusters: what each query belongs to; None: each stands for itself. (n,)

    Raises:
        ValueError: there are no queries.
    """
    change = np.asarray(_a_query(one) - _a_query(other), np.float64)
    if not len(change):
        raise ValueError("there is nothing to compare")
    if clusters is None:
        sums, counts = change, np.ones(len(change))
    else:
        _, of = np.unique(np.asarray(clusters), return_inverse=True)
        sums = np.bincount(of, change).astype(np.float64)
        counts = np.bincount(of).astype(np.float64)
    draw = np.random.default_rng(seed)
    means, flipped = _resampled(sums, counts, draws, draw), _flipped(sums, draws, draw)
    low, high = np.quantile(means, (0.025, 0.975))
    at_least = int(np.count_nonzero(flipped >= abs(sums.sum()) * (1 - 1e-12)))
    error = float(means.std())
    return Difference(
        float(change.mean()), float(low), float(high), (at_least + 1) / (draws + 1), 2.8 * error, len(change), len(sums)
    )


def _a_query(values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    return found.mean(0) if found.ndim > 1 else found


def _resampled(sums: Floats, counts: Floats, draws: int, draw: np.random.Generator) -> Floats:
    """Means over clusters drawn with replacement. -> (draws,)"""
    found = np.empty(draws)
    step = max(1, _AT_ONCE // len(sums))
    for start in range(0, draws, step):
        stop = min(draws, start + step)
        rows = draw.integers(0, len(sums), (stop - start, len(sums)))
        found[start:stop] = sums[rows].sum(1) / counts[rows].sum(1)
    return found


def _flipped(sums: Floats, draws: int, draw: np.random.Generator) -> Floats:
    """Absolute sums with the sign of each cluster at random. -> (draws,)"""
    found = np.empty(draws)
    step = max(1, _AT_ONCE // len(sums))
    for start in range(0, draws, step):
        stop = min(draws, start + step)
        signs = draw.integers(0, 2, (stop - start, len(sums)), dtype=np.int8) * 2 - 1
        found[start:stop] = np.abs(signs @ sums)
    return found


def holm(values: Sequence[float]) -> list[float]:
    """p-values of a family, adjusted so that any false claim among them stays at the level (Holm 1979).

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = highest
    return adjusted
