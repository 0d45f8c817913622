"""The whole pipeline, its driver killed at more than twenty points: in every stage, in training, evaluation, export, report."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.undisturbed import pipeline, public_rows
from tests.jobs import faquarry, kill, start, until
from tests.lakes import rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# (verb of the ledger, which of its runs that are done stand before, kills): a stage is killed as it starts and at a moment.
STAGES = (
    ("extract", 0, 2),
    ("deduplicate", 0, 2),
    ("embed", 0, 2),
    ("deduplicate", 1, 2),
    ("label", 0, 2),
    ("align", 0, 2),
    ("benchmark", 0, 2),
    ("mine", 0, 2),
    ("graph", 0, 2),
    ("groups", 0, 2),
)
# What the log says as the parts after them begin, in their order.
PARTS = {
    "train": "train: pairs: ",
    "evaluate": "queries to ask",
    "export": "export: huggingface (",
    "report": "report: 1 of ",
}


def done(lake: Path) -> Counter[str]:
    return Counter(row["verb"] for row in rows(lake, "runs") if row["status"] in ("done", "partial"))


def started(lake: Path, verb: str) -> int:
    return len(rows(lake, "runs", verb=verb))


@pytest.mark.timeout(3600)
def test_the_pipeline_killed_everywhere_ends_as_if_never_killed(pipeline_lake: Path, tmp_path: Path) -> None:
    """One lake, a run after the other, each killed somewhere; the last one is left alone."""
    lake, log, chance = tmp_path / "lake", tmp_path / "log", random.Random(20260308)
    lasts = {row["verb"]: row["seconds"] for row in rows(pipeline_lake, "runs")}
    kills = Counter[str]()
    for verb, before, times in STAGES:
        for number in range(times):
            if done(lake)[verb] > before:
                break
            runs = started(lake, verb)
            process = start(*pipeline(lake), log=log)
            reached = until(lambda verb=verb, runs=runs: started(lake, verb) > runs, process, timeout_s=600)
            time.sleep(chance.uniform(0, lasts[verb]) if reached and number else 0)
            kills[verb] += process.poll() is None
            kill(process)
    for part, sign in PARTS.items():
        said = log.stat().st_size
        process = start(*pipeline(lake), log=log)
        until(lambda sign=sign, said=said: sign.encode() in log.read_bytes()[said:], process, timeout_s=600)
        kills[part] += process.poll() is None
        kill(process)
    last = faquarry(*pipeline(lake), timeout_s=900)
    assert last.returncode == 0, last.stderr
    assert sum(kills.values()) >= 20, kills
    assert {verb for verb, count in kills.items() if count} == {verb for verb, _, _ in STAGES} | set(PARTS)
    assert public_rows(lake) == public_rows(pipeline_lake)
    assert exported(lake) == exported(pipeline_lake)
    assert (lake / "_report" / "index.html").stat().st_size > 100_000
    assert not list((lake / "_report").glob(".*")) + list(lake.glob("._export*"))


def exported(lake: Path) -> dict[str, bytes]:
    """The data files of the export; its card and its list of versions tell of runs."""
    files = sorted((lake / "_export").rglob("*.parquet"))
    assert files
    return {str(file.relative_to(lake)): file.read_bytes() for file in files}
