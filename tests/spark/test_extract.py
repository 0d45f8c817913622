"""The stage `extract` on Spark: exactly once, whatever the order, the number of tasks and the number of runs."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.archives import faq_page, write_warc

from faquarry.cli import main
from faquarry.lake import TABLES, Lake
from faquarry.markup.model import pair_id

pytestmark = pytest.mark.spark

# What differs between two runs that did the same: who wrote a row, and when.
OF_THE_RUN = {"run_id", "finished_at"}

RETURNS = ("How do I return a parcel?", "Print the label from your account and hand the parcel in at any post office.")
COSTS = ("What does delivery cost?", "Delivery costs four euros; from fifty euros on we pay for it ourselves.")
OPENING = ("When is the shop open?", "From Monday to Friday between nine and six, and on Saturdays until two.")
KURZ = ("Wie lange dauert der Versand?", "In der Regel zwei bis drei Werktage nach Eingang der Zahlung.")


@pytest.fixture(autouse=True)
def session(spark: SparkSession) -> SparkSession:
    """The command line uses the running session, as in a notebook."""
    return spark


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    """Three archives in which pairs repeat across sites, times and files."""
    folder = tmp_path / "crawl"
    folder.mkdir()
    return [
        write_warc(
            folder / "b.warc.gz",
            [
                ("https://shop.example/help", "2026-03-02T10:00:00Z", faq_page(RETURNS, COSTS)),
                ("https://shop.example/de/hilfe", "2026-03-02T10:00:01Z", faq_page(KURZ, title="Hilfe", lang="de")),
                ("https://plain.example/", "2026-03-02T10:00:02Z", "<html><body>nothing here</body></html>"),
            ],
        ),
        write_warc(
            folder / "a.warc.gz",
            [
                ("https://shop.example/help/longer-address", "2026-03-01T09:00:00Z", faq_page(RETURNS, OPENING)),
                ("https://shop.example/a", "2026-03-01T09:00:00Z", faq_page(RETURNS)),
                ("https://short.example/", "2026-03-01T09:00:03Z", faq_page(("Why?", "Because."))),
            ],
        ),
        write_warc(
            folder / "c.warc.gz", [("https://late.example/x", "2026-04-01T00:00:00Z", faq_page(COSTS, OPENING))]
        ),
    ]


def extract(lake: Path, *arguments: str) -> int:
    return main(["extract", *arguments, "--lake", str(lake), "--set", "log.progress=none"])


def content(lake: Path) -> dict[str, list[str]]:
    """Every row of every table but the ledger, as sorted JSON, without what belongs to the run."""
    found = {}
    for name in TABLES:
        if name != "runs":
            rows = Lake(str(lake)).rows(name)
            kept = [{key: value for key, value in row.items() if key not in OF_THE_RUN} for row in rows]
            found[name] = sorted(json.dumps(row, sort_keys=True, default=str, ensure_ascii=False) for row in kept)
    return found


def versions(lake: Path) -> dict[str, int | None]:
    return {name: Lake(str(lake)).version(name) for name in TABLES}


def rows(lake: Path, table: str, **where: Any) -> list[dict[str, Any]]:
    return [row for row in Lake(str(lake)).rows(table) if all(row[key] == value for key, value in where.items())]


def test_pages_pairs_places_and_rejects(crawl: list[str], tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert extract(lake, *crawl) == 0
    assert {row["url"] for row in rows(lake, "pages")} == {
        "https://shop.example/help", "https://shop.example/de/hilfe", "https://shop.example/help/longer-address",
        "https://shop.example/a", "https://short.example/", "https://late.example/x",
    }  # fmt: skip
    qa = {row["id"]: row for row in rows(lake, "qa")}
    assert set(qa) == {pair_id(*pair) for pair in (RETURNS, COSTS, OPENING, KURZ)}
    returns = qa[pair_id(*RETURNS)]
    assert (returns["url"], returns["language"], returns["site"]) == ("https://shop.example/a", "eng", "shop.example")
    assert qa[pair_id(*KURZ)]["language"] == "deu"
    assert qa[pair_id(*COSTS)]["url"] == "https://shop.example/help"
    assert len(rows(lake, "occurrences")) == 8
    assert len(rows(lake, "occurrences", id=pair_id(*RETURNS))) == 3
    [reject] = rows(lake, "rejects")
    assert (reject["stage"], reject["reason"], reject["question"]) == ("filter", "short_question", "Why?")
    assert reject["url"] == "https://short.example/"
    sources = {Path(row["source"]).name: row for row in rows(lake, "sources")}
    assert {name: (row["status"], row["pages"], row["pairs"], row["rejects"]) for name, row in sources.items()} == {
        "a.warc.gz": ("done", 3, 3, 1), "b.warc.gz": ("done", 2, 3, 0), "c.warc.gz": ("done", 1, 2, 0),
    }  # fmt: skip
    [run] = rows(lake, "runs")
    assert (run["verb"], run["status"]) == ("extract", "done")
    assert dict(run["counts"])["pairs"] == 8
    assert dict(run["outputs"])["qa"] == Lake(str(lake)).version("qa")


def test_a_rerun_changes_no_table_version(crawl: list[str], tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert extract(lake, *crawl) == 0
    before = versions(lake)
    assert extract(lake, *reversed(crawl)) == 0
    assert extract(lake, str(Path(crawl[0]).parent)) == 0
    assert versions(lake) == before


def test_order_tasks_batches_and_runs_change_no_row(crawl: list[str], tmp_path: Path) -> None:
    together, apart = tmp_path / "together", tmp_path / "apart"
    assert extract(together, *crawl) == 0
    shuffled = random.Random(3).sample(crawl, k=3)
    for path in shuffled[:2]:
        assert extract(apart, path, "--set", "extract.split_bytes=1024", "--set", "extract.group_bytes=1") == 0
    assert extract(apart, *shuffled, "--set", "extract.files_per_commit=1") == 0
    assert content(apart) == content(together)


def test_a_changed_source_is_read_again_and_its_rows_replaced(crawl: list[str], tmp_path: Path) -> None:
    """The page that spoke for RETURNS goes, the next best takes its place; a pair that stands nowhere goes too."""
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    assert extract(lake, *crawl) == 0
    write_warc(
        Path(crawl[1]), [("https://new.example/", "2026-03-05T00:00:00Z", faq_page(("Is this page new?", COSTS[1])))]
    )
    write_warc(Path(crawl[2]), [("https://late.example/x", "2026-04-01T00:00:00Z", faq_page(COSTS))])
    assert extract(lake, *crawl) == 0
    assert extract(fresh, *crawl) == 0
    assert content(lake) == content(fresh)
    assert rows(lake, "qa", id=pair_id(*RETURNS))[0]["url"] == "https://shop.example/help"
    assert rows(lake, "qa", id=pair_id(*OPENING)) == []
    assert rows(lake, "rejects") == []


def test_other_settings_read_everything_again(crawl: list[str], tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert extract(lake, *crawl) == 0
    assert extract(lake, *crawl, "--set", "filters.profile=none") == 0
    assert rows(lake, "rejects") == []
    assert len(rows(lake, "qa", question="Why?")) == 1


def test_a_source_that_cannot_be_read_is_4_and_the_rest_is_committed(
    crawl: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "lake"
    broken = tmp_path / "crawl" / "broken.warc.gz"
    broken.write_bytes(b"this is no archive at all\n" * 100)
    assert main(["extract", *crawl, str(broken), "--lake", str(lake)]) == 4
    assert f"failed: file://{broken}" in capsys.readouterr().err
    assert {row["status"] for row in rows(lake, "sources")} == {"done", "failed"}
    [failed] = rows(lake, "sources", status="failed")
    assert failed["error"]
    assert len(rows(lake, "qa")) == 4


def test_answers_that_repeat_across_a_site_are_boilerplate_and_come_back(tmp_path: Path) -> None:
    """Three questions of one site with one answer, in three archives; then one archive changes."""
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    answer = "Please call our friendly service team, which is happy to help you at any time."
    paths = [
        write_warc(
            tmp_path / f"{n}.warc.gz",
            [
                (
                    f"https://shop.example/{n}",
                    "2026-03-01T00:00:00Z",
                    faq_page((f"How do I repair the model number {n}?", answer), COSTS),
                )
            ],
        )
        for n in (1, 2, 3)
    ]
    limit = ("--set", "filters.site_boilerplate_questions=3")
    assert extract(lake, *paths[:2], *limit) == 0
    assert len(rows(lake, "qa", answer=answer)) == 2
    assert extract(lake, *paths, *limit) == 0
    assert rows(lake, "qa", answer=answer) == []
    assert len(rows(lake, "occurrences")) == 3
    assert {(row["stage"], row["reason"], row["detail"]) for row in rows(lake, "rejects")} == {
        ("site", "boilerplate", "one answer to 3 or more questions of shop.example")
    }
    write_warc(Path(paths[0]), [("https://shop.example/1", "2026-03-01T00:00:00Z", faq_page(COSTS))])
    assert extract(lake, *paths, *limit) == 0
    assert extract(fresh, *paths, *limit) == 0
    assert content(lake) == content(fresh)
    assert len(rows(lake, "qa", answer=answer)) == 2


def test_dry_run_writes_nothing(crawl: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = tmp_path / "lake"
    assert main(["extract", *crawl, "--lake", str(lake), "--dry-run"]) == 0
    shown = capsys.readouterr().err
    assert "3 sources to read" in shown
    assert "would write sources, pages, qa, occurrences, rejects" in shown
    assert not lake.exists()


def test_an_earlier_run_that_was_cut_short_is_brought_to_its_end(crawl: list[str], tmp_path: Path) -> None:
    """Everything but the ledger's last word is there: what a driver killed at the very end leaves."""
    lake = tmp_path / "lake"
    assert extract(lake, *crawl) == 0
    before = content(lake)
    delta = Lake(str(lake)).delta("runs")
    assert delta is not None
    delta.update(updates={"status": "'running'"})
    assert extract(lake, *crawl) == 0
    assert content(lake) == before
    assert [row["status"] for row in sorted(rows(lake, "runs"), key=lambda row: row["started_at"])] == [
        "running",
        "done",
    ]
    settled = versions(lake)
    assert extract(lake, *crawl) == 0
    assert versions(lake) == settled
