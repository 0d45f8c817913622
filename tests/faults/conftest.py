"""What faults happen to: archives, the lakes of runs that nothing befell, a disk that is soon full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from faquarry.cli import main
from tests.archives import faq_page, write_warc
from tests.faults.disks import mounted
from tests.faults.undisturbed import ARCHIVES, QUIET, extract, pipeline
from tests.jobs import faquarry
from tests.lakes import disagreements, rows


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Archives that share pairs, hold rejects, one damaged record, and an answer that repeats across a site."""
    folder = tmp_path_factory.mktemp("crawl")
    again = "Please write to our friendly service team, which is happy to help you at any time of the day."
    paths = []
    for n in range(ARCHIVES):
        own = (
            f"How long is the trail number {n}?",
            f"The trail is {n + 3} kilometres long, and takes an hour to walk.",
        )
        after = (
            f"Where does the bus number {n} stop?",
            f"It stops at the {n + 1}th gate of the park, every half hour.",
        )
        shared = (
            "Are dogs allowed in the park?",
            "Dogs are welcome on all of the paths as long as they are on a lead.",
        )
        pages = [
            (f"https://park.example/trails/{n}", f"2026-03-{9 - n:02}T08:00:00Z", faq_page(own, shared)),
            (f"https://bus.example/{'x' * n}", "2026-03-05T08:00:00Z", faq_page(after, shared, ("Why?", "Because."))),
            (
                f"https://shop.example/{n}",
                "2026-03-05T08:00:00Z",
                faq_page((f"How do I mend the model {n}?", again), own),
            ),
        ]
        paths.append(write_warc(folder / f"{n}.warc.gz", pages))
    with Path(paths[2]).open("ab") as archive:
        archive.write(b"\x1f\x8b\x08\x00 no member of gzip at all")
    return paths


@pytest.fixture(scope="session")
def whole(crawl: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of a run of `extract` that nothing befell."""
    lake = tmp_path_factory.mktemp("whole") / "lake"
    done = faquarry(*extract(lake, *crawl), timeout_s=600)
    assert done.returncode == 0, done.stderr
    assert disagreements(lake) == []
    assert {len(rows(lake, "rejects", stage=stage)) for stage in ("filter", "site")} == {ARCHIVES}
    assert sorted(row["status"] for row in rows(lake, "sources")) == ["done"] * (ARCHIVES - 1) + ["partial"]
    return lake


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    with mounted(tmp_path / "small", "8m") as folder:
        yield folder


def _quietly_read(sources: list[str], lake: Path) -> Path:
    assert main(["extract", *sources, "--lake", str(lake), *QUIET]) == 0
    return lake


@pytest.fixture(scope="session")
def first(spark: SparkSession, crawl: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of the crawl's first archive; nobody writes into it."""
    return _quietly_read(crawl[:1], tmp_path_factory.mktemp("first") / "lake")


@pytest.fixture(scope="session")
def second(spark: SparkSession, crawl: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of the crawl's first two archives; nobody writes into it."""
    return _quietly_read(crawl[:2], tmp_path_factory.mktemp("second") / "lake")


@pytest.fixture(scope="session")
def pipeline_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of a run of the whole pipeline over the sample web that nothing befell."""
    lake = tmp_path_factory.mktemp("pipeline") / "lake"
    done = faquarry(*pipeline(lake), timeout_s=1200)
    assert done.returncode == 0, done.stderr
    return lake


@pytest.fixture(scope="session")
def long_read(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An archive that a worker reads for seconds, without many rows to write."""
    words = " ".join(f"word{n}" for n in range(8000))
    plain = f"<html><body><p>FAQPage</p><p>{words}</p></body></html>"
    pair = ("Where is the stand of the museum?", "It stands at the end of the hall, to the left of the stairs.")
    pages = [(f"https://museum.example/{n}", "2026-03-07T12:00:00Z", plain) for n in range(1500)]
    pages.append(("https://museum.example/faq", "2026-03-07T12:00:00Z", faq_page(pair)))
    return write_warc(tmp_path_factory.mktemp("long") / "long.warc.gz", pages)


@pytest.fixture(scope="session")
def read_whole(long_read: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of that archive."""
    lake = tmp_path_factory.mktemp("read") / "lake"
    done = faquarry(*extract(lake, long_read))
    assert done.returncode == 0, done.stderr
    return lake
