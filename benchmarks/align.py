"""How close aligning comes to multiplying matrices: the search beside BLAS, a large site through Spark, recall of the index.

    python -m benchmarks.align [--pairs 300000] [--dim 256]

* search: 768 dimensions, one thread, both directions and the k best of each, beside a bare product of the same matrices in
  the same tiles, in the same process; CPU seconds, the best of three rounds in turn;
* site: N pairs in three languages, written as a lake and aligned by the stage; measured in CPU seconds of the workers and
  seconds of the whole, beside what the search needs for as many comparisons; memory of a worker at its peak;
* ivf: recall of the 4 nearest against exact search, and its share of the time, on clustered vectors.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FLOORS", "run"]

FLOORS = {"search over product": 1.25, "site over prediction": 1.3, "worker MB": 1536, "ivf recall": 0.9}
K = 8


def unit(rows: int, dim: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((rows, dim), dtype=np.float32)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def cpu(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure_search(dim: int, rows: int = 16384, columns: int = 32768) -> dict[str, float]:
    """CPU seconds of a bare product and of the stage's sweep, in blocks as the stage has them."""
    from faquarry.vectors.topk_numpy import NumpyNeighbours

    left, right = unit(rows, dim, 1), unit(columns, dim, 2)
    block, tall = 2048, 4096

    def product() -> None:
        parts = [left[i : i + tall].astype(np.float32) for i in range(0, rows, tall)]
        for start in range(0, columns, block):
            other = right[start : start + block].astype(np.float32).T
            for part in parts:
                part @ other

    def sweep() -> None:
        found = NumpyNeighbours().sweep(left, K)
        for start in range(0, columns, block):
            found.add(right[start : start + block])
        found.done()

    best = {"product": np.inf, "sweep": np.inf}
    for _ in range(3):
        for name, work in (("product", product), ("sweep", sweep)):
            best[name] = min(best[name], cpu(work))
    rate = rows * columns / best["sweep"]
    return {**best, "pairs_per_s": rate, "ratio": best["sweep"] / best["product"]}


def measure_ivf(rows: int = 60_000, dim: int = 256) -> dict[str, float]:
    from faquarry.vectors.topk_faiss import IvfNeighbours
    from faquarry.vectors.topk_numpy import NumpyNeighbours

    rng = np.random.default_rng(3)
    centres = unit(600, dim, 4).astype(np.float32)
    corpus = centres[rng.integers(600, size=rows)] + 0.05 * rng.standard_normal((rows, dim), dtype=np.float32)
    corpus = (corpus / np.linalg.norm(corpus, axis=1, keepdims=True)).astype(np.float16)
    queries = corpus[::10] + 0.02 * rng.standard_normal((len(corpus[::10]), dim), dtype=np.float32).astype(np.float16)
    found: dict[str, Any] = {}
    times = {
        "exact": cpu(lambda: found.update(exact=NumpyNeighbours().topk(queries, corpus, 4))),
        "ivf": cpu(lambda: found.update(ivf=IvfNeighbours().topk(queries, corpus, 4))),
    }
    hits = [len(set(a) & set(b)) for a, b in zip(found["exact"].indices, found["ivf"].indices, strict=True)]
    return {"recall": sum(hits) / (4 * len(hits)), "exact_s": times["exact"], "ivf_with_training_s": times["ivf"]}


# -- a large site --------------------------------------------------------------------------------------------------


