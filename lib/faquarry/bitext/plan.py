"""Who compares what: sites packed into tasks of about the same cost, large ones cut into rectangles.

Cost is predicted before anything is compared: comparisons, and what every pair costs in every language it meets.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

__all__ = [
    "LANGUAGES_COST",
    "ROW_COST",
    "TILED_TASKS",
    "Rectangle",
    "SiteSize",
    "UnitSize",
    "packed",
    "rectangles",
    "task_count",
]

ROW_COST = 20_000
"""What reading and weighing a pair costs, a language it is compared with, in comparisons."""

LANGUAGES_COST = 300_000
"""What two languages cost whatever their size, in comparisons."""

TILED_TASKS = 4000
"""Into how many rectangles all tiled sites together are cut, about, where `task_comparisons` would give more."""


@dataclass(frozen=True)
class SiteSize:
    """A site with two languages or more: its pairs, the sum over two languages of the product of their pairs."""

    site: str
    languages: int
    rows: int
    comparisons: int

    @property
    def cost(self) -> int:
        meetings = self.languages * (self.languages - 1) // 2
        return self.comparisons + ROW_COST * self.rows * (self.languages - 1) + LANGUAGES_COST * meetings


@dataclass(frozen=True)
class UnitSize:
    """The pairs of one language of a tiled site."""

    site: str
    language: str
    rows: int


@dataclass(frozen=True)
class Rectangle:
    """Blocks [left_from, left_to) of one language against blocks [right_from, right_to) of another."""

    site: str
    language1: str
    language2: str
    left: tuple[int, int]
    right: tuple[int, int]


def task_count(costs: Iterable[int], task_cost: float, parallelism: int) -> int:
    """Enough tasks that none costs much more than `task_cost`, and that all cores are busy; not more than there are items."""
    listed = list(costs)
    return max(1, min(len(listed), max(parallelism * 3, round(sum(listed) / task_cost))))


def packed(sites: Sequence[SiteSize], tasks: int) -> dict[str, int]:
    """{site: task}: the costliest first, each to the task that has the least to do.

    >>> packed([SiteSize("a", 2, 9, 900), SiteSize("b", 2, 1, 1), SiteSize("c", 2, 2, 2)], 2)
    {'a': 0, 'c': 1, 'b': 1}
    """
    heap = [(0, number) for number in range(tasks)]
    found = {}
    for site in sorted(sites, key=lambda size: (-size.cost, size.site)):
        load, number = heapq.heappop(heap)
        found[site.site] = number
        heapq.heappush(heap, (load + site.cost, number))
    return found


def rectangles(units: Sequence[UnitSize], block_rows: int, task_comparisons: float, tall: int = 8) -> list[Rectangle]:
    """All of every language against all of every other of the same site, in rectangles of about `task_comparisons`.

    A rectangle is at most `tall` blocks high: what a worker holds.
    """
    found = []
    by_site: dict[str, list[UnitSize]] = {}
    for unit in units:
        by_site.setdefault(unit.site, []).append(unit)
    for site, members in sorted(by_site.items()):
        for one, other in combinations(sorted(members, key=lambda unit: unit.language), 2):
            rows = _cut(_blocks(one.rows, block_rows), tall)
            wide = max(1, int(task_comparisons / (min(tall * block_rows, one.rows) * block_rows)))
            columns = _cut(_blocks(other.rows, block_rows), wide)
            found += [Rectangle(site, one.language, other.language, a, b) for a in rows for b in columns]
    return found


def _blocks(rows: int, block_rows: int) -> int:
    return -(-rows // block_rows)


def _cut(count: int, at_most: int) -> list[tuple[int, int]]:
    """[0, count) in stretches of about the same length, none longer than `at_most`.

    >>> _cut(10, 4)
    [(0, 3), (3, 6), (6, 10)]
    """
    parts = -(-count // at_most)
    cuts = [count * number // parts for number in range(parts + 1)] if parts else [0]
    return list(pairwise(cuts))
