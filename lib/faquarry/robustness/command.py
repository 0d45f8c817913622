"""What `faquarry evaluate` does: from options to a stage, and to the tables that are read afterwards."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from faquarry.config.settings import Settings
from faquarry.errors import UsageError
from faquarry.robustness.cells import Wanted
from faquarry.robustness.perturb import language_code
from faquarry.robustness.stage import EvaluateStage
from faquarry.robustness.systems import system_named
from faquarry.robustness.tasks import Place, task_named

__all__ = ["shown", "stage_of"]


def stage_of(
    settings: Settings,
    tasks: Sequence[str],
    systems: Sequence[str],
    *,
    operations: str,
    strengths: str,
    seeds: int,
    languages: Sequence[str] = (),
    data: str | None = None,
) -> EvaluateStage:
    """The stage that does what the options say.

    Raises:
        UsageError, NothingToRead, EnvironmentProblem: a task, system, operation, strength or language that there is not.
    """
    wanted = Wanted.of(operations, strengths, seeds)
    codes = [language_code(language) for language in _several(languages)]
    root = data or os.environ.get("FAQUARRY_DATA")
    place = Place(Path(root).expanduser() if root else None, settings.lake, codes[0] if len(codes) == 1 else None)
    found_tasks = [task_named(name, place) for name in _several(tasks)]
    names = [task.name for task in found_tasks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"The task {twice[0]} is named twice.")
    found = [system_named(name, settings) for name in _several(systems)]
    return EvaluateStage(found_tasks, found, wanted, frozenset(codes))


def _several(values: Sequence[str]) -> list[str]:
    """Values that were given with commas, repeated options, or both."""
    return list(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))


def shown(
    settings: Settings,
    tasks: Sequence[str],
    systems: Sequence[str],
    languages: Sequence[str],
    *,
    metric: str,
    form: str,
) -> str:
    """What the lake says of systems: two are compared, others laid beside each other; no tasks or systems: all.

    Raises:
        UsageError, NothingToRead: as `read_scores`.
    """
    from faquarry.lake import Lake
    from faquarry.robustness.compare import contrast_table, contrasts, drop_table, drops, read_scores

    codes = [language_code(language) for language in _several(languages)]
    names = _several(systems)
    parts = []
    for scores in read_scores(Lake(settings.lake), _several(tasks), names, codes, metric):
        if len(names) == 2 and len(scores.systems) == 2:
            parts.append(contrast_table(contrasts(scores, names[0], names[1]), form))
        else:
            parts.append(drop_table(drops(scores), form))
    if form == "csv":  # one table with one head
        parts = [part if number == 0 else part.partition("\n")[2] for number, part in enumerate(parts)]
    return ("" if form in ("csv", "json") else "\n").join(parts)
