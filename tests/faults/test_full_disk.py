"""A disk that is full, in every part of the pipeline that writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.disks import fill
from tests.faults.undisturbed import ARCHIVES, assert_settled, extract
from tests.jobs import faquarry
from tests.lakes import rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def test_a_full_disk_is_a_sentence_and_space_ends_it(whole: Path, crawl: list[str], small_disk: Path) -> None:
    lake, ballast = small_disk / "lake", small_disk / "ballast"
    for leaving in (20_000, 150_000):
        fill(ballast, leaving)
        done = faquarry(*extract(lake, *crawl))
        assert done.returncode == 2, done.stderr
        assert "disk is full" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        ballast.unlink()
    assert len(rows(lake, "sources")) < ARCHIVES
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert_settled(lake, whole, crawl)
