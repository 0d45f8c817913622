"""Multinomial logistic regression in numpy: the head is a matrix, and neither fitting nor using it needs more.

Minimised is the mean cross-entropy plus half the penalty times the squared weights (biases are free), by L-BFGS (Nocedal
and Wright, "Numerical Optimization", algorithm 7.4) with a backtracking line search. The problem is convex: one answer,
whatever the start, so a fit may start from the weights of a stronger penalty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.labels.sparse import Sparse

__all__ = ["Design", "Weights", "fit", "log_probabilities"]

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Design = Floats | Sparse

HISTORY = 12


@dataclass(frozen=True)
class Weights:
    """`matrix` (classes, features) and `bias` (classes,)."""

    matrix: Doubles
    bias: Doubles

    def logits(self, features: Design) -> Doubles:
        """(n, features) -> (n, classes)"""
        return np.asarray(features @ self.matrix.T + self.bias, np.float64)


def log_probabilities(logits: Floats) -> Doubles:
    """Log-softmax over the last axis.

    >>> np.exp(log_probabilities(np.array([[0.0, 0.0]]))).tolist()
    [[0.5, 0.5]]
    """
    shifted = np.asarray(logits, np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def fit(
    features: Design,
    targets: Ints,
    classes: int,
    penalty: float,
    *,
    rows: Doubles | None = None,
    start: Weights | None = None,
    steps: int = 300,
    tolerance: float = 1e-5,
) -> Weights:
    """Weights that minimise the penalised cross-entropy.

    Args:
        features: (n, d).
        targets: (n,) in 0..classes-1.
        penalty: of the mean loss; greater than 0.
        rows: (n,) how much each row counts; None: all the same. Only their proportions matter.
        start: weights to begin from; None: zero.
        steps: L-BFGS steps at most.
        tolerance: largest component of the gradient at which it ends.
    """
    n, d = features.shape
    design = features if isinstance(features, Sparse) else np.asarray(features, np.float64)
    truth = np.zeros((n, classes))
    truth[np.arange(n), targets] = 1
    shares = np.full(n, 1 / n) if rows is None else rows / rows.sum()

    def loss(point: Doubles) -> tuple[float, Doubles]:
        weights = _unpacked(point, classes, d)
        logs = log_probabilities(weights.logits(design))
        value = -float(shares @ logs[np.arange(n), targets]) + penalty / 2 * float((weights.matrix**2).sum())
        error = (np.exp(logs) - truth) * shares[:, None]
        return value, np.concatenate([((design.T @ error).T + penalty * weights.matrix).ravel(), error.sum(axis=0)])

    point = np.zeros(classes * (d + 1)) if start is None else np.concatenate([start.matrix.ravel(), start.bias])
    value, slope = loss(point)
    steps_taken: list[Doubles] = []
    changes: list[Doubles] = []
    for _ in range(steps):
        if np.abs(slope).max() <= tolerance:
            break
        direction = -_times_inverse_hessian(slope, steps_taken, changes)
        length, descent = 1.0, float(slope @ direction)
        while True:
            tried, tried_slope = loss(point + length * direction)
            if tried <= value + 1e-4 * length * descent or length < 1e-10:
                break
            length /= 2
        step, change = length * direction, tried_slope - slope
        point, value, slope = point + step, tried, tried_slope
        if step @ change > 1e-12:
            steps_taken.append(step)
            changes.append(change)
            del steps_taken[:-HISTORY], changes[:-HISTORY]
    return _unpacked(point, classes, d)


def _unpacked(point: Doubles, classes: int, d: int) -> Weights:
    return Weights(point[: classes * d].reshape(classes, d), point[classes * d :])


def _times_inverse_hessian(slope: Doubles, steps: list[Doubles], changes: list[Doubles]) -> Doubles:
    """The two loops of L-BFGS: the inverse Hessian that the last steps tell of, times the gradient."""
    found = slope.copy()
    told = [(step, change, 1 / float(step @ change)) for step, change in zip(steps, changes, strict=True)]
    shares = []
    for step, change, scale in reversed(told):
        share = scale * float(step @ found)
        found -= share * change
        shares.append(share)
    if told:
        step, change, _ = told[-1]
        found *= float(step @ change) / float(change @ change)
    for (step, change, scale), share in zip(told, reversed(shares), strict=True):
        found += step * (share - scale * float(change @ found))
    return found
