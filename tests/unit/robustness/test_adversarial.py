"""The worst of n: never better than the clean text, every call counted, the same whatever is scored together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from faquarry.errors import UsageError
from faquarry.robustness.perturb import worst_of

TEXTS = ["how long is the warranty", "can I return it", "wo"]


def vowels(texts: Sequence[str], owners: Sequence[int]) -> list[float]:
    """A model that is worst where vowels are gone."""
    return [float(sum(letter in "aeiou" for letter in text)) for text in texts]


def test_worst_is_the_lowest_score_and_calls_are_counted() -> None:
    seen: list[str] = []

    def score(texts: Sequence[str], owners: Sequence[int]) -> list[float]:
        seen.extend(texts)
        assert [TEXTS[owner] for owner in owners[: len(TEXTS)]] == TEXTS
        return vowels(texts, owners)

    found = worst_of(TEXTS, score, 12, "eng", operations=["delete", "swap"], strength=1, seed=3)
    assert sum(worst.calls for worst in found) == len(seen)
    assert [worst.clean for worst in found] == vowels(TEXTS, [])
    assert found[0].score == found[0].clean - 1
    assert found[0].operation == "delete"
    assert all(worst.calls <= 13 for worst in found)
    assert found[2].calls < 13  # a text of two letters has few perturbations


def test_one_by_one_is_the_same_as_together() -> None:
    together = worst_of(TEXTS, vowels, 8, "en", keys=["a", "b", "c"])
    alone = [worst_of([text], vowels, 8, "en", keys=[key])[0] for text, key in zip(TEXTS, "abc", strict=True)]
    assert together == alone


def test_a_model_that_does_not_care_keeps_the_original() -> None:
    worst = worst_of(["how long"], lambda texts, owners: [1.0] * len(texts), 4, "eng")[0]
    assert (worst.result.text, worst.result.changed, worst.operation) == ("how long", False, "")


def test_wrong_calls_are_sentences() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        worst_of(TEXTS, vowels, 0, "eng")
    with pytest.raises(UsageError, match="gave 1 scores"):
        worst_of(TEXTS, lambda texts, owners: [0.0], 3, "eng")
