"""What of an evaluation is missing in a lake: cells that were never measured, or of another task, model or revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faquarry.lake import Lake
from faquarry.lake.ask import ask
from faquarry.robustness.cells import Cell, Wanted
from faquarry.robustness.collection import Collection
from faquarry.robustness.systems import System

__all__ = ["Known", "replacing"]

_Where = tuple[str, str, str, str, str]  # model, task, language, revision, task_version


@dataclass(frozen=True)
class Known:
    """The cells that a lake holds."""

    cells: dict[_Where, frozenset[Cell]]

    @classmethod
    def of(cls, lake: Lake, models: Sequence[str]) -> Known:
        found: dict[_Where, set[Cell]] = defaultdict(set)
        if lake.version("evaluations") is not None:
            rows = ask(
                lake,
                ("evaluations",),
                """SELECT DISTINCT model, task, language, revision, task_version, perturbation, strength, seed
                   FROM evaluations WHERE list_contains($models, model)""",
                {"models": list(models)},
            )
            for model, task, language, revision, version, *cell in rows:
                found[model, task, language, revision, version].add(Cell(*cell))
        return cls({where: frozenset(cells) for where, cells in found.items()})

    def missing(self, collection: Collection, system: System, wanted: Wanted) -> list[Cell]:
        """In the order in which they are wanted."""
        where = (system.name, collection.task, collection.language, system.revision, collection.version)
        there = self.cells.get(where, frozenset())
        return [cell for cell in wanted.cells(collection.language, list(collection.variants)) if cell not in there]


def replacing(collection: Collection, system: System, cells: Iterable[Cell]) -> str:
    """The condition of the rows that rows of these cells stand in for: the same cells, and whatever an earlier revision of
    the system or version of the task left in this language."""

    def quoted(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    same = " OR ".join(
        f"(perturbation = {quoted(cell.perturbation)} AND strength = {quoted(cell.strength)} AND seed = {cell.seed})"
        for cell in cells
    )
    return (
        f"model = {quoted(system.name)} AND task = {quoted(collection.task)}"
        f" AND language = {quoted(collection.language)} AND (revision <> {quoted(system.revision)}"
        f" OR task_version <> {quoted(collection.version)} OR {same})"
    )
