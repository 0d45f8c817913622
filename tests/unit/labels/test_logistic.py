"""The regression: the gradient is zero where it ends, sparse and dense designs agree, weights of rows are repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.labels.logistic import fit, log_probabilities
from faquarry.labels.sparse import Sparse

CLASSES = 3


def drawn(n: int = 60, d: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    targets = draw.integers(0, CLASSES, n)
    features = draw.normal(0, 1, (n, d)) * (draw.random((n, d)) < 0.4)
    features[np.arange(n), targets] += 1
    return features, targets


def as_sparse(features: np.ndarray) -> Sparse:
    rows = [(np.flatnonzero(row).tolist(), row[np.flatnonzero(row)].tolist()) for row in features]
    return Sparse.of(rows, features.shape[1])


def test_it_ends_where_the_gradient_is_zero() -> None:
    features, targets = drawn()
    found = fit(features, targets, CLASSES, 0.01, tolerance=1e-9)
    error = np.exp(log_probabilities(found.logits(features)))
    error[np.arange(len(targets)), targets] -= 1
    slope = error.T @ features / len(targets) + 0.01 * found.matrix
    assert np.abs(slope).max() < 1e-6
    assert np.abs(error.mean(axis=0)).max() < 1e-6


def test_a_sparse_design_gives_the_same_weights() -> None:
    features, targets = drawn()
    dense = fit(features, targets, CLASSES, 0.01, tolerance=1e-10)
    sparse = fit(as_sparse(features), targets, CLASSES, 0.01, tolerance=1e-10)
    np.testing.assert_allclose(sparse.matrix, dense.matrix, atol=1e-6)
    np.testing.assert_allclose(sparse.bias, dense.bias, atol=1e-6)


def test_a_row_that_counts_double_is_a_row_that_stands_twice() -> None:
    features, targets = drawn()
    counts = np.where(np.arange(len(targets)) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(len(targets)), counts.astype(int))
    weighted = fit(features, targets, CLASSES, 0.01, rows=counts, tolerance=1e-10)
    repeated = fit(features[twice], targets[twice], CLASSES, 0.01, tolerance=1e-10)
    np.testing.assert_allclose(weighted.matrix, repeated.matrix, atol=1e-6)


def test_the_start_does_not_matter() -> None:
    features, targets = drawn()
    strong = fit(features, targets, CLASSES, 1.0)
    cold = fit(features, targets, CLASSES, 0.01, tolerance=1e-10)
    warm = fit(features, targets, CLASSES, 0.01, start=strong, tolerance=1e-10)
    np.testing.assert_allclose(warm.matrix, cold.matrix, atol=1e-6)
    assert np.abs(strong.matrix).max() < np.abs(cold.matrix).max()


@given(st.integers(0, 2**32 - 1))
def test_sparse_products_and_rows_are_those_of_the_matrix(seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = draw.normal(0, 1, (6, 5)) * (draw.random((6, 5)) < 0.3)
    sparse = as_sparse(matrix)
    right, left = draw.normal(0, 1, (5, 2)), draw.normal(0, 1, (6, 2))
    np.testing.assert_allclose(sparse @ right, matrix @ right)
    np.testing.assert_allclose(sparse.T @ left, matrix.T @ left)
    chosen = draw.random(6) < 0.5
    np.testing.assert_allclose(sparse[chosen] @ right, matrix[chosen] @ right)
    assert sparse[chosen].shape == (int(chosen.sum()), 5)


def test_log_probabilities_do_not_overflow() -> None:
    assert np.exp(log_probabilities(np.array([[1e4, 0.0]])))[0].tolist() == pytest.approx([1, 0])
