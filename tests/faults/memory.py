"""A bound of the kernel's on the memory of some processes, as a container has one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Bound", "bounded"]

FIRST, SECOND = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")  # where either version of cgroups lies


@dataclass
class Bound:
    """A memory cgroup."""

    folder: Path

    def take(self, pid: int) -> None:
        """Puts a process into it; those that it starts from now on are in it too."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def killed(self) -> int:
        """How many of its processes the kernel has killed for their memory."""
        told = [self.folder / name for name in ("memory.oom_control", "memory.events")]
        lines = next(path for path in told if path.exists()).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@contextmanager
def bounded(limit_bytes: int) -> Iterator[Bound]:
    """A cgroup whose processes have `limit_bytes` together; skips where this user may not make one."""
    folder = (FIRST if FIRST.is_dir() else SECOND) / f"faquarry-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"needs the right to make a memory cgroup: {error}")
    try:
        limits = [folder / name for name in ("memory.limit_in_bytes", "memory.max")]
        limit = next((path for path in limits if path.exists()), None)
        if limit is None:
            pytest.skip("needs a cgroup that bounds memory")
        limit.write_text(str(limit_bytes))
        yield Bound(folder)
    finally:
        _removed(folder)


def _removed(folder: Path) -> None:
    """Removes a cgroup as soon as its last process has gone."""
    deadline = time.monotonic() + 30
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
