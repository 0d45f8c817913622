"""How far a system drops under a perturbation, and whether one drops further than another.

Paired throughout: clean and perturbed, and both systems, on the same queries. Means are over queries (of all languages);
whole clusters are drawn or change sign (`faquarry.retrieval.statistics`), and a paragraph is one cluster in all languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.statistics import POWER, flipped, holm, resampled
from faquarry.robustness.cells import CLEAN
from faquarry.robustness.compare.scores import Condition, Queries, Scores

__all__ = ["Contrast", "Drop", "Estimate", "Worst", "contrasts", "drops"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CLEAN = Condition(CLEAN.perturbation, CLEAN.strength)
_GROUP = 10  # queries that a language or group must have to be called the worst


class Estimate(NamedTuple):
    """A number with its 95 % interval; p is two-sided, of the sign-flip test, and `holm` is it adjusted for its family.

    `smallest` is the smallest number that would have been told from 0 (80 % power at 5 %).
    """

    value: float
    low: float
    high: float
    p: float
    smallest: float
    holm: float = float("nan")


class Worst(NamedTuple):
    """The language, or group, with the lowest mean under the perturbation."""

    name: str
    value: float


@dataclass(frozen=True)
class Drop:
    """A system under a condition. `drop` is clean − perturbed, `relative` its share of clean (low, high: 95 %)."""

    task: str
    metric: str
    system: str
    condition: Condition
    queries: int
    clusters: int
    clean: float
    perturbed: float
    drop: Estimate
    relative: tuple[float, float, float]
    worst_language: Worst | None
    worst_group: Worst | None
    zeroed: float  # share of the queries that scored clean and fall to 0


@dataclass(frozen=True)
class Contrast:
    """Two systems under a condition.

    Attributes:
        ahead: the first's mean − the second's.
        interaction: the first's drop − the second's: above 0, the first breaks more. None without a perturbation.
    """

    condition: Condition
    one: Drop
    other: Drop
    ahead: Estimate
    interaction: Estimate | None


def drops(scores: Scores, draws: int = 10_000) -> list[Drop]:
    """Every system under each of its conditions; one family: the drops of all systems under all conditions."""
    found = [
        _drop(scores, system, condition, _shared(scores, condition, system), draws)
        for system in scores.systems
        for condition in scores.conditions(system)
        if (system, _CLEAN) in scores.values
    ]
    tested = [one for one in found if one.condition != _CLEAN]
    adjusted = iter(holm([one.drop.p for one in tested]))
    return [
        one if one.condition == _CLEAN else replace(one, drop=one.drop._replace(holm=next(adjusted))) for one in found
    ]


def contrasts(scores: Scores, one: str, other: str, draws: int = 10_000) -> list[Contrast]:
    """Two systems under each condition that both know; two families: who is ahead, and who drops further."""
    found = []
    for condition in scores.conditions(one, other):
        shared = _shared(scores, condition, one, other)
        if not len(shared):
            continue
        matrix, clusters = _matrix(scores, condition, shared, one, other), scores.queries.cluster[shared]
        means = resampled(matrix, clusters, draws=draws)
        ahead = _estimate(matrix, means, (0, 1, 0, -1), clusters, draws)
        apart = None if condition == _CLEAN else _estimate(matrix, means, (1, -1, -1, 1), clusters, draws)
        sides = [_drop(scores, system, condition, shared, draws) for system in (one, other)]
        found.append(Contrast(condition, sides[0], sides[1], ahead, apart))
    adjusted = iter(holm([row.interaction.p for row in found if row.interaction is not None]))
    leads = holm([row.ahead.p for row in found])
    return [
        replace(
            row,
            ahead=row.ahead._replace(holm=lead),
            interaction=None if row.interaction is None else row.interaction._replace(holm=next(adjusted)),
        )
        for row, lead in zip(found, leads, strict=True)
    ]


def _shared(scores: Scores, condition: Condition, *systems: str) -> Ints:
    """The queries that all systems were asked, clean and so, in order."""
    found: Ints | None = None
    for system in systems:
        for one in (condition, _CLEAN):
            known = scores.values.get((system, one))
            asked = np.empty(0, np.int64) if known is None else known.query
            found = asked if found is None else np.intersect1d(found, asked)
    return np.empty(0, np.int64) if found is None else found


def _matrix(scores: Scores, condition: Condition, shared: Ints, *systems: str) -> Floats:
    """Clean and perturbed values of each system. -> (queries, 2 * systems)"""
    columns = [
        known.value[np.searchsorted(known.query, shared)]
        for system in systems
        for known in (scores.values[system, _CLEAN], scores.values[system, condition])
    ]
    return np.stack(columns, axis=1)


def _estimate(matrix: Floats, means: Floats, weights: Sequence[float], clusters: Ints, draws: int) -> Estimate:
    """Of a weighted sum of the columns."""
    each, drawn = matrix @ np.asarray(weights, float), means @ np.asarray(weights, float)
    low, high = np.quantile(drawn, (0.025, 0.975))
    p = flipped(each, clusters, draws=draws)
    return Estimate(float(each.mean()), float(low), float(high), p, POWER * float(drawn.std()))


def _drop(scores: Scores, system: str, condition: Condition, shared: Ints, draws: int) -> Drop:
    matrix, queries = _matrix(scores, condition, shared, system), scores.queries
    clusters = queries.cluster[shared]
    means = resampled(matrix, clusters, draws=draws)
    clean, perturbed = (float(value) for value in matrix.mean(0))
    shares = np.divide(means[:, 0] - means[:, 1], means[:, 0], out=np.zeros(len(means)), where=means[:, 0] > 0)
    low, high = np.quantile(shares, (0.025, 0.975))
    known = scores.values[system, condition]
    zero, scored = known.zero[np.searchsorted(known.query, shared)], matrix[:, 0] > 0
    return Drop(
        task=scores.task,
        metric=scores.metric,
        system=system,
        condition=condition,
        queries=len(shared),
        clusters=len(np.unique(clusters)),
        clean=clean,
        perturbed=perturbed,
        drop=_estimate(matrix, means, (1, -1), clusters, draws),
        relative=((clean - perturbed) / clean if clean > 0 else 0.0, float(low), float(high)),
        worst_language=_worst(matrix[:, 1], queries.language[shared]),
        worst_group=_worst_group(matrix[:, 1], queries, shared),
        zeroed=float(zero[scored].mean()) if scored.any() else 0.0,
    )


def _worst(values: Floats, names: npt.NDArray[np.object_]) -> Worst | None:
    found, of, counts = np.unique(names.astype(str), return_inverse=True, return_counts=True)
    if (counts >= _GROUP).sum() < 2:
        return None  # the worst of one says nothing
    means = np.where(counts >= _GROUP, np.bincount(of, values) / counts, np.inf)
    return Worst(str(found[means.argmin()]), float(means.min()))


def _worst_group(values: Floats, queries: Queries, shared: Ints) -> Worst | None:
    group = queries.group[shared]
    names = np.array([queries.groups[one] for one in group[group >= 0]], object)
    return _worst(values[group >= 0], names) if len(names) else None
