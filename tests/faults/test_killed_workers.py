"""Python workers and executors that die at work: Spark tries the task again, or a sentence says so."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.memory import bounded
from tests.faults.undisturbed import assert_settled, extract, pipeline, public_rows
from tests.faults.workers import ancestors, at_work, reading, signal_all
from tests.jobs import ended, faquarry, processes, start, until
from tests.lakes import content, rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]

STAGES = ("extract", "deduplicate", "embed", "label", "align", "mine", "graph", "groups")
KILLS_A_STAGE = 3  # one may hit a worker that had just ended its task
PAUSE_S = 2.0


@dataclass
class Disturbed:
    """A run of the pipeline in which workers of every stage were killed as they worked."""

    lake: Path
    log: Path
    events: Path
    kills: Counter[str] = field(default_factory=Counter)

    def lost_tasks(self) -> Counter[str]:
        """Tasks that failed, by the verb whose run they were of, as Spark's event log has them."""
        runs = [(row["started_at"], row["finished_at"], row["verb"]) for row in rows(self.lake, "runs")]
        lost = Counter[str]()
        for file in self.events.iterdir():
            for line in file.read_text(encoding="utf-8").splitlines():
                if "SparkListenerTaskEnd" in line and json.loads(line)["Task End Reason"]["Reason"] != "Success":
                    at = datetime.fromtimestamp(json.loads(line)["Task Info"]["Finish Time"] / 1000, UTC)
                    lost.update(verb for first, last, verb in runs if first <= at <= last)
        return lost


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    folder = tmp_path_factory.mktemp("disturbed")
    made = Disturbed(folder / "lake", folder / "log", folder / "events")
    made.events.mkdir()
    conf = {"enabled": "true", "dir": made.events.as_uri(), "compress": "false", "rolling.enabled": "false"}
    more = [f"--set=spark.conf.spark.eventLog.{key}={value}" for key, value in conf.items()]
    parts = ("--no-train", "--no-evaluate", "--no-export", "--no-report")
    process = start(*pipeline(made.lake, *parts, *more, "--set=spark.master=local[2,8]"), log=made.log)
    seen: dict[int, int] = {}
    again = 0.0
    while process.poll() is None:
        time.sleep(0.005)
        workers = at_work(process, seen)
        if not workers or time.monotonic() < again:
            continue
        signal_all(workers, signal.SIGSTOP)  # a task of few rows would end while the ledger is read
        running = {row["verb"] for row in rows(made.lake, "runs") if row["status"] == "running"}
        wanted = [verb for verb in running if verb in STAGES and made.kills[verb] < KILLS_A_STAGE]
        # All of them: one alone may just have ended its task.
        signal_all(workers, signal.SIGKILL if wanted else signal.SIGCONT)
        made.kills.update(wanted)
        again = time.monotonic() + (PAUSE_S if wanted else 0.2)
    assert ended(process) == 0, made.log.read_text()
    return made


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed_in_a_stage_is_tried_again(stage: str, disturbed: Disturbed) -> None:
    assert disturbed.lost_tasks()[stage] > 0, disturbed.kills
    assert {row["status"] for row in rows(disturbed.lake, "runs", verb=stage)} == {"done"}


@pytest.mark.timeout(1500)
def test_the_rows_are_those_of_a_run_without_deaths(disturbed: Disturbed, pipeline_lake: Path) -> None:
    assert "Traceback" not in disturbed.log.read_text()
    expected = public_rows(pipeline_lake)
    found = public_rows(disturbed.lake)
    for table in set(expected) - {"evaluations"}:
        assert found[table] == expected[table], table


def test_a_worker_that_dies_is_a_sentence_or_tried_again(long_read: str, read_whole: Path, tmp_path: Path) -> None:
    """In plain local mode Spark tries a task once; with local[2,3] it tries again, and nothing is seen of the death."""
    lake, retried = tmp_path / "lake", tmp_path / "retried"
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
    done = faquarry(*extract(lake, long_read))
    assert done.returncode == 0, done.stderr
    assert content(retried) == content(read_whole)
    assert_settled(lake, read_whole, [long_read])


def test_workers_that_the_kernel_kills_for_their_memory_are_a_sentence(long_read: str, tmp_path: Path) -> None:
    """A container's bound, here on the workers alone; without it the next run goes on."""
    lake, log = tmp_path / "lake", tmp_path / "log"
    with bounded(48 << 20) as bound:
        process = start(*extract(lake, long_read), log=log)
        taken = set[int]()
        while process.poll() is None:
            for pid in set(processes(process, "pyspark.daemon")) - taken:
                with suppress(ProcessLookupError):
                    bound.take(pid)
                taken.add(pid)
            time.sleep(0.02)
        assert ended(process) == 2, log.read_text()
        assert bound.killed() > 0
    assert "A Python worker died again and again (killed for memory, perhaps" in log.read_text().splitlines()[-1]
    assert "Traceback" not in log.read_text()
    assert [row["status"] for row in rows(lake, "runs")] == ["failed"]
    done = faquarry(*extract(lake, long_read))
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows(lake, "sources")] == ["done"]


# -- executors: a cluster of two on this machine, made by the driver ---------------------------------------------------

CLUSTER = ("--set=spark.master=local-cluster[2,1,768]", "--set=spark.conf.spark.executor.memory=700m")


def cluster(lake: Path, *sources: str) -> tuple[str, ...]:
    return (*extract(lake, *sources), *CLUSTER)


def test_an_executor_that_is_killed_is_replaced(long_read: str, read_whole: Path, tmp_path: Path) -> None:
    lake, log = tmp_path / "lake", tmp_path / "log"
    process = start(*cluster(lake, long_read), log=log)
    assert until(lambda: reading(process), process), log.read_text()
    (worker, *_) = reading(process)
    executors = processes(process, "CoarseGrainedExecutorBackend")
    mine = [pid for pid in executors if pid in ancestors(worker)]
    assert len(mine) == 1
    os.kill(mine[0], signal.SIGKILL)
    assert ended(process) == 0, log.read_text()
    assert content(lake) == content(read_whole)


def test_a_worker_beyond_its_memory_is_a_sentence(long_read: str, tmp_path: Path) -> None:
    """`spark.executor.pyspark.memory` bounds what a worker may map; with more of it the next run goes on."""
    lake = tmp_path / "lake"
    little = ("--set=spark.conf.spark.executor.pyspark.memory=300m",)
    done = faquarry(*cluster(lake, long_read), *little)
    assert done.returncode == 2, done.stderr
    (said,) = (line for line in done.stderr.splitlines() if line.startswith("faquarry extract: "))
    assert "A Python worker has too little memory: give it more" in said
    [run] = rows(lake, "runs")
    assert run["status"] == "failed"
    done = faquarry(*extract(lake, long_read))
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows(lake, "sources")] == ["done"]
