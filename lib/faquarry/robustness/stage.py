"""The verb `evaluate`: systems over tasks, perturbed and not, into the table `evaluations`. It needs no Spark.

What is there for a task version, a system's revision, a perturbation and a seed is not computed again. A language of a
task is committed a system at a time, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from faquarry.errors import UsageError
from faquarry.lake import Lake
from faquarry.robustness.cells import Cell, Wanted
from faquarry.robustness.collection import MEASURED
from faquarry.robustness.evaluate import Evaluation, Measured
from faquarry.robustness.plan import Known, replacing
from faquarry.robustness.systems import System
from faquarry.robustness.tasks import Task
from faquarry.stage import Context, Outcome, Work

__all__ = ["EvaluateStage"]

_ROWS = 1_000_000  # of a commit, about


@dataclass(frozen=True)
class Share:
    """What is to be measured in a language of a task: cells by system."""

    task: Task
    language: str
    queries: int
    cells: Sequence[tuple[System, Sequence[Cell]]]

    @property
    def asked(self) -> int:
        return self.queries * sum(len(cells) for _, cells in self.cells)


@dataclass(frozen=True)
class EvaluateStage:
    """Every system over every language of every task; `languages` empty: all."""

    tasks: Sequence[Task]
    systems: Sequence[System]
    wanted: Wanted
    languages: frozenset[str] = frozenset()

    name: ClassVar[str] = "evaluate"
    version: ClassVar[str] = MEASURED
    reads: ClassVar[Sequence[str]] = ("benchmark_corpus", "benchmark_queries", "benchmark_qrels")
    writes: ClassVar[Sequence[str]] = ("evaluations",)
    on_spark: ClassVar[bool] = False

    def shape(self) -> Mapping[str, Any]:
        return {
            "tasks": [task.name for task in self.tasks],
            "systems": [(system.name, system.revision) for system in self.systems],
            "wanted": list(self.wanted),
            "languages": sorted(self.languages),
        }

    def pending(self, lake: Lake) -> Work[list[Share]] | None:
        names = [system.name for system in self.systems]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"Two systems are called {twice[0]}: give one another name, as in mine={twice[0]}.")
        self._require_languages()
        known, shares = Known.of(lake, names), []
        for task in self.tasks:
            for language in self._spoken(task):
                collection = task.read(language)
                missing = [(system, known.missing(collection, system, self.wanted)) for system in self.systems]
                cells = [(system, some) for system, some in missing if some]
                if cells:
                    shares.append(Share(task, language, len(collection.ids), cells))
        if not shares:
            return None
        asked = sum(share.asked for share in shares)
        languages = len({share.language for share in shares})
        return Work(
            [
                f"{asked:,} queries to ask, of {len(self.tasks)} {'task' if len(self.tasks) == 1 else 'tasks'}"
                f" in {languages} {'language' if languages == 1 else 'languages'}, clean and perturbed."
            ],
            shares,
        )

    def run(self, work: Work[list[Share]], context: Context) -> Outcome:
        asked = rows = 0
        total = sum(share.asked for share in work.payload)
        with context.progress.working("evaluate", total, "queries"):
            for share in work.payload:
                evaluation = Evaluation(share.task.read(share.language), context.run_id)
                for system, cells in share.cells:
                    waiting: list[Measured] = []
                    for measured in evaluation.of(system, cells):
                        waiting.append(measured)
                        asked += len(measured.cells) * share.queries
                        context.progress.advance(to=asked, rows=rows)
                        if sum(one.rows.num_rows for one in waiting) >= _ROWS:
                            rows += _commit(context, evaluation, system, waiting)
                            waiting = []
                    rows += _commit(context, evaluation, system, waiting)
                    context.progress.advance(to=asked, rows=rows)
        return Outcome({"queries": asked, "rows": rows, "systems": len(self.systems), "tasks": len(self.tasks)})

    def _spoken(self, task: Task) -> list[str]:
        return [language for language in task.languages() if not self.languages or language in self.languages]

    def _require_languages(self) -> None:
        there = sorted({language for task in self.tasks for language in task.languages()})
        missing = sorted(self.languages - set(there))
        if missing:
            raise UsageError(f"No task has the language {missing[0]}: there are {', '.join(there)}.")


def _commit(context: Context, evaluation: Evaluation, system: System, waiting: Sequence[Measured]) -> int:
    import pyarrow as pa

    if not waiting:
        return 0
    rows = pa.concat_tables([one.rows for one in waiting])
    cells = [cell for one in waiting for cell in one.cells]
    context.lake.replace("evaluations", rows, replacing(evaluation.collection, system, cells))
    return int(rows.num_rows)
