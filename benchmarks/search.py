"""BM25 for every query of a million short answers through Spark, beside bm25s alone: queries a second and core.

    python -m benchmarks search

Both search the same synthetic texts (words by Zipf's law, 8 to 24 of a vocabulary of 200,000) for the same queries, top 200.
bm25s (method lucene, numba) has its index in memory and one process; its indexing does not count. Ours runs as `mine` does:
blocks read from the lake, statistics of the language joined to the queries, tasks, hits written. What one more query costs
is told from two numbers of queries, as CPU seconds of all processes, so that starting Java does not count; the blocks are
made before. A sample of rankings is compared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.cpu import measured
from faquarry.config.settings import LogSettings, MineSettings, Settings

__all__ = ["FLOORS", "run"]

DATA = Path(__file__).parent / "data"
DOCUMENTS = 1_000_000
QUERIES = (1_000, 9_000)
DEPTH = 200
WORDS = 200_000

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {"ratio": (0.8, False), "worker_mb": (2_000.0, True), "same": (1.0, False)}


def run(documents: int = DOCUMENTS, queries: tuple[int, int] = QUERIES) -> dict[str, Any]:
    """`bm25s` and `ours`: queries a CPU second; `ratio`; `worker_mb`; `same`: share of a sample's scores that agree."""
    lake = _lake(documents, max(queries))
    peer = _peer(lake, min(1_000, queries[0]))
    points = []
    subprocess.run(
        [sys.executable, "-m", "benchmarks.search", "--search", str(lake), "1"], check=True
    )  # makes the blocks
    for count in queries:
        used = measured([sys.executable, "-m", "benchmarks.search", "--search", str(lake), str(count)])
        points.append({"queries": count, "cpu_s": used.cpu_s, "wall_s": used.wall_s, "worker_mb": used.worker_mb})
        print(f"  {count:,} queries: {used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s", flush=True)
    small, large = points
    cpu_s = (large["cpu_s"] - small["cpu_s"]) / (large["queries"] - small["queries"])
    figures: dict[str, Any] = {
        "documents": documents,
        "bm25s_queries_per_s": peer["queries_per_s"],
        "points": points,
        "queries_per_cpu_s": 1 / cpu_s,
        "ratio": 1 / cpu_s / peer["queries_per_s"],
        "worker_mb": max(point["worker_mb"] for point in points),
        "same": _agreement(lake, peer["hits"]),
    }
    figures["missed"] = [
        name for name, (bound, most) in FLOORS.items() if (figures[name] > bound if most else figures[name] < bound)
    ]
    return figures


def _texts(count: int, least: int, most: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(least, most + 1, count)
    share = 1 / np.arange(1, WORDS + 1)
    words = generator.choice(WORDS, int(lengths.sum()), p=share / share.sum())
    ends = np.cumsum(lengths)
    return [
        " ".join(f"w{word}" for word in words[end - size : end].tolist())
        for end, size in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def _lake(documents: int, queries: int) -> Path:
    """A lake with the tables of a benchmark of one language; kept between runs."""
    from deltalake import write_deltalake

    from faquarry.lake.tables import BENCHMARK_CORPUS

    lake = DATA / f"search-{documents}-{queries}"
    if not (lake / "queries.parquet").exists():
        shutil.rmtree(lake, ignore_errors=True)
        ids = [f"{number:032x}" for number in np.random.default_rng(1).permutation(documents).tolist()]
        corpus = {"language": ["eng"] * documents, "id": ids, "text": _texts(documents, 8, 24, 2)}
        empty = {name: pa.nulls(documents, pa.string()) for name in ("site", "run_id", "title")}
        table = pa.table({**corpus, **empty}).select(BENCHMARK_CORPUS.columns).cast(BENCHMARK_CORPUS.schema)
        write_deltalake(str(lake / "benchmark_corpus"), table)
        asked = {"language": ["eng"] * queries, "query": _texts(queries, 5, 9, 3)}
        pq.write_table(
            pa.table({**asked, "query_id": [f"{number:06d}" for number in range(queries)]}), lake / "queries.parquet"
        )
    return lake


def _peer(lake: Path, queries: int) -> dict[str, Any]:
    """bm25s over all texts in one process: queries a CPU second, and the hits of the first."""
    import bm25s
    from deltalake import DeltaTable

    from faquarry.retrieval.analyzer import analyzer

    corpus = DeltaTable(str(lake / "benchmark_corpus")).to_pyarrow_table(columns=["id", "text"])
    asked = pq.read_table(lake / "queries.parquet").slice(0, queries)
    tokens = analyzer("eng").tokens
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4, backend="numba")
    index.index([tokens(text) for text in corpus["text"].to_pylist()], show_progress=False)
    queries_tokens = [tokens(text) for text in asked["query"].to_pylist()]
    options = {"k": DEPTH, "show_progress": False, "backend_selection": "numba", "n_threads": 1}
    index.retrieve(queries_tokens[:10], **options)
    took = []
    for _ in range(3):
        start = time.process_time()
        found = index.retrieve(queries_tokens, **options)
        took.append(time.process_time() - start)
    ids = corpus["id"].to_pylist()
    names = asked["query_id"].to_pylist()
    hits = {
        name: (
            [ids[number] for number in documents.tolist()],
            scores.tolist(),
        )
        for name, documents, scores in zip(names[:50], found.documents, found.scores, strict=False)
    }
    return {"queries_per_s": len(queries_tokens) / min(took), "hits": hits}


def _ours(lake: Path, count: int) -> None:
    """Searches for the first queries as `mine` does; the hits of fifty are left in a file."""
    from pyspark.sql import functions as F

    from faquarry.lake import Lake
    from faquarry.progress import Progress
    from faquarry.retrieval.search.blocks import Formula
    from faquarry.retrieval.search.stage import Search
    from faquarry.spark.files import remove_folder
    from faquarry.spark.session import get_session
    from faquarry.stage import Context

    settings = Settings(lake=str(lake), log=LogSettings(progress="none"))
    mine = MineSettings()
    spark = get_session(settings.spark)
    context = Context(Lake(str(lake)), spark, "benchmark", Progress(settings.log), "mine")
    search = Search(context, Formula(mine.k1, mine.b, DEPTH), mine.block_documents, mine.task_queries)
    search.writer.ensure("_blocks")
    search.update()
    queries = spark.read.parquet(str(lake / "queries.parquet")).where(F.col("query_id") < f"{count:06d}")
    staging = str(lake / "_staging" / "hits")
    hits = search.hits(queries, staging)
    hits.where("query_id < '000050'").write.mode("overwrite").parquet(str(lake / "hits"))
    remove_folder(spark, staging)
    spark.stop()


def _agreement(lake: Path, hits: dict[str, tuple[list[str], list[float]]]) -> float:
    """Share of the peer's places at which ours has the same score, to a millionth of it."""
    found = {row["query_id"]: row for row in pq.read_table(lake / "hits").to_pylist()}
    same = []
    for name, (_, scores) in hits.items():
        ours = np.array(found[name]["bm25_scores"])
        theirs = np.array(scores)[: len(ours)]
        same.append(float(np.isclose(ours, theirs, rtol=1e-5).mean()))
    return float(np.mean(same))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--search"]:
        _ours(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(run(), indent=1))
