"""`faquarry deduplicate` (question and near) through Spark, as documents a second and core, beside datasketch.

    python -m benchmarks dedup

Lakes of several sizes are deduplicated by the command itself; CPU seconds are those of all its processes. A line through
them tells what one more document costs, so that the start of the JVM can be told apart, and how straight it is tells
whether the cost is linear. `documents_per_s_core` counts everything, the start of the JVM too. datasketch does its part on
texts of the same kind in the same run: the same shingles, MinHash with as many permutations, its LSH, candidates verified.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.cpu import measured

__all__ = ["FLOORS", "corpus", "run"]

DATA = Path(__file__).parent / "data"
SIZES = (250_000, 500_000, 1_000_000, 2_000_000)
CHUNK = 125_000
COPIES = 0.1  # share of texts that repeat an earlier one, with an edit
PEER_TEXTS = 20_000

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "documents_per_s_core": (25_000.0, False),
    "times_datasketch": (10.0, False),
    "largest_residual_share": (0.15, True),
    "recall": (0.98, False),
    "worker_mb": (1_500.0, True),
}


def run(sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """`points` (documents, CPU s, wall s), figures a document of the parts and of the peers, `missed`."""
    peers = {name: _rate(way) for name, way in (("signing", _signing), ("rensa", _rensa), ("datasketch", _datasketch))}
    for name, rate in peers.items():
        print(f"  {name}: {rate:,.0f} documents/s", flush=True)
    points, worker_mb, recall = [], 0.0, 1.0
    for size in sizes:
        lake = lake_of(size)
        for name in ("duplicates", "_signatures", "_similar", "_settled", "_staging", "runs"):
            shutil.rmtree(lake / name, ignore_errors=True)
        kinds = ["--kind", "question", "--kind", "near"]
        options = ["--lake", str(lake), "--set", "log.progress=none", "--set", "spark.master=local[2]"]
        used = measured([sys.executable, "-m", "faquarry", "deduplicate", *kinds, *options])
        worker_mb = max(worker_mb, used.worker_mb)
        recall = min(recall, _recall(lake, size))
        points.append({"documents": size, "cpu_s": used.cpu_s, "wall_s": used.wall_s})
        rate = size / used.cpu_s
        said = f"{used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s, worker {used.worker_mb:.0f} MB"
        print(f"  {size:,}: {said}: {rate:,.0f} documents/s/core", flush=True)
    documents, cpu = (np.array([float(point[name]) for point in points]) for name in ("documents", "cpu_s"))
    result: dict[str, Any] = {
        "points": points,
        "peers_documents_per_s": peers,
        "worker_mb": worker_mb,
        "recall": recall,
    }
    result["documents_per_s_core"] = float(documents[-1] / cpu[-1])
    result["times_datasketch"] = result["documents_per_s_core"] / peers["datasketch"]
    if len(points) > 2:
        slope, start = np.polyfit(documents, cpu, 1)
        result["start_cpu_s"], result["further_documents_per_s_core"] = float(start), float(1 / slope)
        result["largest_residual_share"] = float(np.abs(cpu - (slope * documents + start)).max() / cpu.max())
    result["missed"] = [
        name
        for name, (bound, most) in FLOORS.items()
        if name in result and (result[name] > bound if most else result[name] < bound)
    ]
    return result


# -- texts ------------------------------------------------------------------------------------------------------------


def corpus(chunk: int, rows: int = CHUNK) -> pa.Table:
    """Pairs (id, site, question, answer, copy_of) of 6 to 12 and 20 to 40 words, whose frequencies fall as a language's do.

    A share of them repeats another pair of the chunk with one or two words changed; `copy_of` is that pair's id.
    """
    rng = np.random.default_rng(chunk)
    words = _vocabulary()
    questions, answers = (_word_numbers(rng, rows, least, most, len(words)) for least, most in ((6, 12), (20, 40)))
    copies = np.flatnonzero(rng.random(rows) < COPIES)
    copies = copies[copies > rows // 2]
    origins = rng.integers(0, rows // 2, len(copies))
    for copy, origin in zip(copies, origins, strict=True):
        questions[copy], answer = questions[origin], answers[origin].copy()
        answer[rng.integers(0, len(answer), rng.integers(1, 3))] = rng.integers(0, len(words))
        answers[copy] = answer
    asked, told = (_sentences(words, numbers, mark) for numbers, mark in ((questions, "?"), (answers, ".")))
    ids = [
        hashlib.md5(f"{q} {a}".encode()).hexdigest() for q, a in zip(asked.to_pylist(), told.to_pylist(), strict=True)
    ]
    copy_of: list[str | None] = [None] * rows
    for copy, origin in zip(copies.tolist(), origins.tolist(), strict=True):
        copy_of[copy] = ids[origin]
    sites = pa.array([f"site{number}.example" for number in rng.integers(0, 20_000, rows)])
    return pa.table({"id": ids, "site": sites, "question": asked, "answer": told, "copy_of": copy_of})


def lake_of(size: int) -> Path:
    """A lake with that many pairs in `qa`; made once and kept under benchmarks/data."""
    from deltalake import write_deltalake

    from faquarry.lake.tables import QA

    lake = DATA / f"dedup-{size}"
    if (lake / "done").exists():
        return lake
    shutil.rmtree(lake, ignore_errors=True)
    (lake / "copies").mkdir(parents=True)
    for chunk in range(size // CHUNK):
        made = corpus(chunk)
        constant = {"language": "eng", "page_id": "p", "crawl": "bench", "run_id": "bench"}
        columns = {
            **{name: pa.repeat(value, CHUNK) for name, value in constant.items()},
            **{name: made.column(name) for name in ("id", "site", "question", "answer")},
            "url": pc.binary_join_element_wise("https://", made.column("site"), "/faq", ""),
        }
        rows = pa.table([columns.get(f.name, pa.nulls(CHUNK, f.type)) for f in QA.schema], schema=QA.schema)
        write_deltalake(str(lake / "qa"), rows, mode="append")
        pq.write_table(made.select(["id", "copy_of"]).drop_null(), lake / "copies" / f"{chunk}.parquet")
    (lake / "done").touch()
    return lake


def _vocabulary(size: int = 60_000) -> pa.Array:
    rng = np.random.default_rng(0)
    letters = np.array(list("eeeeaaaoootttnnnssrrlliiuudccmmhpgbfywkvxjqz"))
    lengths = np.clip(rng.poisson(2 + 5 * np.arange(size) / size + 2 * (np.arange(size) > 100)), 2, 14)
    return pa.array(["".join(rng.choice(letters, length)) for length in lengths])


def _word_numbers(rng: np.random.Generator, rows: int, least: int, most: int, words: int) -> list[np.ndarray]:
    lengths = rng.integers(least, most + 1, rows)
    ranks = np.minimum((words ** rng.random(int(lengths.sum()))).astype(np.int64), words) - 1  # Zipf: log-uniform ranks
    return np.split(ranks, np.cumsum(lengths)[:-1])


def _sentences(words: pa.Array, numbers: list[np.ndarray], mark: str) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in numbers])]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(np.concatenate(numbers))))
    return pc.binary_join_element_wise(pc.utf8_capitalize(pc.binary_join(lists, " ")), mark, "")


def _recall(lake: Path, size: int) -> float:
    """The share of planted copies that stand in one group with their original."""
    from faquarry.lake import Lake

    found = Lake(str(lake)).arrow("duplicates", ["id", "kind", "group_id"])
    near = found.filter(pc.equal(found.column("kind"), "near"))
    group = dict(zip(near.column("id").to_pylist(), near.column("group_id").to_pylist(), strict=True))
    copies = pq.read_table(lake / "copies").to_pylist()
    return sum(group.get(one["id"], "-") == group.get(one["copy_of"]) for one in copies) / len(copies)


# -- in one process -----------------------------------------------------------------------------------------------------


def _rate(way: Callable[[pa.Array, pa.Array], object]) -> float:
    """Documents a CPU second."""
    made = corpus(0, PEER_TEXTS)
    questions, answers = (made.column(name).combine_chunks() for name in ("question", "answer"))
    way(questions.slice(0, 100), answers.slice(0, 100))
    before = time.process_time()
    way(questions, answers)
    return PEER_TEXTS / (time.process_time() - before)


def _signing(questions: pa.Array, answers: pa.Array) -> object:
    from faquarry.dedup.minhash import Bands
    from faquarry.dedup.tasks import sign

    rows = len(questions)
    columns = {"id": pa.repeat("0" * 32, rows), "place": pa.array(np.zeros(rows, np.int64))}
    batch = pa.record_batch({**columns, "question": questions, "answer": answers})
    return list(sign([batch], Bands(18, 7), "run"))


def _rensa(questions: pa.Array, answers: pa.Array) -> object:
    from rensa import RMinHash

    from faquarry.dedup.shingles import word_shingles

    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    sets = word_shingles(pc.binary_join_element_wise(questions, answers, " "))
    signed = RMinHash.digest_matrix_from_flat_token_hashes(sets.hashes, sets.starts.astype(np.uint64), 128, 1)
    return np.array(signed.to_rows(), np.uint32)


def _datasketch(questions: pa.Array, answers: pa.Array) -> object:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=128, params=(18, 7))
    sets: list[set[str]] = []
    pairs = []
    for number, (question, answer) in enumerate(zip(questions.to_pylist(), answers.to_pylist(), strict=True)):
        words = set(f"{question} {answer}".lower().replace("?", " ").replace(".", " ").split())
        sets.append(words)
        signed = MinHash(num_perm=128, seed=1)
        signed.update_batch([word.encode() for word in words])
        for other in index.query(signed):
            if len(words & sets[other]) >= 0.8 * len(words | sets[other]):
                pairs.append((other, number))
        index.insert(number, signed, check_duplication=False)
    return pairs
