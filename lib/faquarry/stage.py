"""What a stage of the pipeline is: it says what it reads, writes and which settings shape its rows, and does its work.

The runner alone keeps the ledger and decides nothing about rows; a stage decides what is new and knows nothing of runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from faquarry.lake import Lake
from faquarry.progress import Progress

__all__ = ["STAGING", "Context", "Outcome", "Stage", "Work", "digest", "fingerprint"]

Payload = TypeVar("Payload")

STAGING = "_staging"
"""The folder of a lake in which running stages leave what they read back; old ones are swept by `maintain`."""


@dataclass(frozen=True)
class Work(Generic[Payload]):
    """What there is to do: sentences a person reads (``--dry-run``), and what the stage itself needs to do it."""

    summary: Sequence[str]
    payload: Payload


@dataclass(frozen=True)
class Context:
    """What a running stage is given. `spark` is a SparkSession (typed loosely: most code never imports pyspark), or None
    for a stage that says it needs none."""

    lake: Lake
    spark: Any
    run_id: str
    progress: Progress
    verb: str

    def staging(self, name: str) -> str:
        """A folder of this run, for what is written once and read back; the stage removes it."""
        return f"{self.lake.uri}/{STAGING}/{self.run_id}-{name}"

    def exclusive(self) -> AbstractContextManager[None]:
        """Keeps other jobs from writing meanwhile (`Lake.exclusive`), and says so when one has to be waited for."""
        sentence = f"{self.verb}: another job is writing to this lake; waiting for it."
        return self.lake.exclusive(lambda: self.progress.say(sentence))


@dataclass(frozen=True)
class Outcome:
    """What was done. `counts` come from tables that were written; `failed` names what could not be done, and why."""

    counts: Mapping[str, int]
    failed: Sequence[tuple[str, str]] = field(default=())


class Stage(Protocol):
    """A verb that turns tables (or archives) into tables."""

    name: ClassVar[str]
    version: ClassVar[str]  # raised when the same input would give other rows
    reads: ClassVar[Sequence[str]]
    writes: ClassVar[Sequence[str]]
    on_spark: ClassVar[bool]  # False: `run` is given no session

    def shape(self) -> Mapping[str, Any]:
        """The settings that decide which rows come out; all else may change without doing work again."""
        ...

    def pending(self, lake: Lake) -> Work[Any] | None:
        """What is new, found without Spark; None when the lake is up to date."""
        ...

    def run(self, work: Work[Any], context: Context) -> Outcome: ...


def fingerprint(stage: Stage) -> str:
    """16 hex digits that change when the stage's version or a setting that shapes its rows does."""
    return digest({"stage": stage.name, "version": stage.version, "settings": stage.shape()})


def digest(described: Mapping[str, Any]) -> str:
    """16 hex digits of a description: of anything that JSON or `str` can tell apart."""
    return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()[:16]
