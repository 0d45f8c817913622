"""Whether a difference between two systems is more than chance: paired tests over queries that may come in clusters.

Questions about one paragraph, or of one site, rise and fall together: drawing them one by one claims more than the data
say. So whole clusters are drawn (bootstrap, Efron 1979) and whole clusters change sign (randomisation test, Fisher 1935).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DRAWS", "POWER", "Difference", "difference", "flipped", "holm", "resampled"]

Floats = npt.NDArray[np.float64]
Clusters = Sequence[object] | npt.NDArray[np.generic]

DRAWS = 10_000
POWER = 2.8
"""Standard errors that a difference must measure to be told from none in four cases of five (1.96 + 0.84)."""
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
    clusters: Clusters | None = None,
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
    means = resampled(change[:, None], clusters, draws=draws, seed=seed)[:, 0]
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(
        float(change.mean()),
        float(low),
        float(high),
        flipped(change, clusters, draws=draws, seed=seed),
        POWER * float(means.std()),
        len(change),
        len(change) if clusters is None else len(np.unique(np.asarray(clusters))),
    )


def _a_query(values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    return found.mean(0) if found.ndim > 1 else found


def resampled(values: Floats, clusters: Clusters | None, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Means of some columns over clusters drawn with replacement, the same clusters for all. (n, m) → (draws, m)

    What is computed from the means of a draw (a difference, a ratio) has its bootstrap distribution over the draws.
    """
    sums, counts = _summed(values, clusters)
    both = np.concatenate([sums, counts[:, None]], axis=1)
    draw, size = np.random.default_rng(seed), len(sums)
    found = np.empty((draws, values.shape[1]))
    step = max(1, _AT_ONCE // size)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        drawn = draw.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
        times = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
        total = times.astype(np.float64) @ both
        found[start : start + rows] = total[:, :-1] / total[:, -1:]
    return found


def flipped(change: Floats, clusters: Clusters | None, *, draws: int = DRAWS, seed: int = 0) -> float:
    """The two-sided p of a sign-flip test: how often the sum is as far from 0 with the sign of each cluster at random."""
    sums = _summed(change[:, None], clusters)[0][:, 0]
    bar, draw, size = abs(sums.sum()) * (1 - 1e-12), np.random.default_rng([seed, 1]), len(sums)
    at_least, step = 0, max(1, _AT_ONCE // size)
    for start in range(0, draws, step):
        bits = draw.integers(0, 2, (min(step, draws - start), size), dtype=np.int8)
        # Signs are 1 - 2 * bits: a product with the bits is all it takes.
        at_least += int(np.count_nonzero(np.abs(sums.sum() - 2 * (bits.astype(np.float32) @ sums)) >= bar))
    return (at_least + 1) / (draws + 1)


def _summed(values: Floats, clusters: Clusters | None) -> tuple[Floats, Floats]:
    """Sums of each cluster by column, and its queries. -> (clusters, m), (clusters,)"""
    if clusters is None:
        return values, np.ones(len(values))
    _, of = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.stack([np.bincount(of, column) for column in values.T], axis=1)
    return np.asarray(sums, np.float64), np.bincount(of).astype(np.float64)


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
