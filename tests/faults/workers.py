"""The Python workers of a run that was started as a process: which are at work, and signals to them."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.jobs import processes

__all__ = ["ancestors", "at_work", "reading", "signal_all"]


def at_work(process: subprocess.Popen[bytes], seen: dict[int, int]) -> list[int]:
    """Python workers that have used the CPU since they were looked at before (`seen`)."""
    found = []
    daemons = processes(process, "pyspark.daemon")
    for pid in daemons:
        with suppress(OSError, IndexError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            nanoseconds = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
            if parent in daemons and nanoseconds > seen.setdefault(pid, nanoseconds):
                found.append(pid)
            seen[pid] = nanoseconds
    return found


def reading(process: subprocess.Popen[bytes]) -> list[int]:
    """Python workers that have been at work for a while: forks of Spark's daemon, which itself does nothing."""
    found = []
    daemons = processes(process, "pyspark.daemon")
    for pid in daemons:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parent, ticks = int(fields[1]), int(fields[11]) + int(fields[12])
        if parent in daemons and ticks / os.sysconf("SC_CLK_TCK") > 0.7:
            found.append(pid)
    return found


def signal_all(workers: list[int], number: int) -> None:
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, number)


def ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found
