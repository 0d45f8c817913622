"""Progress of long work: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from faquarry.config.settings import LogSettings
from faquarry.redaction import scrubbed

__all__ = ["Progress", "human_seconds"]


class Progress:
    """Reports on one piece of work at a time; `advance` and `note` may be called from any thread."""

    def __init__(self, settings: LogSettings, stream: IO[str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._interval_s = settings.interval_s
        style = settings.progress
        self._style = ("bar" if self._stream.isatty() else "plain") if style == "auto" else style
        self._total = self._done = 0.0
        self._label = self._unit = ""
        self._counts: dict[str, int] = {}
        self._started = self._last = 0.0
        self._bar: _Bar | None = None

    def say(self, sentence: str) -> None:
        """A line for the person or the log."""
        if self._style != "none":
            print(scrubbed(sentence), file=self._stream, flush=True)

    @contextmanager
    def working(self, label: str, total: float, unit: str) -> Iterator[None]:
        """Between entering and leaving, `advance` moves the bar towards `total` (in `unit`)."""
        self._label, self._unit, self._total, self._done = label, unit, max(total, 1e-9), 0.0
        self._counts = {}
        self._started = self._last = time.monotonic()
        self._bar = _Bar(label, total) if self._style == "bar" else None
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
            self.say(self._line(final=True))

    def advance(self, amount: float = 0.0, *, to: float | None = None, **counts: int) -> None:
        """Moves by `amount` or `to` a place; `counts` replace what stands beside the bar (pages=…, pairs=…)."""
        self._done = self._done + amount if to is None else max(self._done, to)
        self._counts.update(counts)
        if self._bar is not None:
            self._bar.show(self._done, self._beside())
        elif time.monotonic() - self._last >= self._interval_s:
            self._last = time.monotonic()
            self.say(self._line())

    def _beside(self) -> str:
        return ", ".join(f"{value:,} {name}" for name, value in self._counts.items())

    def _line(self, final: bool = False) -> str:
        elapsed = time.monotonic() - self._started
        done = f"{self._label}: {self._done:,.0f} of {self._total:,.0f} {self._unit}"
        beside = f", {self._beside()}" if self._counts else ""
        if final or self._done <= 0:
            return f"{done}{beside}, {human_seconds(elapsed)}"
        left = elapsed * max(0.0, self._total - self._done) / self._done
        return f"{done}{beside}, {human_seconds(elapsed)}, about {human_seconds(left)} left"


class _Bar:
    """A live bar by rich, made only where a person looks."""

    def __init__(self, label: str, total: float) -> None:
        from rich import progress as rich_progress
        from rich.console import Console

        self._live = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(),
            rich_progress.TaskProgressColumn(),
            rich_progress.TextColumn("{task.fields[beside]}"),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._live.add_task(label, total=total, beside="")
        self._live.start()

    def show(self, done: float, beside: str) -> None:
        self._live.update(self._task, completed=done, beside=beside)

    def stop(self) -> None:
        self._live.stop()


def human_seconds(seconds: float) -> str:
    """A duration a person reads.

    >>> human_seconds(3.21), human_seconds(75), human_seconds(7380)
    ('3.2 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
