"""Groups of examples as training sees them: numbered over all tasks, small ones merged, and perhaps only some of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faquarry.errors import NothingToRead, UsageError
from faquarry.training.data.examples import Examples
from faquarry.training.retriever.recipe import GroupPart

__all__ = ["MERGED", "Grouping", "grouped", "kept_rows", "last_weights"]

Ints = npt.NDArray[np.int64]

MERGED = -1
"""The number of examples without a group, and of those whose group is too small."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups with their sizes; `of` says, task by task, what a group number of the examples becomes (-1 stays -1)."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    merged: int
    of: Mapping[str, Ints]

    def numbers(self, task: str, groups: Ints) -> Ints:
        return self.of[task][groups]


def grouped(examples: Mapping[str, Examples], min_size: int) -> Grouping:
    """The groups of all tasks together; those under `min_size` are merged."""
    counts: dict[str, int] = {}
    total = 0
    for found in examples.values():
        total += len(found)
        numbers, sizes = np.unique(found.groups[found.groups >= 0], return_counts=True)
        for number, size in zip(numbers.tolist(), sizes.tolist(), strict=True):
            name = found.group_names[number]
            counts[name] = counts.get(name, 0) + size
    names = tuple(sorted(name for name, size in counts.items() if size >= min_size))
    place = {name: number for number, name in enumerate(names)}
    of = {
        task: np.array([*(place.get(name, MERGED) for name in found.group_names), MERGED], np.int64)
        for task, found in examples.items()
    }
    sizes_of = tuple(counts[name] for name in names)
    return Grouping(names, sizes_of, total - sum(sizes_of), of)


def kept_rows(found: Examples, part: GroupPart, seed: int) -> Ints:
    """Rows of the groups that are trained on.

    Raises:
        UsageError: the earlier run's weights are not there.
        NothingToRead: no row is left.
    """
    if part.only == "all":
        return np.arange(len(found))
    weights = last_weights(Path(part.of)) if part.of else {}
    if not weights and part.only != "random":
        raise UsageError(
            f"groups.only = {part.only} needs the weights of an earlier run: groups.of names its folder (logs/groups.csv)."
        )
    ranked = sorted(weights or found.group_names, key=lambda name: (-weights.get(name, 0.0), name))
    if part.only == "bottom":
        ranked = ranked[::-1]
    elif part.only == "random":
        ranked = [ranked[place] for place in np.random.default_rng(seed).permutation(len(ranked))]
    wanted = set(ranked[: part.count])
    numbers = [number for number, name in enumerate(found.group_names) if name in wanted]
    rows = np.flatnonzero(np.isin(found.groups, numbers))
    if not len(rows):
        raise NothingToRead(f"No example belongs to the {part.only} {part.count} groups of {part.of or 'the data'}.")
    return rows


def last_weights(folder: Path) -> dict[str, float]:
    """The weights that a run ended with, by group; {} where it has none."""
    file = folder / "logs" / "groups.csv"
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as lines:
        rows = [(int(row["step"]), row["group"], float(row["weight"] or "nan")) for row in csv.DictReader(lines)]
    last = max((step for step, _, _ in rows), default=0)
    return {group: weight for step, group, weight in rows if step == last and not np.isnan(weight)}
