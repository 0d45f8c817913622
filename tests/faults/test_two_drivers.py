"""Two drivers write to one lake at a time: the same stage, and different ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.faults.undisturbed import PIPELINE, SMALL_PLANS, assert_settled, before, extract, public_rows
from tests.jobs import ended, faquarry, start
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
    assert at_once(rows(lake, "runs"))
    assert_settled(lake, whole, crawl)


def at_once(ledger: list[dict[str, Any]]) -> bool:
    """Whether two runs overlapped."""
    assert len(ledger) == 2
    return bool(max(row["started_at"] for row in ledger) < min(row["finished_at"] for row in ledger))


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("verbs", [("label", "align"), ("mine", "graph")], ids=" and ".join)
def test_two_stages_at_once_are_as_one_after_the_other(
    verbs: tuple[str, str], pipeline_lake: Path, tmp_path: Path
) -> None:
    """Neither reads what the other writes; `mine` and `graph` both write to `rejects`."""
    lake = before(verbs, pipeline_lake, tmp_path / "lake")
    known = {row["run_id"] for row in rows(lake, "runs")}
    logs = [tmp_path / verb for verb in verbs]
    sources = {"graph": ("sample",)}
    jobs = [
        start(verb, *sources.get(verb, ()), "--lake", str(lake), *PIPELINE, log=log)
        for verb, log in zip(verbs, logs, strict=True)
    ]
    codes = [ended(job, timeout_s=600) for job in jobs]
    assert codes == [0, 0], "\n".join(log.read_text() for log in logs)
    assert at_once([row for row in rows(lake, "runs") if row["run_id"] not in known])
    assert public_rows(lake) == public_rows(pipeline_lake)


def test_a_stage_whose_table_grows_under_it_takes_the_rest_next_time(
    whole: Path, crawl: list[str], tmp_path: Path
) -> None:
    """`deduplicate` reads the pairs that `extract` is writing: both end well, and after the next run nothing is missing."""
    lake = tmp_path / "lake"
    words = ("deduplicate", "--kind", "question", "--kind", "near", *SMALL_PLANS, "--lake")
    assert faquarry(*extract(lake, *crawl[:2])).returncode == 0
    known = {row["run_id"] for row in rows(lake, "runs")}
    logs = [tmp_path / "extract.log", tmp_path / "deduplicate.log"]
    jobs = [start(*extract(lake, *crawl), log=logs[0]), start(*words, str(lake), log=logs[1])]
    codes = [ended(job) for job in jobs]
    assert codes == [0, 0], "\n".join(log.read_text() for log in logs)
    assert at_once([row for row in rows(lake, "runs") if row["run_id"] not in known])
    alone = Path(shutil.copytree(whole, tmp_path / "alone"))
    for place in (lake, alone):
        done = faquarry(*words, str(place))
        assert done.returncode == 0, done.stderr
    assert public_rows(lake) == public_rows(alone)
    assert rows(lake, "duplicates")
