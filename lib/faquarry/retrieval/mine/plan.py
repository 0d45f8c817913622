"""How the scoring of queries is cut into tasks: a task has the text of each of its candidates once, however many queries it
stands for, so queries of one language stay together as long as their answers fit into memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ANSWERS", "Asked", "Slots", "slots_of"]

ANSWERS = 100_000
"""Answers with their vectors that a task holds at most, about: some hundred megabytes."""

SMALL = 100  # queries, fewer of which are no task of their own


@dataclass(frozen=True)
class Asked:
    """What there is of a language."""

    language: str
    queries: int
    documents: int


@dataclass(frozen=True)
class Slots:
    """The queries of a language are in tasks `slot` to `slot + parts - 1`; small languages share one."""

    language: str
    slot: int
    parts: int


def slots_of(asked: Iterable[Asked], depth: int, tasks: int) -> list[Slots]:
    """Where the queries of each language go.

    Args:
        asked: languages.
        depth: candidates of a query.
        tasks: how many there should be; more, where answers would not fit, fewer of few queries.

    >>> slots_of([Asked("eng", 900, 5_000), Asked("deu", 40, 90), Asked("fra", 40, 90)], 200, 4)
    [Slots(language='deu', slot=0, parts=1), Slots(language='fra', slot=0, parts=1), Slots(language='eng', slot=1, parts=4)]
    """
    asked = sorted(asked, key=lambda one: (one.queries, one.language))
    target = max(SMALL, math.ceil(sum(one.queries for one in asked) / max(1, tasks)))
    found: list[Slots] = []
    slot, queries, answers = 0, 0, 0
    for one in asked:
        held = min(one.documents, one.queries * depth)
        fitting = max(1, ANSWERS // depth) if one.documents > ANSWERS else one.queries
        parts = max(1, round(one.queries / target), math.ceil(one.queries / max(1, fitting)))
        if queries and (parts > 1 or queries + one.queries > target or answers + held > ANSWERS):
            slot, queries, answers = slot + 1, 0, 0
        found.append(Slots(one.language, slot, parts))
        if parts > 1:
            slot += parts
        else:
            queries, answers = queries + one.queries, answers + held
    return found
