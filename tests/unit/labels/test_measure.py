"""Scores, calibration and the weights of parts, against what can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from faquarry.labels.logistic import log_probabilities
from faquarry.labels.measure import calibration_error, confusion, log_loss, macro_f1, mixture, scores_by_class


def test_scores_of_a_class() -> None:
    truth, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 2])
    first, second, third = scores_by_class(truth, said, ["a", "b", "c"])
    assert (first.precision, first.recall, first.support) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (second.precision, second.recall, second.f1) == (0.5, 0.5, 0.5)
    assert third.f1 == 1
    assert macro_f1(truth, said, 3) == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    assert confusion(truth, said, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_a_class_that_is_never_said_scores_nothing() -> None:
    scores = scores_by_class(np.array([0, 1]), np.array([0, 0]), ["a", "b", "c"])
    assert [score.f1 for score in scores] == [pytest.approx(2 / 3), 0, 0]


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    sure = np.tile([0.95, 0.05], (20, 1))
    assert calibration_error(sure, np.zeros(20, np.intp)) == pytest.approx(0.05)
    assert calibration_error(sure, np.arange(20) % 2) == pytest.approx(0.45)


def honest(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn by the probabilities they stand for."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 2, (n, 4))
    chances = np.exp(log_probabilities(logits))
    return logits, (chances.cumsum(axis=1) > draw.random((n, 1))).argmax(axis=1)


def test_the_weight_of_one_part_is_its_inverse_temperature() -> None:
    logits, targets = honest(4000, 1)
    assert mixture([3 * logits], targets)[0] == pytest.approx(1 / 3, rel=0.06)
    assert calibration_error(np.exp(log_probabilities(mixture([3 * logits], targets)[0] * 3 * logits)), targets) < 0.03


def test_parts_that_say_halves_of_the_truth_are_added() -> None:
    logits, targets = honest(4000, 2)
    noise = np.random.default_rng(3).normal(0, 2, logits.shape)
    weights = mixture([logits / 2 + noise, logits / 2 - noise], targets)
    assert weights == pytest.approx([1, 1], rel=0.1)


def test_a_part_that_misleads_gets_no_weight() -> None:
    logits, targets = honest(2000, 4)
    weights = mixture([logits, -logits + np.random.default_rng(5).normal(0, 3, logits.shape)], targets)
    assert weights[1] == 0
    assert log_loss(weights[0] * logits, targets) <= log_loss(logits, targets) + 1e-6
