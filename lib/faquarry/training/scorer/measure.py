"""How good scores are: right answers against wrong ones, with intervals.

Pair accuracy: how often a right answer scores above BM25's best wrong one, equal scores counting a half; a question with
several right answers counts once. AUC: the same over all pairs of a right and a wrong answer of the whole set, that is, whether
scores of different questions compare. Intervals: pages are drawn with replacement, questions of a page together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.training.scorer.groups import Asked, Groups

__all__ = ["Quality", "auc", "calibrated", "pairs_of", "quality"]

Floats = npt.NDArray[np.float64]
Score = Callable[[Sequence[str], Sequence[str]], npt.NDArray[np.float32]]

_DRAWS = 2000


@dataclass(frozen=True)
class Quality:
    """Pair accuracy with its 95 % interval, and AUC, over a number of questions."""

    questions: int
    accuracy: float
    low: float
    high: float
    auc: float

    def __str__(self) -> str:
        return (
            f"{self.accuracy:.3f} [{self.low:.3f}, {self.high:.3f}], AUC {self.auc:.3f}, {self.questions:,} questions"
        )


def pairs_of(groups: Groups, asked: Sequence[Asked]) -> tuple[list[str], list[str]]:
    """Every question with its right answers, then with BM25's best wrong one."""
    pairs = [(one.question, groups.texts[text]) for one in asked for text in (*one.right, one.wrong[0])]
    return [question for question, _ in pairs], [text for _, text in pairs]


def quality(asked: Sequence[Asked], scores: Sequence[float] | npt.NDArray[Any], seed: int = 0) -> Quality:
    """Of `scores` in the order of `pairs_of`."""
    found = np.asarray(scores, np.float64)
    ends = np.cumsum([len(one.right) + 1 for one in asked])
    accuracies = np.empty(len(asked))
    for place, (one, end) in enumerate(zip(asked, ends, strict=True)):
        right, wrong = found[end - 1 - len(one.right) : end - 1], found[end - 1]
        accuracies[place] = np.mean((right > wrong) + 0.5 * (right == wrong))
    is_wrong = np.zeros(len(found), bool)
    is_wrong[ends - 1] = True
    low, high = _interval(accuracies, [one.page for one in asked], seed)
    return Quality(len(asked), float(accuracies.mean()), low, high, auc(found[~is_wrong], found[is_wrong]))


def auc(right: Floats, wrong: Floats) -> float:
    """Share of pairs (right, wrong) in which the right one is higher, equal ones a half.

    >>> auc(np.array([2.0, 3.0]), np.array([1.0, 3.0]))
    0.625
    """
    ordered = np.sort(wrong)
    below, upto = np.searchsorted(ordered, right, "left"), np.searchsorted(ordered, right, "right")
    return float((below + upto).mean() / (2 * len(wrong)))


def calibrated(right: Floats, wrong: Floats, sweeps: int = 50) -> tuple[float, float]:
    """Slope and bias that make logits the log-odds of being right, where right and wrong ones are equally many.

    Platt 1999, by Newton's method, with his targets that are not quite 0 and 1.
    """
    x = np.concatenate([right, wrong])
    design = np.stack([x, np.ones_like(x)], axis=1)
    targets = np.concatenate([np.full(len(right), 1 - 1 / (len(right) + 2)), np.full(len(wrong), 1 / (len(wrong) + 2))])
    weight = np.concatenate([np.full(len(right), 0.5 / len(right)), np.full(len(wrong), 0.5 / len(wrong))])
    found = np.zeros(2)
    for _ in range(sweeps):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (chance - targets))
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
        found = found - np.linalg.solve(curve, slope)
    return float(found[0]), float(found[1])


def _interval(values: Floats, pages: Sequence[str], seed: int) -> tuple[float, float]:
    """95 % of the means of as many pages drawn with replacement."""
    _, cluster = np.unique(np.asarray(pages, object).astype(str), return_inverse=True)
    sums, counts = np.bincount(cluster, values), np.bincount(cluster)
    draw = np.random.default_rng(seed)
    means = []
    for _ in range(_DRAWS):
        drawn = draw.integers(0, len(sums), len(sums))
        means.append(sums[drawn].sum() / counts[drawn].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
