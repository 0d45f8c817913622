"""faquarry as a process of its own: started, watched, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["QUICK", "ended", "faquarry", "kill", "processes", "start", "until"]

# A session for small tables: C1 compiles fast and is enough, two slots are what CI has.
QUICK = (
    "--set=spark.master=local[2]",
    "--set=spark.driver_memory=1g",
    "--set=spark.shuffle_partitions=2",
    "--set=spark.conf.spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
    "--set=spark.conf.spark.databricks.delta.snapshotPartitions=1",
    "--set=spark.conf.spark.sql.adaptive.enabled=false",
)


def faquarry(
    *arguments: str, env: Mapping[str, str | None] | None = None, timeout_s: float = 240.0
) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m faquarry`` to its end. `env` goes over the environment; None takes a variable away."""
    return subprocess.run(
        [sys.executable, "-m", "faquarry", *arguments],
        env=_environment(env or {}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def start(*arguments: str, log: Path, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[bytes]:
    """Starts ``python -m faquarry`` in a session of its own, so that `kill` finds the JVM and its workers too."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "faquarry", *arguments],
            env=_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def ended(process: subprocess.Popen[bytes], timeout_s: float = 240.0) -> int:
    """Waits for a started process; one that does not end is killed, and that is an error. -> its exit code."""
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        kill(process)
        raise


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the driver, its JVM and its Python workers, as when the machine loses power."""
    for _ in range(3):  # a worker may have been forked meanwhile
        for pid in processes(process):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait(30)


def processes(process: subprocess.Popen[bytes], named: str = "") -> list[int]:
    """Living processes of the session that `start` made, whose command line holds `named`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            state, session = status[0], int(status[3])
            if session == process.pid and state != "Z" and named.encode() in command:
                found.append(int(folder.name))
    return found


def until(condition: Callable[[], object], process: subprocess.Popen[bytes], timeout_s: float = 240.0) -> bool:
    """Waits until `condition` holds. -> False when the process ended first."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            kill(process)
            raise TimeoutError(f"{condition} did not come true in {timeout_s} s")
        time.sleep(0.1)  # a look at a table costs some
    return True


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}
