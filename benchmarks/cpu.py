"""CPU seconds of a command and of everything it starts, daemons and orphans included."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "measured"]

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Usage:
    """User and system seconds over all processes, wall seconds, and the largest resident set of one Python worker."""

    cpu_s: float
    wall_s: float
    worker_mb: float


def measured(command: Sequence[str], **env: str) -> Usage:
    """Runs a command to its end.

    This process makes itself the reaper of orphans: the JVM outlives the Python driver that started it, and its time
    would be lost. What is reaped (by whom ever below, then by us) adds up in RUSAGE_CHILDREN.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    watch = _Watch()
    watch.start()
    errors = process.communicate()[1]
    watch.stop.set()
    watch.join()
    while True:  # orphans that became ours
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command), stderr=errors)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(cpu, wall, watch.peak_kb / 1024)


class _Watch(threading.Thread):
    """Looks for Spark's Python workers twice a second and remembers the largest resident set it saw (VmHWM)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stop, self.peak_kb = threading.Event(), 0

    def run(self) -> None:
        while not self.stop.wait(0.5):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self.peak_kb = max(self.peak_kb, _worker_peak_kb(folder))


def _worker_peak_kb(folder: Path) -> int:
    try:
        if b"pyspark.daemon" not in (folder / "cmdline").read_bytes():
            return 0
        status = (folder / "status").read_text()
    except OSError:  # gone meanwhile
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
