"""One writer at a time in a local lake."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from faquarry.errors import EnvironmentProblem
from faquarry.lake import Lake
from faquarry.lake.lock import FolderLock


def test_threads_wait_for_each_other_and_are_told_so_once(tmp_path: Path) -> None:
    lock, order = FolderLock(tmp_path / "lake" / "_lock"), []
    waiting = threading.Event()

    def second() -> None:
        with lock.held(waiting.set):
            order.append("second")

    other = threading.Thread(target=second)
    with lock.held():
        other.start()
        assert waiting.wait(10)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_thread_may_take_again_what_it_holds(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "_lock")
    others = FolderLock(tmp_path / "_lock")
    met = []
    with lock.held():
        with lock.held(lambda: met.append("inner")):
            pass
        thread = threading.Thread(target=lambda: others.held(lambda: met.append("outer")).__enter__())
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()  # the inner one's end did not let go
    thread.join(10)
    assert met == ["outer"]


def test_a_process_waits_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from faquarry.lake.lock import FolderLock\n"
        f"with FolderLock(Path({str(tmp_path / '_lock')!r})).held(): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told = []

    def kill() -> None:
        told.append("waiting")
        holder.kill()

    with Lake(str(tmp_path)).exclusive(kill):
        assert holder.wait(10) == -9
    holder.stdout.close()
    assert told == ["waiting"]


def test_a_lake_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match=r"The lake .*/file/lake cannot be written: Not a directory"):
        Lake(str(tmp_path / "file" / "lake")).require_writable()


def test_a_lake_elsewhere_has_no_lock() -> None:
    lake = Lake("s3a://bucket/lake")
    lake.require_writable()
    with lake.exclusive():
        pass
