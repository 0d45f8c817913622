"""CPU seconds of a command and of everything it starts, daemons and orphans included."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Usage", "measured"]

_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.1


@dataclass(frozen=True)
class Usage:
    """User and system seconds over all processes, wall seconds, and the largest resident set of one Python worker."""

    cpu_s: float
    wall_s: float
    worker_mb: float


def measured(command: Sequence[str], **env: str) -> Usage:
    """Runs a command to its end, in a session of its own, and adds up the CPU time of all processes of that session.

    Not RUSAGE_CHILDREN: Spark kills its Python workers, and the time of a process counts there only when its parent has
    waited for it. /proc is read ten times a second, so what a process used in its last tenth is missed.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watch = _Watch(process.pid)
    watch.start()
    errors = process.communicate()[1]
    watch.stop.set()
    watch.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command), stderr=errors)
    return Usage(sum(watch.ticks.values()) / _TICKS, time.monotonic() - start, watch.peak_kb / 1024)


@dataclass(eq=False)
class _Watch(threading.Thread):
    """Remembers what every process of a session has used, and the largest resident set of a Python worker of Spark."""

    session: int
    ticks: dict[int, int] = field(default_factory=dict)
    peak_kb: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(_EVERY_S):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self._look_at(folder)

    def _look_at(self, folder: Path) -> None:
        try:
            # pid (name) state ppid pgrp session … utime stime: the name may hold anything but is in parentheses
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != self.session:
                return
            self.ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
            if b"pyspark.daemon" in (folder / "cmdline").read_bytes():
                status = (folder / "status").read_text()
                peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
                self.peak_kb = max(self.peak_kb, peak)
        except (OSError, ValueError):  # gone meanwhile
            return
