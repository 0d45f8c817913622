"""All tasks by name."""

from __future__ import annotations

from collections.abc import Callable

from faquarry.errors import UsageError
from faquarry.robustness.tasks.beir import Beir, XquadDisfluent
from faquarry.robustness.tasks.lake import LakeBenchmark
from faquarry.robustness.tasks.mteb import Mteb
from faquarry.robustness.tasks.task import Place, Task
from faquarry.robustness.tasks.xquad import Xquad, XquadSentences

__all__ = ["TASKS", "Place", "Task", "task_named"]

TASKS: dict[str, Callable[[str, Place], Task]] = {
    "xquad": Xquad.at,
    "xquad-r": XquadSentences.at,
    "xquad-disfl": XquadDisfluent.at,
    "lake": LakeBenchmark.at,
    "beir": Beir.at,
    "mteb": Mteb.at,
}
_OF = {"beir": "FOLDER", "mteb": "NAME"}


def task_named(written: str, place: Place) -> Task:
    """The task that ``NAME`` or ``NAME:ARGUMENT`` says.

    Raises:
        UsageError: there is no such task, or it lacks its argument or has one that it does not take.
        NothingToRead: its data are not where `place` says.
    """
    name, _, argument = written.partition(":")
    if name not in TASKS:
        known = ", ".join(f"{one}:{_OF[one]}" if one in _OF else one for one in TASKS)
        raise UsageError(f"There is no task {name!r}: there are {known}.")
    if name in _OF and not argument:
        raise UsageError(f"The task {name} wants to know which: write {name}:{_OF[name]}.")
    if argument and name not in _OF:
        raise UsageError(f"The task {name} takes nothing after its name: write {name}, not {written}.")
    return TASKS[name](argument, place)
