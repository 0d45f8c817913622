"""What runs leave behind or find: signals, a lake that cannot be written, locks and folders of the dead, a lake that moved."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from faquarry.cli import main
from faquarry.lake import Lake
from tests.faults.undisturbed import QUIET, assert_settled, extract
from tests.faults.workers import reading
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
    assert_interrupted(log)
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert_settled(lake, whole, crawl)


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT"])
def test_a_signal_while_workers_read(stop: str, long_read: str, read_whole: Path, tmp_path: Path) -> None:
    """The driver waits for Spark then, and the call that is cut short says nothing of its own."""
    lake, log = tmp_path / "lake", tmp_path / "log"
    process = start(*extract(lake, long_read), log=log)
    assert until(lambda: reading(process), process), log.read_text()
    process.send_signal(getattr(signal, stop))
    assert ended(process) == 128 + getattr(signal, stop), log.read_text()
    assert_interrupted(log)
    done = faquarry(*extract(lake, long_read))
    assert done.returncode == 0, done.stderr
    assert content(lake) == content(read_whole)


def assert_interrupted(log: Path) -> None:
    """One sentence of ours, and no traceback; the JVM may have a last word after it."""
    said = log.read_text()
    sentence = "faquarry extract: interrupted; what was committed stays, run again to go on."
    assert [line for line in said.splitlines() if line.startswith("faquarry")] == [sentence]
    assert "Traceback" not in said


def test_a_file_system_that_is_read_only(
    first: Path, crawl: list[str], small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before Spark starts, by every verb that would write; to read the lake is allowed."""
    lake = Path(shutil.copytree(first, small_disk / "lake"))
    count = len(rows(lake, "qa"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for words in (["extract", *crawl, *QUIET], ["deduplicate"]):
        capsys.readouterr()
        assert main([*words, "--lake", str(lake)]) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert said == f"faquarry {words[0]}: The lake {lake} cannot be written: Read-only file system."
    assert main(["report", "--lake", str(lake)]) == 2
    assert "index.html cannot be written: Read-only file system" in capsys.readouterr().err
    assert main(["sql", "SELECT count(*) AS n FROM qa", "--lake", str(lake), "--format", "csv"]) == 0
    assert capsys.readouterr().out == f"n\n{count}\n"


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
