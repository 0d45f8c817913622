"""What evaluation costs: the whole XQuAD grid in one command, and exact search beside the matrix product it cannot do without.

    python -m benchmarks robustness

`grid`: ``faquarry evaluate`` of the packaged encoder on XQuAD in all its languages, 12 operations, 3 strengths, 3 seeds, from
the start of the command to its end, into an empty lake; needs $FAQUARRY_DATA. `exact`: 10,000 queries over a million random
unit vectors of 768 dimensions, the best 100 with exact cosines as `evaluate` takes them, beside ``queries @ block.T`` in
float32 over the same blocks and nothing else. Blocks of both take turns, so that other work on the machine meets both alike.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu import measured

__all__ = ["FLOORS", "run"]

OPERATIONS = (
    "delete,insert,substitute,swap,keyboard,noise,diacritics,case,homoglyph,whitespace,word_drop,word_swap"  # twelve
)
QUERIES, PASSAGES, DIMENSIONS, DEPTH = 10_000, 1_000_000, 768, 100
BLOCK = 65_536  # passages that take a turn

# name -> the most that is allowed
FLOORS = {"grid.wall_s": 600.0, "exact.times_product": 1.25, "exact.beside_vectors_gb": 2.0}


def run(passages: int = PASSAGES, queries: int = QUERIES) -> dict[str, Any]:
    """`exact`: seconds of both, their ratio, memory beside the corpus; `grid`: seconds and rows."""
    figures: dict[str, Any] = {"exact": _exact(passages, queries)}
    data = os.environ.get("FAQUARRY_DATA")
    if data and (Path(data) / "xquad" / "xquad").is_dir():
        figures["grid"] = _grid(data)
    figures["missed"] = [
        name
        for name, most in FLOORS.items()
        if figures.get(name.partition(".")[0], {}).get(name.partition(".")[2], 0.0) > most
    ]
    return figures


def _grid(data: str) -> dict[str, Any]:
    from faquarry.lake import Lake

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "faquarry", "evaluate", "--task", "xquad", "--system", "faquarry-small"]
        command += ["--operation", OPERATIONS, "--strength", "5%,10%,20%", "--seeds", "3"]
        used = measured([*command, "--data", data, "--lake", folder])
        table = Lake(folder).dataset("evaluations")
        rows = table.count_rows() if table is not None else 0
        again = measured([*command, "--data", data, "--lake", folder])
    return {"wall_s": used.wall_s, "cpu_s": used.cpu_s, "rows": rows, "again_wall_s": again.wall_s}


def _exact(passages: int, queries: int) -> dict[str, Any]:
    from faquarry.robustness.systems.dense import searched

    corpus = np.empty((passages, DIMENSIONS), np.float16)
    for start in range(0, passages, BLOCK):
        part = np.random.default_rng([1, start]).standard_normal((min(BLOCK, passages - start), DIMENSIONS), np.float32)
        corpus[start : start + BLOCK] = part / np.linalg.norm(part, axis=1, keepdims=True)
    asked = corpus[np.random.default_rng(2).choice(passages, queries, replace=False)].copy()
    before = _peak_gb()
    search, ours_s, bare_s = searched(asked, corpus), 0.0, 0.0
    floats, tile = asked.astype(np.float32), np.empty((4096, 4096), np.float32)
    try:
        while True:
            start = time.perf_counter()
            done = next(search)
            ours_s += time.perf_counter() - start
            block = corpus[done.start : done.stop].astype(np.float32)
            start = time.perf_counter()
            for first in range(0, len(block), 4096):
                columns = block[first : first + 4096].T
                for row in range(0, queries, 4096):
                    rows = floats[row : row + 4096]
                    np.matmul(rows, columns, out=tile.ravel()[: len(rows) * columns.shape[1]].reshape(len(rows), -1))
            bare_s += time.perf_counter() - start
            if done.stop % (BLOCK * 2) < 4096:
                print(f"  {done.stop:,} passages: {ours_s:.1f} s, the product {bare_s:.1f} s", flush=True)
    except StopIteration as end:
        ours_s += time.perf_counter() - start
        found = end.value
    assert (found.indices[:, 0] >= 0).all()
    assert (found.scores[:, 0] > 0.99).all()  # every query is a passage
    return {
        "queries": queries,
        "passages": passages,
        "product_s": bare_s,
        "ours_s": ours_s,
        "times_product": ours_s / bare_s,
        "gflops_product": 2e-9 * queries * passages * DIMENSIONS / bare_s,
        "corpus_gb": corpus.nbytes / 1e9,
        "beside_vectors_gb": _peak_gb() - before,
    }


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
