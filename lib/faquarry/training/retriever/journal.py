"""What a run says of itself: CSV files that grow a line at a time, and TensorBoard's events where they are asked for.

A resumed run cuts its files back to the checkpoint it starts from, so that they read as those of a run never stopped.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faquarry.errors import MissingExtra

__all__ = ["Journal", "NoTable", "Table"]


class Table:
    """A CSV file whose first column is the step."""

    def __init__(self, path: Path, columns: Sequence[str], after: int) -> None:
        """Opens the file; lines of steps behind `after` are cut off."""
        self._columns = ["step", *columns]
        kept: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.DictReader(file) if row["step"].isdecimal() and int(row["step"]) <= after]
        part = path.with_suffix(".part")
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
        part.replace(path)
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, self._columns, restval="", lineterminator="\n")

    def add(self, step: int, row: Mapping[str, Any]) -> None:
        self._writer.writerow({"step": step, **row})
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class NoTable:
    """Takes lines and keeps none: what all devices but the first write to."""

    def add(self, step: int, row: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class Journal:
    """The tables of a run: steps, evaluations, groups."""

    steps: Table | NoTable
    evaluations: Table | NoTable
    groups: Table | NoTable

    def __init__(self, folder: Path, after: int, *, tensorboard: bool = False, silent: bool = False) -> None:
        """
        Args:
            after: the last step that is kept of what the files hold.
            silent: write nothing at all.

        Raises:
            MissingExtra: TensorBoard's events are wanted, and tensorboardX is not installed.
        """
        self._events: Any = None
        if silent:
            self.steps = self.evaluations = self.groups = NoTable()
            return
        folder.mkdir(parents=True, exist_ok=True)
        steps = (
            "epoch",
            "task",
            "language",
            "loss",
            "weighted_loss",
            "rate",
            "gradient_norm",
            "tokens_per_s",
            "padding",
        )
        self.steps = Table(folder / "steps.csv", steps, after)
        self.evaluations = Table(folder / "evaluations.csv", ("split", "language", "measure", "value"), after)
        self.groups = Table(folder / "groups.csv", ("group", "size", "weight", "loss", "shown"), after)
        if tensorboard:
            try:
                from tensorboardX import SummaryWriter
            except ImportError as error:
                raise MissingExtra("tensorboardX", "tensorboard", "Logging for TensorBoard") from error
            self._events = SummaryWriter(str(folder / "tensorboard"), purge_step=after + 1)

    def number(self, name: str, value: float, step: int) -> None:
        """A number for TensorBoard."""
        if self._events is not None:
            self._events.add_scalar(name, value, step)

    def close(self) -> None:
        for table in (self.steps, self.evaluations, self.groups):
            table.close()
        if self._events is not None:
            self._events.close()
