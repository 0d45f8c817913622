"""Two drivers write to one lake at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.undisturbed import assert_settled, extract
from tests.jobs import ended, start
from tests.lakes import rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.mark.parametrize("shared", [False, True], ids=["disjoint sources", "the same sources"])
def test_two_jobs_at_once_are_as_one(whole: Path, crawl: list[str], tmp_path: Path, shared: bool) -> None:
    lake = tmp_path / "lake"
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    shares = [crawl, list(reversed(crawl))] if shared else [crawl[:3], crawl[3:]]
    jobs = [start(*extract(lake, *share), log=log) for share, log in zip(shares, logs, strict=True)]
    codes = [ended(job) for job in jobs]
    assert codes == [0, 0], "\n".join(log.read_text() for log in logs)
    ledger = rows(lake, "runs")
    assert len(ledger) == 2
    assert max(row["started_at"] for row in ledger) < min(row["finished_at"] for row in ledger)
    assert_settled(lake, whole, crawl)
