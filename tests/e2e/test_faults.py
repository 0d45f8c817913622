"""What may befall a job: killed anywhere, another one beside it, no space, a worker that dies.

Each lake here is compared, row by row, with one that nothing befell.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.archives import faq_page, write_warc
from tests.jobs import QUICK, ended, faquarry, kill, processes, start, until
from tests.lakes import content, disagreements, rows, versions

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# A commit for every archive, and a limit that the sweep over sites has something to do at.
SETTINGS = (
    *QUICK,
    "--set=extract.files_per_commit=1",
    "--set=filters.site_boilerplate_questions=4",
    "--set=log.interval_s=1",
)
KILLS_EACH = 2  # of a phase of the run: start-up, every archive, the sweep at the end
ARCHIVES = 5


def extract(lake: Path, *sources: str) -> tuple[str, ...]:
    return ("extract", *sources, "--lake", str(lake), *SETTINGS)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def whole(crawl: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of a run that nothing befell."""
    lake = tmp_path_factory.mktemp("whole") / "lake"
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert disagreements(lake) == []
    assert {len(rows(lake, "rejects", stage=stage)) for stage in ("filter", "site")} == {ARCHIVES}
    assert sorted(row["status"] for row in rows(lake, "sources")) == ["done"] * (ARCHIVES - 1) + ["partial"]
    return lake


def assert_settled(lake: Path, whole: Path, crawl: list[str]) -> None:
    """The lake equals the undisturbed one, and a further run leaves every version as it is."""
    assert disagreements(lake) == []
    assert content(lake) == content(whole)
    before = versions(lake)
    done = faquarry(*extract(lake, *crawl))
    assert (done.returncode, "nothing to do" in done.stderr) == (0, True), done.stderr
    assert versions(lake) == before


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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"needs mount: {error}")
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path, leaving: int) -> None:
    """Takes all the space there is but `leaving` bytes."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(file.tell() - leaving)


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


@pytest.fixture(scope="module")
def long_read(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An archive that a worker reads for seconds, without many rows to write."""
    words = " ".join(f"word{n}" for n in range(8000))
    plain = f"<html><body><p>FAQPage</p><p>{words}</p></body></html>"
    pair = ("Where is the stand of the museum?", "It stands at the end of the hall, to the left of the stairs.")
    pages = [(f"https://museum.example/{n}", "2026-03-07T12:00:00Z", plain) for n in range(3000)]
    pages.append(("https://museum.example/faq", "2026-03-07T12:00:00Z", faq_page(pair)))
    return write_warc(tmp_path_factory.mktemp("long") / "long.warc.gz", pages)


def reading(process: subprocess.Popen[bytes]) -> list[int]:
    """Python workers that have been at work for a while: forks of Spark's daemon, which itself does nothing."""
    found = []
    daemons = processes(process, "pyspark.daemon")
    for pid in daemons:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parent, ticks = int(fields[1]), int(fields[11]) + int(fields[12])
        if parent in daemons and ticks / os.sysconf("SC_CLK_TCK") > 0.7:
            found.append(pid)
    return found


def test_a_worker_that_dies_is_a_sentence_or_tried_again(long_read: str, tmp_path: Path) -> None:
    """In plain local mode Spark tries a task once; with local[2,3] it tries again, and nothing is seen of the death."""
    whole, lake, retried = tmp_path / "whole", tmp_path / "lake", tmp_path / "retried"
    for place, more, code in ((lake, (), 2), (retried, ("--set=spark.master=local[2,3]",), 0)):
        log = place.with_suffix(".log")
        process = start(*extract(place, long_read), *more, log=log)
        assert until(lambda process=process: reading(process), process), log.read_text()
        os.kill(reading(process)[0], signal.SIGKILL)
        assert ended(process) == code, log.read_text()
        assert "Traceback" not in log.read_text()
    assert "A Python worker died" in lake.with_suffix(".log").read_text().splitlines()[-1]
    [run] = rows(lake, "runs")
    assert (run["status"], "worker died" in run["error"]) == ("failed", True)
    for place in (whole, lake):
        done = faquarry(*extract(place, long_read))
        assert done.returncode == 0, done.stderr
    assert content(retried) == content(whole)
    assert_settled(lake, whole, [long_read])
