"""Precision, recall and F1 of the aligned pairs at every threshold, from a judged sample.

Every judged pair stands for the rows of its stratum (Horvitz-Thompson weights). Recall is relative to the good pairs
among the rows that were kept: what alignment never proposed, no judge of its rows can see. Intervals are percentiles of a
bootstrap within the strata.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.judge.sample import Stratum, weights

__all__ = ["DRAWS", "AtThreshold", "Interval", "Judged", "by_threshold"]

DRAWS = 2000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with the judge's score."""

    stratum: Stratum
    similarity: float
    score: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; NaN where nothing can be said (no pair is left)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Releasing what is at least as similar as `threshold`. `pairs` is how many rows of the table that are."""

    threshold: float
    pairs: int
    judged: int
    precision: Interval
    recall: Interval
    f1: Interval


def by_threshold(
    judged: Sequence[Judged],
    sizes: Counter[Stratum],
    thresholds: Sequence[float],
    *,
    good_from: float,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[AtThreshold]:
    """One row a threshold. Strata of which nothing was judged are left out of the estimates (not of `pairs`)."""
    similarity = np.array([pair.similarity for pair in judged], dtype=np.float64)
    good = np.array([pair.score >= good_from for pair in judged], dtype=bool)
    weight = np.array(weights([pair.stratum for pair in judged], sizes), dtype=np.float64)
    strata: dict[Stratum, list[int]] = defaultdict(list)
    for number, pair in enumerate(judged):
        strata[pair.stratum].append(number)
    members = [np.array(numbers) for _, numbers in sorted(strata.items())]
    generator = np.random.default_rng(seed)
    # How often each judged pair is drawn: a multinomial within its stratum.
    counts = np.zeros((draws, len(judged)))
    for numbers in members:
        counts[:, numbers] = generator.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=draws)
    rows = []
    for threshold in thresholds:
        above = similarity >= threshold
        point = _rates(weight[None, :], good, above)
        resampled = _rates(counts * weight, good, above)
        estimates = [_interval(float(one[0]), many) for one, many in zip(point, resampled, strict=True)]
        rows.append(AtThreshold(threshold, round(float(weight[above].sum())), int(above.sum()), *estimates))
    return rows


def _rates(weight: Floats, good: npt.NDArray[np.bool_], above: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of each row of weights (draws, judged)."""
    hit = weight[:, good & above].sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = hit / weight[:, above].sum(1)
        recall = hit / weight[:, good].sum(1)
        f1 = 2 * hit / (weight[:, above].sum(1) + weight[:, good].sum(1))
    return precision, recall, f1


def _interval(value: float, resampled: Floats) -> Interval:
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value) or not known.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high))
