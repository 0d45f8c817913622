"""The clock was ahead once and has been set back: rows from the future stand in the lake, and runs of today follow them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faquarry.cli import main
from faquarry.lake import Lake
from tests.faults.undisturbed import QUIET
from tests.lakes import content, rows, versions

pytestmark = pytest.mark.spark

AHEAD = timedelta(days=400)


def moved(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the ledger or of the sources as a clock that is ahead would have written it."""
    maps = {name: dict(row[name] or ()) for name in ("inputs", "outputs", "counts") if name in row}
    times = {name: row[name] + AHEAD for name in ("started_at", "finished_at") if row.get(name)}
    return {**row, **maps, **times}


@pytest.fixture
def future(first: Path, tmp_path: Path) -> Path:
    """A lake that was written by a machine whose clock was over a year ahead."""
    lake = Path(shutil.copytree(first, tmp_path / "lake"))
    for table in ("runs", "sources"):
        Lake(str(lake)).upsert(table, [moved(row) for row in rows(lake, table)])
    assert max(row["started_at"] for row in rows(lake, "runs")) > datetime.now(UTC) + AHEAD / 2
    return lake


def test_a_rerun_is_no_work_and_new_sources_are_taken(future: Path, second: Path, crawl: list[str]) -> None:
    before = versions(future)
    assert main(["extract", crawl[0], "--lake", str(future), *QUIET]) == 0
    assert versions(future) == before
    assert main(["extract", *crawl[:2], "--lake", str(future), *QUIET]) == 0
    assert content(future) == content(second)
    before = versions(future)
    assert main(["extract", *crawl[:2], "--lake", str(future), *QUIET]) == 0
    assert versions(future) == before


def test_the_ledger_stays_in_order(future: Path, crawl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A run of today comes after those of the future, and one of today that was killed is brought to its end."""
    [run] = rows(future, "runs")
    assert main(["extract", *crawl[:2], "--lake", str(future), *QUIET]) == 0
    last = max(rows(future, "runs"), key=lambda row: row["started_at"])
    assert last["run_id"] > run["run_id"]
    assert last["finished_at"] > last["started_at"] > run["started_at"]
    killed = {**moved(last), "started_at": last["started_at"], "finished_at": None, "status": "running"}
    Lake(str(future)).upsert("runs", [killed])
    loud = [*QUIET, "--set", "log.progress=plain"]
    capsys.readouterr()
    assert main(["extract", *crawl[:2], "--lake", str(future), *loud]) == 0
    assert "an earlier run was cut short" in capsys.readouterr().err
    assert main(["extract", *crawl[:2], "--lake", str(future), *loud]) == 0
    assert "nothing to do" in capsys.readouterr().err
