"""Statistics that hold: few false claims where there is nothing, intervals that cover, and clusters that matter."""

from __future__ import annotations

import numpy as np
import pytest

from faquarry.retrieval.statistics import difference, flipped, holm, resampled

CLUSTERS, EACH = 120, 5
OF = np.repeat(np.arange(CLUSTERS), EACH)


def _change(draw: np.random.Generator, effect: float = 0.0) -> np.ndarray:
    """Differences of queries of which those of a cluster have half of their variance in common."""
    return effect + draw.normal(size=CLUSTERS)[OF] + draw.normal(size=CLUSTERS * EACH)


def _simulated(experiments: int, draws: int) -> dict[str, float]:
    """Shares of experiments without any effect in which one is claimed, and of those whose interval holds the truth."""
    draw = np.random.default_rng(11)
    claimed, covered = np.zeros(2), np.zeros(2)
    for number in range(experiments):
        change = _change(draw)
        for side, clusters in enumerate((OF, None)):
            claimed[side] += flipped(change, clusters, draws=draws, seed=number) < 0.05
            low, high = np.quantile(
                resampled(change[:, None], clusters, draws=draws, seed=number)[:, 0], (0.025, 0.975)
            )
            covered[side] += low <= 0 <= high
    names = ("claimed", "claimed_ignoring", "covered", "covered_ignoring")
    return dict(zip(names, [*claimed / experiments, *covered / experiments], strict=True))


def test_clusters_matter() -> None:
    found = _simulated(150, 400)
    assert found["claimed"] < 0.12
    assert found["covered"] > 0.88
    assert found["claimed_ignoring"] > 0.15  # what ignoring the clusters would have claimed
    assert found["covered_ignoring"] < 0.85


@pytest.mark.slow
def test_the_level_holds_in_2000_experiments_without_an_effect() -> None:
    found = _simulated(2_000, 2_000)
    assert 0.04 <= found["claimed"] <= 0.06, found
    assert 0.94 <= found["covered"] <= 0.96, found
    assert found["claimed_ignoring"] > 0.2, found
    assert found["covered_ignoring"] < 0.8, found


def test_the_smallest_difference_is_told_from_none_four_times_in_five() -> None:
    draw = np.random.default_rng(3)
    least = difference(_change(draw), 0.0, OF, draws=1_000).smallest
    told = [flipped(_change(draw, least), OF, draws=400, seed=number) < 0.05 for number in range(150)]
    assert 0.65 < np.mean(told) < 0.92


def test_columns_are_resampled_together() -> None:
    draw = np.random.default_rng(1)
    one, noise = draw.normal(size=CLUSTERS * EACH), draw.normal(size=CLUSTERS * EACH)
    means = resampled(np.stack([one, one + 0.5, noise], axis=1), OF, draws=300)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 0.5)
    assert means[:, 2].std() > 0.01


def test_same_seed_same_numbers_and_p_is_never_zero() -> None:
    change = np.full(50, 0.3)
    one = difference(change, 0.0, draws=200)
    assert one == difference(change, 0.0, draws=200)
    assert one.p == pytest.approx(1 / 201)
    assert (one.low, one.high, one.smallest) == pytest.approx((0.3, 0.3, 0.0))
    assert flipped(np.zeros(10), None, draws=100) == 1.0


def test_seeds_are_averaged_within_a_query() -> None:
    seeds = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert difference(seeds, np.zeros(3), draws=100).mean == pytest.approx(0.5)


def test_holm_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
