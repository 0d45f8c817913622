"""How good a head is: F1 by class, calibration, and the weights that make its probabilities honest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.labels.logistic import log_probabilities

__all__ = ["ClassScore", "calibration_error", "confusion", "log_loss", "macro_f1", "mixture", "scores_by_class"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BINS = 10


@dataclass(frozen=True)
class ClassScore:
    """Of one class: precision, recall, F1, and examples that truly have it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int

    def rounded(self) -> dict[str, Any]:
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


def confusion(targets: Ints, predicted: Ints, classes: int) -> npt.NDArray[np.int64]:
    """Counts, (true class, predicted class)."""
    found = np.zeros((classes, classes), np.int64)
    np.add.at(found, (targets, predicted), 1)
    return found


def scores_by_class(targets: Ints, predicted: Ints, labels: Sequence[str]) -> list[ClassScore]:
    """One score a class, in the order of `labels`."""
    counts = confusion(targets, predicted, len(labels))
    right, said, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    return [
        ClassScore(
            label,
            float(right[i] / said[i]) if said[i] else 0.0,
            float(right[i] / true[i]) if true[i] else 0.0,
            float(2 * right[i] / (said[i] + true[i])) if said[i] + true[i] else 0.0,
            int(true[i]),
        )
        for i, label in enumerate(labels)
    ]


def macro_f1(targets: Ints, predicted: Ints, classes: int) -> float:
    """The mean F1 of the classes that are there: in the targets, or in what was predicted.

    >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 3), 3)
    0.667
    """
    counts = confusion(targets, predicted, classes)
    there = counts.sum(axis=0) + counts.sum(axis=1)
    return float(np.mean(2 * counts.diagonal()[there > 0] / there[there > 0])) if there.any() else 0.0


def log_loss(logits: Floats, targets: Ints) -> float:
    """Mean negative log-probability of the true classes."""
    return -float(log_probabilities(logits)[np.arange(len(targets)), targets].mean())


def calibration_error(probabilities: Floats, targets: Ints) -> float:
    """Expected calibration error of the chosen class, ten bins of equal width (Guo et al. 2017).

    Args:
        probabilities: (n, classes).
        targets: (n,)
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / max(1, len(targets)))


def mixture(parts: Sequence[Floats], targets: Ints) -> Floats:
    """What the logits of each part are multiplied by before they are added, for the least log-loss. -> (parts,)

    Of a single part this is the inverse of its temperature (Guo et al. 2017). The logits must come from fits that have
    not seen these rows. The problem is convex: Newton's method; a part that would get a negative weight gets none.
    """
    stacked = np.stack(parts)  # (parts, n, classes)
    used = np.ones(len(parts), bool)
    while True:
        found = _newton(stacked[used], targets)
        if (found > 0).all() or used.sum() == 1:
            break
        used[np.flatnonzero(used)[found.argmin()]] = False
    weights = np.zeros(len(parts))
    weights[used] = np.maximum(found, 1e-3)
    return weights


def _newton(parts: Floats, targets: Ints) -> Floats:
    n = len(targets)
    rows = np.arange(n)
    weights = np.full(len(parts), 0.5)
    loss = log_loss(np.tensordot(weights, parts, 1), targets)
    for _ in range(50):
        chances = np.exp(log_probabilities(np.tensordot(weights, parts, 1)))
        means = np.einsum("nk,pnk->pn", chances, parts)
        slope = (means - parts[:, rows, targets]).mean(axis=1)
        curve = (np.einsum("nk,pnk,qnk->pq", chances, parts, parts) - means @ means.T) / n
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(parts)), slope)
        length = 1.0
        while (tried := log_loss(np.tensordot(weights - length * step, parts, 1), targets)) > loss and length > 1e-6:
            length /= 2
        weights = weights - length * step
        if abs(loss - tried) < 1e-10:
            break
        loss = tried
    return weights
