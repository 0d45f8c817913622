"""Every golden case, and that `rederive` gives the same pairs from the stored markup."""

from __future__ import annotations

import pytest

from faquarry.config.settings import FilterSettings
from faquarry.markup.pairs import rederive
from tests.golden.runner import CASES, Case, all_cases, compared

_CASES = list(all_cases())


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    result = case.run()
    expected, seen = compared(case, result)
    assert seen == expected, case.expected["why"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_markup_gives_the_same_pairs_again(case: Case) -> None:
    result = case.run()
    if result.page is None:
        assert not result.pairs
        return
    pairs, rejects = rederive(result.page.markup, FilterSettings(profile=case.profile))  # type: ignore[arg-type]
    assert pairs == result.pairs
    assert rejects == tuple(reject for reject in result.rejects if reject in rejects)


def test_every_question_is_a_pair_or_a_reject() -> None:
    for case in _CASES:
        result = case.run()
        if result.page is not None:
            places = [pair.position for pair in result.pairs]
            places += [reject.position for reject in result.rejects if reject.position is not None]
            assert sorted(places) == list(range(result.page.questions)), case.name


def test_there_are_enough_cases_and_each_says_why() -> None:
    assert len(_CASES) >= 150
    assert all(case.expected.get("why") for case in _CASES)
    stems = {path.name.split(".")[0] for path in CASES.iterdir()}
    assert stems == {case.name for case in _CASES}, "a file without its page"
