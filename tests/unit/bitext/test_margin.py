"""The margin and mutual neighbours, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from faquarry.bitext.choose import one_to_one
from faquarry.bitext.margin import mean_scores, mutual, ratio_margin
from faquarry.vectors.search import TopK, empty, merge, shifted

# Cosines of three left and three right pairs:
#          y0    y1    y2
#   x0    0.9   0.8   0.1
#   x1    0.7   0.8   0.3
#   x2    0.2   0.6   0.5
FORTH = TopK(np.array([[0, 1], [1, 0], [1, 2]]), np.array([[0.9, 0.8], [0.8, 0.7], [0.6, 0.5]], dtype=np.float32))
BACK = TopK(np.array([[0, 1], [0, 1], [2, 1]]), np.array([[0.9, 0.7], [0.8, 0.8], [0.5, 0.3]], dtype=np.float32))


def margin(i: int, j: int, cosine: float) -> float:
    return float(ratio_margin(np.array([cosine]), np.array([i]), np.array([j]), FORTH, BACK)[0])


def test_the_margin_is_the_cosine_over_the_mean_of_both_neighbourhoods() -> None:
    """k = 2: m(x0, y0) = 0.9 / ((0.9 + 0.8)/4 + (0.9 + 0.7)/4) = 0.9 / 0.825."""
    assert margin(0, 0, 0.9) == pytest.approx(0.9 / 0.825)
    assert margin(1, 1, 0.8) == pytest.approx(0.8 / ((0.8 + 0.7) / 4 + (0.8 + 0.8) / 4))
    assert margin(2, 2, 0.5) == pytest.approx(0.5 / ((0.6 + 0.5) / 4 + (0.5 + 0.3) / 4))


def test_a_smaller_cosine_may_have_the_larger_margin() -> None:
    """x2 lies nearer to y1 (0.6) than to y2 (0.5), but y1 lies near everything."""
    assert margin(2, 2, 0.5) > margin(2, 1, 0.6)


def test_a_language_of_few_pairs_has_the_mean_over_those_it_has() -> None:
    lists = TopK(np.array([[0, -1, -1]]), np.array([[0.5, -np.inf, -np.inf]], dtype=np.float32))
    assert mean_scores(lists).tolist() == [0.5]


def test_neighbourhoods_that_are_not_positive_give_no_margin() -> None:
    lists = TopK(np.array([[0]]), np.array([[-0.25]], dtype=np.float32))
    assert ratio_margin(np.array([-0.25]), np.array([0]), np.array([0]), lists, lists).tolist() == [0.0]


def test_mutual_neighbours() -> None:
    """x0 and y0 name each other; x1 names y1, which names x0 (a tie: the smaller index); x2 names y1, y2 names x2."""
    i, j = np.divmod(np.arange(9), 3)
    assert np.flatnonzero(mutual(i, j, FORTH, BACK)).tolist() == [0]


def test_the_mean_is_over_the_merged_list_not_over_lists_of_shards() -> None:
    """Two shards of the right side, k = 2: (0.9 + 0.8)/2, not the mean of (0.9 + 0.1)/2 and 0.8."""
    one = TopK(np.array([[0, 1]]), np.array([[0.9, 0.1]], dtype=np.float32))
    other = TopK(np.array([[0, -1]]), np.array([[0.8, -np.inf]], dtype=np.float32))
    merged = merge(merge(empty(1, 2), shifted(other, 2)), one)
    assert mean_scores(merged).tolist() == [pytest.approx(0.85)]
    assert merged.indices.tolist() == [[0, 2]]


def test_one_to_one_takes_mutual_bests_then_the_best_of_the_rest() -> None:
    """By hand: (0, 0) at 0.9 first; then (1, 1) at 0.8, as (0, 1) is gone; then (2, 2)."""
    i, j = np.divmod(np.arange(9), 3)
    cosines = np.array([0.9, 0.8, 0.1, 0.7, 0.8, 0.3, 0.2, 0.6, 0.5])
    everything = np.ones(9, dtype=bool)
    assert np.flatnonzero(one_to_one(i, j, cosines, everything)).tolist() == [0, 4, 8]
    assert np.flatnonzero(one_to_one(i, j, cosines, everything, rounds=1)).tolist() == [0]
    assert np.flatnonzero(one_to_one(i, j, cosines, cosines > 0.55)).tolist() == [0, 4]
