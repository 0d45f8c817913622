"""What is nearly the same stands on one side of every split."""

from __future__ import annotations

import numpy as np

from faquarry.labels.folds import folds_of, groups_of
from faquarry.vectors import small


def test_translations_and_near_repeats_are_one_group() -> None:
    texts = [
        "How do I delete my account?",
        "Wie lösche ich mein Konto?",
        "How can I delete my account?",
        "The bridge was built in 1932 by a firm from the north.",
    ]
    vectors = small.load().encode(texts)
    groups = groups_of(vectors, [None] * 4, 0.4)
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_names_join_what_vectors_do_not() -> None:
    vectors = np.eye(4, dtype=np.float32)
    groups = groups_of(vectors, ["a", None, "a", None], 0.9)
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3


def test_groups_stay_whole_and_classes_spread() -> None:
    targets = np.arange(120) % 4
    groups = [str(n // 2) if n < 40 else str(n) for n in range(120)]
    folds = folds_of(groups, targets, 5)
    by_group: dict[str, set[int]] = {}
    for group, fold in zip(groups, folds.tolist(), strict=True):
        by_group.setdefault(group, set()).add(fold)
    assert all(len(found) == 1 for found in by_group.values())
    counts = np.array([[((folds == fold) & (targets == kind)).sum() for kind in range(4)] for fold in range(5)])
    assert counts.min() >= 4
    assert counts.max() <= 8
    assert folds_of(groups, targets, 5).tolist() == folds.tolist()
