"""A run of `extract` killed at any moment, again and again."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

import pytest

from tests.faults.undisturbed import ARCHIVES, assert_settled, extract
from tests.jobs import faquarry, kill, start, until
from tests.lakes import rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]

KILLS_EACH = 2  # of a phase of the run: start-up, every archive, the sweep at the end


def test_killed_again_and_again_ends_as_if_never_killed(whole: Path, crawl: list[str], tmp_path: Path) -> None:
    """One lake, killed at random moments of each phase: as the run starts, in every archive's commit, in the sweep."""
    lake, chance, log = tmp_path / "lake", random.Random(20260307), tmp_path / "log"
    [ledger] = rows(whole, "runs")
    commits = sorted(row["finished_at"] for row in rows(whole, "sources"))
    ends = [ledger["started_at"], *commits, ledger["finished_at"]]
    lasts = [(after - before).total_seconds() for before, after in itertools.pairwise(ends)]
    kills = 0
    for phase in range(ARCHIVES + 1):
        for _ in range(KILLS_EACH):
            runs = len(rows(lake, "runs"))
            process = start(*extract(lake, *crawl), log=log)
            reached = until(
                lambda runs=runs, phase=phase: len(rows(lake, "runs")) > runs and len(rows(lake, "sources")) >= phase,
                process,
            )
            time.sleep(chance.uniform(0, lasts[phase]) if reached else 0)
            kills += process.poll() is None
            kill(process)
    assert kills >= 10, log.read_text()
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert {row["status"] for row in rows(lake, "runs")} >= {"running"}
    assert_settled(lake, whole, crawl)
