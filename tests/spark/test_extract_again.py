"""What an earlier reading, or a run that was killed, left of a source: it goes when the source is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from delta import DeltaTable
from pyspark.sql import SparkSession
from tests.archives import faq_page, write_warc
from tests.lakes import content, disagreements, rows, versions

from faquarry.cli import main

pytestmark = pytest.mark.spark

RETURNS = ("How do I return a parcel?", "Print the label from your account and hand the parcel in at any post office.")
SHORT = ("Why is that?", "Because.")  # too short for the default rules
COSTS = ("What does delivery cost?", "Delivery costs four euros; from fifty euros on we pay for it ourselves.")
SERVICE = "Please call our friendly service team, which is happy to help you at any time."
# The order in which a commit writes; `sources`, the last, says that all is there.
ORDER = ("pages", "rejects", "occurrences", "qa", "sources")


@pytest.fixture(autouse=True)
def session(spark: SparkSession) -> SparkSession:
    return spark


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    """Two archives that share a pair which only loose rules keep."""
    first = [("https://a.example/", "2026-03-01T09:00:00Z", faq_page(RETURNS, SHORT))]
    second = [("https://b.example/", "2026-03-02T09:00:00Z", faq_page(SHORT, COSTS))]
    return [write_warc(tmp_path / "a.warc.gz", first), write_warc(tmp_path / "b.warc.gz", second)]


def extract(lake: Path, *arguments: str) -> None:
    assert main(["extract", *arguments, "--lake", str(lake), "--set", "log.progress=none"]) == 0
    assert disagreements(lake) == []


def table(spark: SparkSession, lake: Path, name: str) -> DeltaTable:
    return DeltaTable.forPath(spark, str(lake / name))


def kill_the_run(spark: SparkSession, lake: Path) -> None:
    """The ledger of a run that was killed."""
    table(spark, lake, "runs").update(set={"status": "'running'"})


def cut(spark: SparkSession, lake: Path, after: str) -> None:
    """Leaves what a run leaves that is killed in its first commit, after it has written the table `after`."""
    for name in ORDER[ORDER.index(after) + 1 :]:
        table(spark, lake, name).delete()
    kill_the_run(spark, lake)


def test_stricter_rules_leave_nothing_of_the_looser_ones(crawl: list[str], tmp_path: Path) -> None:
    """A commit a source: while the first is read again, the pair's only other place stands under the old rules."""
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    extract(lake, *crawl, "--set", "filters.profile=none")
    assert len(rows(lake, "occurrences", url="https://b.example/")) == 2
    extract(lake, crawl[0])
    [short] = rows(lake, "qa", question=SHORT[0])
    assert (short["url"], short["answer"]) == ("https://b.example/", SHORT[1])
    extract(lake, crawl[1])
    extract(fresh, *crawl)
    assert content(lake) == content(fresh)


@pytest.mark.slow
@pytest.mark.parametrize("after", ORDER[:-1])
def test_a_killed_run_and_then_other_rules(after: str, crawl: list[str], tmp_path: Path, spark: SparkSession) -> None:
    """Also when jobs on other sources ended in between."""
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    other = write_warc(tmp_path / "c.warc.gz", [("https://c.example/", "2026-03-03T09:00:00Z", faq_page(COSTS))])
    extract(lake, *crawl, "--set", "filters.profile=none")
    cut(spark, lake, after)
    assert main(["extract", other, "--lake", str(lake), "--set", "log.progress=none"]) == 0
    extract(lake, *crawl, other)
    extract(fresh, *crawl, other)
    assert content(lake) == content(fresh)


@pytest.fixture
def repeating(tmp_path: Path) -> Iterator[list[str]]:
    """Two archives of one site that gives three questions one answer, and one of these on a page of another site."""
    asked = [(f"How do I repair the model number {n}?", SERVICE) for n in range(3)]
    first = [("https://shop.example/1", "2026-03-01T00:00:00Z", faq_page(asked[0], asked[1], COSTS))]
    second = [
        ("https://shop.example/2", "2026-03-01T00:00:00Z", faq_page(asked[1], asked[2])),
        ("https://fans.example/", "2026-03-05T00:00:00Z", faq_page(asked[0])),
    ]
    return [write_warc(tmp_path / "a.warc.gz", first), write_warc(tmp_path / "b.warc.gz", second)]


@pytest.mark.slow
@pytest.mark.parametrize("left", ["occurrences and qa", "qa", "nothing"])
def test_a_run_killed_while_it_puts_boilerplate_aside(
    left: str, repeating: list[str], tmp_path: Path, spark: SparkSession
) -> None:
    """The rejects are written first, then the places go, then the pairs get other pages or go as well."""
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    limit = ("--set", "filters.site_boilerplate_questions=3")
    extract(whole, *repeating, *limit)
    assert [row["url"] for row in rows(whole, "qa", answer=SERVICE)] == ["https://fans.example/"]
    assert len(rows(whole, "rejects", stage="site")) == 4
    extract(lake, *repeating, *limit)
    for name in ("occurrences", "qa"):
        if name in left:
            table(spark, lake, name).restoreToVersion(1)
    kill_the_run(spark, lake)
    extract(lake, *repeating, *limit)
    assert content(lake) == content(whole)


@pytest.mark.slow
def test_sources_that_cannot_be_looked_at_stay_read(
    crawl: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store is down as a run is planned: it says so, and once it is back nothing is read again."""
    lake, away = tmp_path / "lake", tmp_path / "away"
    extract(lake, *crawl)
    before, known = versions(lake), content(lake)
    archive = Path(crawl[0])
    archive.rename(away)
    archive.symlink_to(tmp_path / "nowhere")
    assert main(["extract", *crawl, "--lake", str(lake)]) == 4
    assert f"extract: failed: {archive.as_uri()}: " in capsys.readouterr().err
    assert content(lake) == known
    archive.unlink()
    away.rename(archive)
    extract(lake, *crawl)
    assert {name for name, version in versions(lake).items() if version != before[name]} == {"runs"}
    assert sorted(row["status"] for row in rows(lake, "runs")) == ["done", "partial"]
