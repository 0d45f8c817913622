"""The stage `graph` on Spark: exactly once, whatever the order, the number of tasks and the number of runs."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from delta import DeltaTable
from pyspark.sql import SparkSession
from tests.archives import response_record, write_warc
from tests.lakes import content, repeated_keys, rows, versions

from faquarry.cli import main
from faquarry.graph.resolve import resolved_links
from faquarry.lake import Lake

pytestmark = pytest.mark.spark

# The order in which a commit writes; `_graph_sources`, the last, says that all is there.
ORDER = ("_superseded", "links", "documents", "rejects", "_graph_sources")
APART = ("--set", "graph.split_bytes=1024", "--set", "graph.group_bytes=1", "--set", "graph.files_per_commit=1")


@pytest.fixture(autouse=True)
def session(spark: SparkSession) -> SparkSession:
    """The command line uses the running session, as in a notebook."""
    return spark


def page(title: str, body: str) -> str:
    return f'<html lang="en"><head><title>{title}</title></head><body>{body}</body></html>'


KNOTS = page(
    "Knots",
    '<nav><a href="/">Home</a></nav><p>Every knot holds a rope in its own way, as <a href="https://ropes.example/bowline?utm_source=k">'
    'the bowline</a> and <a href="http://sails.example/">makers of sails</a> show.</p><a href="https://ropes.example/">Read more</a>',
)
BOWLINE = page(
    "Bowline",
    '<p>The bowline makes a loop that does not slip, see <a href="//KNOTS.example:443/all#b">all the knots</a>.</p>',
)
SAILS = page(
    "Sails",
    '<p>We sew sails from cotton, and tie them with <a href="https://ropes.example/bowline">a good loop</a>.</p>',
)
SPLICE = page(
    "Splice",
    '<p>A splice joins two ropes for good, where <a href="https://late.example/reef">a reef knot</a> would slip.</p>',
)
REEF = page("Reef knot", "<p>The reef knot ties two ends of one rope around a parcel.</p>")


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    """Two archives of four pages, one of them with a member that is damaged, and a picture."""
    first = write_warc(
        tmp_path / "a.warc.gz",
        [
            ("https://knots.example/all", "2026-03-01T09:00:00Z", KNOTS),
            ("https://ropes.example/bowline", "2026-03-01T09:00:01Z", BOWLINE),
        ],
    )
    damaged = bytearray(
        gzip.compress(response_record("https://lost.example/", "2026-03-02T09:00:00Z", REEF.encode() * 20), mtime=0)
    )
    damaged[len(damaged) // 2 :] = bytes(len(damaged) - len(damaged) // 2)
    records = [
        gzip.compress(response_record("http://sails.example/", "2026-03-02T09:00:00Z", SAILS.encode()), mtime=0),
        bytes(damaged),
        gzip.compress(
            response_record("http://sails.example/a.png", "2026-03-02T09:00:00Z", b"\x89PNG\x00", "image/png"), mtime=0
        ),
        gzip.compress(response_record("urn:nothing", "2026-03-02T09:00:00Z", SAILS.encode()), mtime=0),
        gzip.compress(
            response_record("https://ropes.example/splice", "2026-03-02T09:00:01Z", SPLICE.encode()), mtime=0
        ),
    ]
    second = tmp_path / "b.warc.gz"
    second.write_bytes(b"".join(records))
    return [first, str(second)]


def graph(lake: Path, *arguments: str) -> int:
    code = main(["graph", *arguments, "--lake", str(lake), "--set", "log.progress=none"])
    assert repeated_keys(lake) == []
    return code


def everything(lake: Path) -> dict[str, list[str]]:
    """`content`, also without the runs that stand inside of rows."""
    return {
        name: sorted(re.sub(r'"run_id": "[^"]*"', "", row) for row in found) for name, found in content(lake).items()
    }


def edges(lake: Path) -> set[tuple[str, str, str]]:
    """The kept links whose target is a document."""
    return {
        (row["src_url"], row["dst_url"], row["anchor"])
        for batch in resolved_links(Lake(str(lake)))
        for row in batch.to_pylist()
    }


def test_a_graph_by_hand(crawl: list[str], tmp_path: Path) -> None:
    lake, apart = tmp_path / "lake", tmp_path / "apart"
    assert edges(lake) == set()
    assert graph(lake, *crawl) == 0
    found = {row["url"]: row for row in rows(lake, "documents")}
    assert {
        url: (row["site"], row["title"], row["language"], row["links_found"], row["links_kept"])
        for url, row in found.items()
    } == {
        "https://knots.example/all": ("knots.example", "Knots", "eng", 4, 2),
        "https://ropes.example/bowline": ("ropes.example", "Bowline", "eng", 1, 1),
        "http://sails.example/": ("sails.example", "Sails", "eng", 1, 1),
        "https://ropes.example/splice": ("ropes.example", "Splice", "eng", 1, 1),
    }
    assert found["http://sails.example/"]["text"] == "We sew sails from cotton, and tie them with a good loop."
    said = [
        (row["position"], row["dst_url"], row["anchor"], row["region"], row["same_site"], row["kept"], row["reason"])
        for row in rows(lake, "links", src_url="https://knots.example/all")
    ]
    assert sorted(said) == [
        (0, "https://knots.example/", "Home", "navigation", True, False, "same_site"),
        (1, "https://ropes.example/bowline", "the bowline", "body", False, True, None),
        (2, "http://sails.example/", "makers of sails", "body", False, True, None),
        (3, "https://ropes.example/", "Read more", "body", False, False, "uninformative_anchor"),
    ]
    known = {
        ("https://knots.example/all", "https://ropes.example/bowline", "the bowline"),
        ("https://knots.example/all", "http://sails.example/", "makers of sails"),
        ("https://ropes.example/bowline", "https://knots.example/all", "all the knots"),
        ("http://sails.example/", "https://ropes.example/bowline", "a good loop"),
    }
    assert edges(lake) == known
    rejects = {(row["stage"], row["reason"]) for row in rows(lake, "rejects")}
    assert rejects == {("graph", "damaged"), ("graph", "no_address")}
    sources = {
        Path(row["source"]).name: (row["status"], row["documents"], row["links"], row["kept"])
        for row in rows(lake, "_graph_sources")
    }
    assert sources == {"a.warc.gz": ("done", 2, 5, 3), "b.warc.gz": ("partial", 2, 2, 2)}

    # Another run, other tasks, another order: the same rows. And a second run changes nothing.
    assert graph(apart, *reversed(crawl), *APART) == 0
    assert everything(apart) == everything(lake)
    before = versions(lake)
    assert graph(lake, *reversed(crawl)) == 0
    assert versions(lake) == before

    # A target that comes later is found by the links of before.
    late = write_warc(tmp_path / "c.warc.gz", [("https://late.example/reef", "2026-04-01T09:00:00Z", REEF)])
    assert graph(lake, late) == 0
    assert edges(lake) == known | {("https://ropes.example/splice", "https://late.example/reef", "a reef knot")}
    assert Lake(str(lake)).dataset("links").count_rows() == 7  # type: ignore[union-attr]


@pytest.fixture
def twice(tmp_path: Path) -> list[str]:
    """One address in three archives, and twice in the last; the second archive has the latest."""
    url = "https://knots.example/all"
    old = page("Old", '<p>Some old words about <a href="https://sails.example/">sails of old</a>.</p>')
    return [
        write_warc(
            tmp_path / "1.warc.gz",
            [(url, "2026-01-01T00:00:00Z", old), ("https://sails.example/", "2026-01-01T00:00:00Z", SAILS)],
        ),
        write_warc(tmp_path / "2.warc.gz", [("https://KNOTS.example/all#x", "2026-03-01T00:00:00Z", KNOTS)]),
        write_warc(
            tmp_path / "3.warc.gz", [(url, "2026-02-01T00:00:00Z", REEF), (url, "2026-01-15T00:00:00Z", SPLICE)]
        ),
    ]


@pytest.mark.slow
def test_the_latest_of_an_address_wins_in_any_order(twice: list[str], tmp_path: Path) -> None:
    """And when its source no longer has the page, the next one takes its place, with its links."""
    together, apart, fresh = tmp_path / "together", tmp_path / "apart", tmp_path / "fresh"
    assert graph(together, *twice) == 0
    [winner] = rows(together, "documents", site="knots.example")
    assert (winner["title"], Path(winner["source"]).name) == ("Knots", "2.warc.gz")
    assert {row["anchor"] for row in rows(together, "links", src_url=winner["url"])} == {
        "Home",
        "the bowline",
        "makers of sails",
        "Read more",
    }
    assert sorted(row["document"]["title"] for row in rows(together, "_superseded")) == ["Old", "Reef knot", "Splice"]
    for path in (twice[1], twice[2], twice[0]):
        assert graph(apart, path) == 0
    assert everything(apart) == everything(together)

    write_warc(Path(twice[1]), [("https://ropes.example/splice", "2026-03-01T00:00:00Z", SPLICE)])
    write_warc(Path(twice[2]), [("https://knots.example/all", "2025-02-01T00:00:00Z", REEF)])
    assert graph(apart, *twice) == 0
    assert graph(fresh, *twice) == 0
    assert [row["title"] for row in rows(apart, "documents", site="knots.example")] == ["Old"]
    assert everything(apart) == everything(fresh)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "again"),
    [
        ("_superseded", "without the page"),
        ("links", "the same"),
        ("links", "without the page"),
        ("documents", "the same"),
        ("documents", "without the page"),
    ],
)
def test_a_killed_run_and_then_another(
    after: str, again: str, twice: list[str], tmp_path: Path, spark: SparkSession
) -> None:
    """A run that was killed after it had written the table `after`: the next one ends as one that was never killed."""
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    assert graph(lake, twice[0], twice[2]) == 0
    before = versions(lake)
    assert graph(lake, twice[1]) == 0
    for name in ORDER[ORDER.index(after) + 1 :]:
        if before[name] is not None and versions(lake)[name] != before[name]:
            DeltaTable.forPath(spark, str(lake / name)).restoreToVersion(before[name])
    if again == "without the page":
        write_warc(Path(twice[1]), [("https://ropes.example/splice", "2026-03-01T00:00:00Z", SPLICE)])
    assert graph(lake, *twice) == 0
    assert graph(fresh, *twice) == 0
    assert everything(lake) == everything(fresh)


@pytest.mark.slow
def test_graph_and_extract_keep_each_others_rejects(crawl: list[str], tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert main(["extract", crawl[1], "--lake", str(lake), "--set", "log.progress=none"]) == 0
    extracted = rows(lake, "rejects")
    assert extracted
    assert graph(lake, crawl[1]) == 0
    assert (
        main(["extract", crawl[1], "--lake", str(lake), "--set", "log.progress=none", "--set", "filters.min_answer=9"])
        == 0
    )
    assert len(rows(lake, "rejects", stage="graph")) == 2
    assert len(rows(lake, "rejects")) == 2 + len(extracted)


def test_what_holds_no_pages_has_failed(tmp_path: Path) -> None:
    quads = tmp_path / "quads.nq"
    quads.write_text('<https://a.example/x> <http://schema.org/name> "FAQPage" <https://a.example/> .\n')
    lake = tmp_path / "lake"
    assert graph(lake, str(quads)) == 4
    [row] = rows(lake, "_graph_sources")
    assert row["status"] == "failed"
    assert "holds no pages" in row["error"]
