"""A Python worker that dies at work."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.archives import faq_page, write_warc
from tests.faults.undisturbed import assert_settled, extract
from tests.jobs import ended, faquarry, processes, start, until
from tests.lakes import content, rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]


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