def write_site(lake: Path, pairs: int, dim: int) -> None:
    """A site of `pairs` pairs in three languages, ten questions a page, made without Spark."""
    import pyarrow as pa
    from deltalake import write_deltalake

    from faquarry.lake.tables import EMBEDDINGS, PAGES, QA
    from faquarry.vectors.halves import binary_column

    each = pairs // 3
    concepts = unit(each, dim, 5).astype(np.float32)
    words = np.array(["".join(chr(97 + int(d)) for d in f"{n * 7919:06d}") for n in range(20_000)])
    for number, language in enumerate(("deu", "eng", "fra")):
        rng = np.random.default_rng(10 + number)
        noise = rng.standard_normal((each, dim), dtype=np.float32) / np.sqrt(dim)
        ids = np.array([f"{number}{n:031x}" for n in rng.permutation(each)])
        urls = np.array([f"https://big.example/{language[:2]}/faq/{n}" for n in range(-(-each // 10))])
        page = np.arange(each) // 10
        text = [" ".join(row) for row in words[rng.integers(len(words), size=(each, 40))].tolist()]
        columns = {
            "id": ids, "language": [language] * each, "site": ["big.example"] * each, "url": urls[page],
            "page_id": urls[page], "position": np.arange(each, dtype=np.int32) % 10,
            "question": [t[:60] for t in text], "answer": [t[60:] for t in text],
        }  # fmt: skip
        write_deltalake(str(lake / "qa"), _table(QA.schema, columns, pa), mode="append")
        twins = [
            [{"hreflang": c, "href": f"https://big.example/{c}/faq/{n}"} for c in ("de", "en", "fr")]
            for n in range(len(urls))
        ]
        named = {"page_id": urls, "site": ["big.example"] * len(urls), "url": urls, "alternates": twins,
                 "questions": np.full(len(urls), 10, dtype=np.int32)}  # fmt: skip
        write_deltalake(str(lake / "pages"), _table(PAGES.schema, named, pa), mode="append")
        for shift, field in enumerate(("qa", "question", "answer")):
            vectors = concepts + (0.8 + 0.2 * shift) * np.roll(noise, shift, axis=0)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            key = {"id": ids, "field": [field] * each, "model": ["bench"] * each, "revision": ["1"] * each,
                   "dim": np.full(each, dim, dtype=np.int32), "text_hash": ids, "vector": binary_column(vectors)}  # fmt: skip
            write_deltalake(str(lake / "embeddings"), _table(EMBEDDINGS.schema, key, pa), mode="append")


def _table(schema: Any, columns: dict[str, Any], pa: Any) -> Any:
    rows = len(next(iter(columns.values())))
    return pa.table(
        [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(rows, f.type) for f in schema],
        schema=schema,
    )


def align_site(lake: Path, dim: int) -> dict[str, float]:
    """Runs the stage on the lake, in a process of its own. -> seconds, comparisons, CPU seconds and peak MB of workers."""
    from faquarry.bitext.stage import AlignStage
    from faquarry.config.settings import LogSettings, Settings, SparkSettings
    from faquarry.lake import Lake
    from faquarry.runner import run_stage
    from faquarry.spark.session import get_session
    from faquarry.vectors.model import ModelInfo, Thresholds

    settings = Settings(
        lake=str(lake), log=LogSettings(progress="none"), spark=SparkSettings(master="local[2]", driver_memory="3g")
    )
    get_session(settings.spark, "benchmark")
    model = ModelInfo("bench", "1", dim, 64, "packaged", thresholds=Thresholds(keep=0.3, publish=0.5))
    watch = Workers()
    started = time.monotonic()
    with watch:
        run_stage(AlignStage(settings, model, model), settings)
    seconds = time.monotonic() - started
    [run] = [row for row in Lake(str(lake)).rows("runs") if row["verb"] == "align"]
    counts = dict(run["counts"])
    return {"seconds": seconds, "worker_cpu_s": watch.cpu_s, "worker_mb": watch.peak_mb, **counts}


class Workers:
    """Watches the Python workers of this machine that were started meanwhile: their memory and their CPU time."""

    def __init__(self) -> None:
        self.peak_mb, self.cpu_s = 0.0, 0.0
        self._stop, self._seen = threading.Event(), dict[int, float]()

    def __enter__(self) -> Workers:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.cpu_s = sum(self._seen.values())

    def _watch(self) -> None:
        page, tick = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
        while not self._stop.wait(0.2):
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    command = (entry / "cmdline").read_bytes()
                    if b"pyspark" not in command or b"daemon" not in command:
                        continue
                    rss = int((entry / "statm").read_text().split()[1]) * page / 1e6
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except (OSError, IndexError):
                    continue
                self.peak_mb = max(self.peak_mb, rss)
                self._seen[int(entry.name)] = (int(fields[11]) + int(fields[12])) / tick


def measure_site(pairs: int, dim: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        write_site(lake, pairs, dim)
        command = [sys.executable, "-m", "benchmarks.align", "--lake", str(lake), "--dim", str(dim)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def run(pairs: int = 300_000, dim: int = 256) -> dict[str, object]:
    """{"search", "site", "ivf", "ratios", "missed": [sentences]}."""
    search, at_dim, ivf = measure_search(768), measure_search(dim), measure_ivf()
    site = measure_site(pairs, dim)
    predicted = site["comparisons"] / at_dim["pairs_per_s"]
    ratios = {
        "search over product": search["ratio"],
        "site over prediction": site["worker_cpu_s"] / predicted,
        "worker MB": site["worker_mb"],
        "ivf recall": ivf["recall"],
    }
    missed = [
        f"{name} is {value:.2f}, the floor {FLOORS[name]}"
        for name, value in ratios.items()
        if (value < FLOORS[name] if name == "ivf recall" else value > FLOORS[name])
    ]
    site |= {"dim": dim, "pairs": pairs, "predicted_cpu_s": predicted}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "search": search,
        f"search_{dim}": at_dim,
        "site": site,
        "ivf": ivf,
        "ratios": ratios,
        "missed": missed,
        "mb": peak,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=300_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.lake:
        print(json.dumps(align_site(options.lake, options.dim)))
        return 0
    result = run(options.pairs, options.dim)
    print(json.dumps(result, indent=1))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        if os.environ.get(name) != "1":  # a task has one core: so has what it is measured against
            os.environ[name] = "1"
            os.execv(sys.executable, [sys.executable, "-m", "benchmarks.align", *sys.argv[1:]])
    sys.exit(main())
