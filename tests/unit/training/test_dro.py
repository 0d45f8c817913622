"""GroupDRO by its check vectors, and what its weights do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.training.dro import GroupDRO

SIZES = (1000, 200, 50, 750)
LOSSES = np.array([1.0, 2.0, 3.0, 0.5])
ONE_UPDATE = [0.24405001, 0.25337565, 0.26305764, 0.23951670]
MANY_UPDATES = [0.00802215, 0.08517488, 0.90434102, 0.00246196]


def test_check_vectors() -> None:
    """Uniform start, constant mean losses, η = 3e-4, T = 500: one update and 63 of them, to all digits given."""
    mean, sums = GroupDRO(SIZES), GroupDRO(SIZES, statistic="sum")
    groups = np.repeat(np.arange(4), SIZES)
    for _ in range(500):
        mean.observe([0, 1, 2, 3], LOSSES)
        sums.observe(groups, LOSSES[groups])  # every batch in proportion to the sizes: the two readings agree
    assert np.abs(mean.weights - ONE_UPDATE).max() < 5e-9
    assert np.abs(sums.weights - ONE_UPDATE).max() < 5e-9
    for _ in range(62 * 500):
        mean.observe([0, 1, 2, 3], LOSSES)
    assert np.abs(mean.weights - MANY_UPDATES).max() < 5e-9


def test_a_pair_costs_its_groups_weight_and_size() -> None:
    """ℓ · n · w_k · C_k (WebDRO, equations 2 and 3); merged pairs are left as they are."""
    dro = GroupDRO((30, 10), every=1, rate=0.1)
    assert dro.factors([0, 1, -1]).tolist() == pytest.approx([20 / 30, 20 / 10, 1.0])
    dro.observe([0, 1], [1.0, 3.0])
    weights = np.exp([0.1 * 0.5 * 1.0, 0.1 * 0.5 * 3.0])
    weights /= weights.sum()
    assert dro.weights == pytest.approx(weights)
    assert dro.factors([0, 1]).tolist() == pytest.approx((2 * weights * [20 / 30, 20 / 10]).tolist())
    assert GroupDRO((3, 4), merged=0.0).factors([-1]).tolist() == [0.0]


def test_the_group_with_the_larger_loss_rises() -> None:
    dro = GroupDRO((100, 100, 100), every=10, rate=0.01)
    draw = np.random.default_rng(0)
    for _ in range(200):
        groups = draw.integers(0, 3, 32)
        dro.observe(groups, np.array([0.5, 2.0, 1.0])[groups] + draw.normal(0, 0.1, 32))
    assert dro.weights[1] > dro.weights[2] > dro.weights[0]


def test_an_absent_group_keeps_its_average() -> None:
    dro = GroupDRO((10, 10), every=1, rate=0.3, memory=0.0)
    dro.observe([0, 1], [1.0, 1.0])
    before = dro.weights
    record = dro.observe([0], [1.0])  # group 1 goes on with 1.0: nothing moves
    assert record is not None
    assert np.isnan(record.loss[1])
    assert dro.weights == pytest.approx(before)
    fresh = GroupDRO((10, 10), every=1, rate=0.3)
    fresh.observe([0], [5.0])  # never seen: it goes with the others
    assert fresh.weights == pytest.approx([0.5, 0.5])


def test_ceiling_and_temperature() -> None:
    dro = GroupDRO(SIZES, every=1, rate=1.0, ceiling=1.5)
    dro.observe([0, 1, 2, 3], [0.0, 8.0, 20.0, 0.0])
    assert dro.weights.sum() == pytest.approx(1)
    assert dro.weights.max() <= 1.5 / 4 + 1e-12
    sharp, flat = GroupDRO((1, 1), every=1, rate=1.0), GroupDRO((1, 1), every=1, rate=1.0, temperature=3.0)
    for one in (sharp, flat):
        one.observe([0, 1], [0.0, 4.0])
    assert sharp.weights[1] > flat.weights[1] > 0.5
    with pytest.raises(ValueError, match="ceiling"):
        GroupDRO((1, 1), ceiling=0.5)


def test_no_groups_and_empty_groups_are_refused() -> None:
    for sizes in ((), (3, 0)):
        with pytest.raises(ValueError, match="GroupDRO needs groups"):
            GroupDRO(sizes)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-1, 3), st.floats(0, 50)), min_size=1, max_size=6), min_size=1, max_size=25
    ),
    st.sampled_from(["mean", "sum"]),
    st.integers(0, 24),
)
def test_resumed_in_mid_window_is_never_stopped(steps: list[list[tuple[int, float]]], statistic: str, cut: int) -> None:
    def made() -> GroupDRO:
        return GroupDRO(SIZES, every=4, rate=0.05, statistic=statistic)  # type: ignore[arg-type]

    whole, before = made(), made()
    for number, step in enumerate(steps):
        groups, losses = zip(*step, strict=True)
        whole.observe(groups, losses)
        if number < cut:
            before.observe(groups, losses)
    after = made()
    after.restore(before.state())
    for step in steps[cut:]:
        after.observe(*zip(*step, strict=True))
    assert after.log_weights.tobytes() == whole.log_weights.tobytes()
    assert after.factors(np.arange(-1, 4)).tobytes() == whole.factors(np.arange(-1, 4)).tobytes()
    assert whole.weights.sum() == pytest.approx(1)


def test_the_state_of_other_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="other groups"):
        GroupDRO((1, 2)).restore(GroupDRO((2, 1)).state())
