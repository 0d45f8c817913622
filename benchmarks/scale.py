"""What the whole pipeline costs, stage by stage, at two sizes, and whether a model made of these foretells a third.

    python -m benchmarks scale

Every stage runs as a process of its own over a made-up web of real sentences (benchmarks/make_web.py). CPU seconds are those
of the driver, the JVM and all Python workers. A stage costs what starting costs, and so much for each of its units. What grows
faster than these (comparisons of a site, answers that a query meets in BM25) is too little to be seen at such sizes, and is
measured by itself. docs/scale.md draws the model out to a whole crawl.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu import measured
from benchmarks.make_web import Sentences, make_web
from faquarry.config.settings import MineSettings
from faquarry.lake import Lake
from faquarry.lake.ask import ask
from faquarry.retrieval import BM25
from faquarry.vectors.search import neighbours

__all__ = ["FLOORS", "STAGES", "Stage", "run", "units_of"]

SIZES = (5_000, 10_000, 25_000)
DATA = Path(__file__).parent / "data"
DEPTH = MineSettings().depth

FLOORS: dict[str, tuple[float, bool]] = {"off_by": (0.20, True)}


@dataclass(frozen=True)
class Stage:
    """A command, and what its cost grows with."""

    name: str
    arguments: Sequence[str]
    units: Sequence[str]


STAGES = (
    Stage("extract", ("extract",), ("pairs",)),
    Stage("deduplicate", ("deduplicate", "--kind", "question", "--kind", "near"), ("pairs",)),
    Stage("embed", ("embed",), ("pairs",)),
    Stage("semantic", ("deduplicate", "--kind", "semantic"), ("pairs",)),
    Stage("label", ("label",), ("pairs",)),
    Stage("align", ("align",), ("pairs",)),
    Stage("benchmark", ("benchmark",), ("pairs",)),
    Stage("mine", ("mine",), ("candidates",)),
)


def run(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """`points` (a stage at a size), `model` (a stage's start and cost a unit), `predicted`, `measured`, `off_by`."""
    sentences = Sentences.read(Path(os.environ["FAQUARRY_DATA"]))
    points = [measured_at(size, sentences) for size in sizes]
    model = fitted(points[:-1])
    largest = points[-1]
    foretold = {name: cost(one, largest["units"]) for name, one in model.items()}
    taken = {name: stage["cpu_s"] for name, stage in largest["stages"].items()}
    result: dict[str, Any] = {
        "comparisons_per_cpu_s": comparisons_per_cpu_s(),
        "meetings_per_cpu_s": meetings_per_cpu_s(sentences),
        "points": points,
        "model": model,
        "predicted": foretold,
        "measured": taken,
        "off_by": abs(sum(foretold.values()) / sum(taken.values()) - 1),
    }
    result["missed"] = [name for name, (bound, _) in FLOORS.items() if result[name] > bound]
    return result


def measured_at(size: int, sentences: Sentences) -> dict[str, Any]:
    """Runs all stages over a web of `size` pairs. -> units, and of every stage CPU and wall seconds, shuffled bytes …"""
    archive = DATA / f"web-{size}.warc.gz"
    make_web(archive, size, sentences)
    folder = Path(tempfile.mkdtemp(prefix="faquarry-scale-"))
    stages = {}
    try:
        for stage in STAGES:
            events = folder / "events" / stage.name
            events.mkdir(parents=True)
            command = [sys.executable, "-m", "faquarry", *stage.arguments]
            command += [str(archive)] if stage.name == "extract" else []
            command += ["--lake", str(folder / "lake"), "--set=log.progress=none"]
            command += ["--set=spark.conf.spark.eventLog.enabled=true"]
            command += [f"--set=spark.conf.spark.eventLog.dir={events.as_uri()}"]
            used = measured(command)
            stages[stage.name] = {
                **{"cpu_s": used.cpu_s, "wall_s": used.wall_s, "worker_mb": used.worker_mb},
                **told_by_spark(events),
            }
            told = stages[stage.name]
            print(
                f"  {size:,} {stage.name}: {used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s, worker {used.worker_mb:.0f} MB, "
                f"{told['shuffled'] / 1e6:.1f} MB shuffled",
                flush=True,
            )
        lake = Lake(str(folder / "lake"))
        return {"size": size, "units": units_of(lake), "stages": stages, "tables": table_bytes(lake)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def units_of(lake: Lake) -> dict[str, float]:
    """What the costs of stages grow with, counted in a lake.

    ``candidates``: what BM25 finds for training queries, 200 each or all answers of a small language; ``meetings``: training
    queries times the answers of their language.
    """
    [pairs] = ask(lake, ["qa"], "SELECT count(*) FROM qa")
    asked = dict(
        ask(
            lake,
            ["benchmark_queries"],
            "SELECT language, count(*) FROM benchmark_queries WHERE split = 'train' GROUP BY 1",
        )
    )
    answers = dict(ask(lake, ["benchmark_corpus"], "SELECT language, count(*) FROM benchmark_corpus GROUP BY 1"))
    candidates = sum(count * min(DEPTH, answers[language]) for language, count in asked.items())
    meetings = sum(count * answers[language] for language, count in asked.items())
    found = {"pairs": pairs[0], "queries": sum(asked.values()), "candidates": candidates, "meetings": meetings}
    return {name: float(count) for name, count in found.items()}


def table_bytes(lake: Lake) -> dict[str, dict[str, int]]:
    """Rows and bytes of the present files of every table, the stages' own state too."""
    found = {}
    for name in lake.tables(internal=True):
        delta = lake.delta(name)
        assert delta is not None
        actions = delta.get_add_actions(flatten=True)
        sizes = np.asarray(actions.column("size_bytes"))
        found[name] = {"rows": delta.to_pyarrow_dataset().count_rows(), "bytes": int(sizes.sum()), "files": len(sizes)}
    return found


def told_by_spark(events: Path) -> dict[str, int]:
    """Sums over the tasks of an event log: bytes shuffled, spilled and read, and the most memory of a task."""
    totals = {"shuffled": 0, "spilled": 0, "tasks": 0}
    for path in events.rglob("events_*"):
        for line in _lines(path):
            if '"SparkListenerTaskEnd"' in line:
                metrics = json.loads(line).get("Task Metrics") or {}
                totals["shuffled"] += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
                totals["spilled"] += metrics.get("Disk Bytes Spilled", 0)
                totals["tasks"] += 1
    return totals


def _lines(path: Path) -> list[str]:
    data = path.read_bytes()
    if path.suffix == ".zstd":
        import io

        import zstandard

        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data.decode().splitlines()


def comparisons_per_cpu_s(rows: int = 16_384, dim: int = 256) -> float:
    """Cosines a CPU second of the search both ways that `align` does, at the packaged encoder's dimensions."""
    rng = np.random.default_rng(1)
    one, other = (rng.standard_normal((rows, dim)).astype(np.float32) for _ in range(2))
    for matrix in (one, other):
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    engine, started = neighbours(), time.process_time()
    engine.both(one, other, 4)
    return rows * rows / (time.process_time() - started)


def meetings_per_cpu_s(sentences: Sentences, documents: int = 100_000, queries: int = 500) -> float:
    """Queries times documents a CPU second of BM25's best 200, over English sentences asked by others of them."""
    texts = sentences.english[: documents + queries]
    index = BM25(texts[:-queries], "eng")
    index.search(texts[-2:], k=DEPTH)  # compiles
    started = time.process_time()
    index.search(texts[-queries:], k=DEPTH)
    return (len(texts) - queries) * queries / (time.process_time() - started)


def fitted(points: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Of every stage its start and its cost a unit, none below zero (non-negative least squares)."""
    from scipy.optimize import nnls

    model = {}
    for stage in STAGES:
        rows = np.array([[1.0, *(point["units"][unit] for unit in stage.units)] for point in points])
        cpu = np.array([point["stages"][stage.name]["cpu_s"] for point in points])
        scale = rows.max(axis=0)
        found, _ = nnls(rows / scale, cpu)
        model[stage.name] = dict(zip(("start", *stage.units), (found / scale).tolist(), strict=True))
    return model


def cost(model: Mapping[str, float], units: Mapping[str, float]) -> float:
    """CPU seconds of a stage over so many units."""
    return sum(value * (1.0 if name == "start" else units[name]) for name, value in model.items())
