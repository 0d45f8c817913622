"""What runs leave behind or find: signals, a lake that cannot be written, locks and folders of the dead, a lake that moved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from faquarry.cli import main
from faquarry.lake import Lake
from tests.faults.undisturbed import QUIET, assert_settled, extract
from tests.jobs import ended, faquarry, start, until
from tests.lakes import content, rows, versions

pytestmark = pytest.mark.spark


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT"])
def test_a_signal_is_a_sentence_and_the_next_run_goes_on(
    stop: str, whole: Path, crawl: list[str], tmp_path: Path
) -> None:
    """SIGTERM is what a scheduler sends first, SIGINT what Ctrl-C does."""
    lake, log = tmp_path / "lake", tmp_path / "log"
    process = start(*extract(lake, *crawl), log=log)
    assert until(lambda: len(rows(lake, "sources")) >= 2, process), log.read_text()
    process.send_signal(getattr(signal, stop))
    assert ended(process) == 128 + getattr(signal, stop), log.read_text()
    said = log.read_text()
    assert said.splitlines()[-1] == "faquarry extract: interrupted; what was committed stays, run again to go on."
    assert "Traceback" not in said
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert_settled(lake, whole, crawl)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be")
def test_a_lake_that_this_user_may_not_write(first: Path, crawl: list[str], tmp_path: Path) -> None:
    """Told before Spark starts; to read it is allowed."""
    lake = Path(shutil.copytree(first, tmp_path / "lake"))
    before = versions(lake)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        folder.chmod(folder.stat().st_mode | 0o055)
        if folder == Path("/tmp"):
            break
    words = (
        ("extract", *crawl, "--lake", str(lake), *QUIET),
        ("sql", "SELECT count(*) AS n FROM qa", "--lake", str(lake), "--format", "csv"),
    )
    commands = ([sys.executable, "-m", "faquarry", *one] for one in words)
    ends = [
        subprocess.run(one, user=65534, cwd="/", capture_output=True, text=True, check=False, timeout=240)
        for one in commands
    ]
    assert ends[0].returncode == 2
    assert ends[0].stderr == f"faquarry extract: The lake {lake} cannot be written: Permission denied.\n"
    assert (ends[1].returncode, ends[1].stdout) == (0, f"n\n{len(rows(lake, 'qa'))}\n")
    assert versions(lake) == before


def test_locks_and_folders_of_the_dead_are_no_hindrance(
    first: Path, second: Path, crawl: list[str], tmp_path: Path
) -> None:
    """A killed run leaves its lock's file, half of a staged batch, half of a log entry, and `running` in the ledger."""
    lake = Path(shutil.copytree(first, tmp_path / "lake"))
    (lake / "_lock").write_bytes(b"")
    staged = lake / "_staging" / "20260101T000000-00000000-0"
    staged.mkdir(parents=True)
    (staged / "part-00000.snappy.parquet").write_bytes(b"PAR1 half of a")
    (lake / "qa" / "part-99999-dead.snappy.parquet").write_bytes(b"PAR1 half of a")
    (lake / "qa" / "_delta_log" / f".{99:020}.json.dead.tmp").write_text("{")
    [run] = rows(lake, "runs")
    maps = {name: dict(run[name] or ()) for name in ("inputs", "outputs", "counts")}
    Lake(str(lake)).upsert("runs", [{**run, **maps, "run_id": "20260101T000000-00000000", "status": "running"}])
    assert main(["extract", *crawl[:2], "--lake", str(lake), *QUIET]) == 0
    assert content(lake) == content(second)


def test_a_lake_that_moved_is_the_same_lake(first: Path, crawl: list[str], tmp_path: Path) -> None:
    lake = tmp_path / "elsewhere" / "moved"
    shutil.copytree(first, lake)
    before = versions(lake)
    assert main(["extract", crawl[0], "--lake", str(lake), *QUIET]) == 0
    assert versions(lake) == before
    assert content(lake) == content(first)
