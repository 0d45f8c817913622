"""What an export costs beside DuckDB's bare COPY of the same rows: rows/s and memory, at a million synthetic pairs.

Each way in a process of its own: CPU seconds after its imports, resident memory at its peak.

    copy        DuckDB: COPY (SELECT … FROM qa ORDER BY language, id) TO a Parquet file a language
    plain       faquarry export --format huggingface --part qa
    release     the same with --release: opt-outs joined, texts masked

    python -m benchmarks export [--rows 1000000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["FLOORS", "run"]

FLOORS = {"plain / copy": 0.4, "release / copy": 0.2}
"""Rows a CPU second, as a share of bare COPY's, that must be reached."""

MEMORY = "1GB"
PEAK_MB = 2500  # of a process, whatever the rows: DuckDB's limit, batches of Arrow, Python
ROWS = 1_000_000
DATA = Path(__file__).parent / "data"
LANGUAGES = ("eng", "deu", "spa", "fra", "jpn", "rus", "ita", "por", "nld", "pol", "kor", "tur")
_SYLLABLES = ("ka", "lo", "mer", "ti", "sun", "ve", "ra", "pol", "ni", "est", "du", "ing", "al", "fo", "be", "cha")
_WORDS = ["".join(random.Random(number).choices(_SYLLABLES, k=1 + number % 4)) for number in range(5000)]


def make_lake(path: Path, rows: int) -> Path:
    """Pairs of 600 characters about, eight a page, half of them English; every 50th page opts out; every third text holds a
    year and a price, every 40th an address and a telephone number."""
    if (path / ".complete").is_file():
        return path
    import deltalake
    import pyarrow as pa

    from faquarry.lake import TABLES

    shutil.rmtree(path, ignore_errors=True)
    lot = random.Random(1)
    for start in range(0, rows, 50_000):
        pairs = list(_pairs(lot, range(start, min(start + 50_000, rows))))
        pages = {row["page_id"]: _page(row) for row in pairs}.values()
        places = [{**row, "source": "a.warc.gz"} for row in pairs]
        for table, content in (("qa", pairs), ("pages", pages), ("occurrences", places)):
            schema = TABLES[table].schema
            data = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in content], schema)
            deltalake.write_deltalake(str(path / table), data, mode="append")
    (path / ".complete").touch()
    return path


def _pairs(lot: random.Random, numbers: range) -> Iterator[dict[str, Any]]:
    day = datetime(2024, 5, 1, tzinfo=UTC)
    for number in numbers:
        page = number // 8
        language = LANGUAGES[max(0, page % 22 - 10)]
        words = lot.choices(_WORDS, k=90)
        price = f" in {number % 30 + 1990}, 1 250 000 EUR." if number % 3 == 0 else ""
        told = " Write to ann@shop.example or call +49 30 901820." if number % 40 == 0 else ""
        url = f"https://www.shop{page % 30_000}.example/faq/{page}"
        yield {
            "id": hashlib.md5(b"pair %d" % number).hexdigest(),
            "language": language,
            "site": f"shop{page % 30_000}.example",
            "origin": url.partition("/faq")[0],
            "page_id": hashlib.md5(b"page %d" % page).hexdigest(),
            "position": number % 8,
            "url": url,
            "crawl": "crawl-1",
            "fetched_at": day,
            "question": " ".join(words[:10]) + "?",
            "answer": " ".join(words[10:]) + price + told,
            "title": f"Questions {page}",
        }


def _page(row: dict[str, Any]) -> dict[str, Any]:
    shut = int(row["page_id"], 16) % 50 == 0
    return {**{name: row[name] for name in ("page_id", "site", "origin", "url", "title")}, "opt_out": ["noai"] * shut}


def copy(lake: Path, output: Path) -> int:
    import duckdb

    from faquarry.lake import Lake

    config = {"memory_limit": MEMORY, "temp_directory": str(output / "spill"), "preserve_insertion_order": "false"}
    with duckdb.connect(config=config) as connection:
        connection.register("qa", Lake(str(lake)).dataset("qa"))
        query = "SELECT language, id, origin, url, question, answer, title, description FROM qa ORDER BY language, id"
        connection.execute(
            f"COPY ({query}) TO '{output}/data.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"
        )
        return int(connection.execute("SELECT count(*) FROM qa").fetchall()[0][0])


def plain(lake: Path, output: Path, *, release: bool = False) -> int:
    from faquarry.config.settings import ExportSettings, LogSettings
    from faquarry.export.request import Request
    from faquarry.export.run import export
    from faquarry.lake import Lake
    from faquarry.progress import Progress

    request = Request.of("huggingface", str(output / "out"), parts=["qa"], release=release)
    settings = ExportSettings(memory=MEMORY)
    done = export(Lake(str(lake)), request, settings, Progress(LogSettings(progress="plain")))
    return sum(file.rows for file in done.written)


WAYS = {"copy": copy, "plain": plain, "release": lambda lake, output: plain(lake, output, release=True)}


def measure(way: str, lake: Path) -> dict[str, float]:
    """Of one way in this process: rows, seconds of CPU, resident memory at its peak."""
    with tempfile.TemporaryDirectory(dir=DATA) as output:
        before = os.times()
        rows = WAYS[way](lake, Path(output))
        after = os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = after.user - before.user + after.system - before.system
    return {
        "rows": rows,
        "cpu_s": cpu,
        "rows_per_cpu_s": rows / cpu,
        "wall_s": after.elapsed - before.elapsed,
        "peak_mb": peak,
    }


def run(rows: int = ROWS) -> dict[str, Any]:
    """{"ways": {name: figures}, "ratios": {…}, "missed": [sentences]}."""
    DATA.mkdir(exist_ok=True)
    lake = make_lake(DATA / f"export-lake-{rows}", rows)
    ways = {}
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.export", "--way", way, "--lake", str(lake)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
        ways[way] = json.loads(done.stdout.splitlines()[-1])
    ratios = {
        f"{way} / copy": ways[way]["rows_per_cpu_s"] / ways["copy"]["rows_per_cpu_s"] for way in ("plain", "release")
    }
    missed = [
        f"{name} is {ratios[name]:.2f}, at least {least}" for name, least in FLOORS.items() if ratios[name] < least
    ]
    missed += [f"{way} took {found['peak_mb']:.0f} MB" for way, found in ways.items() if found["peak_mb"] > PEAK_MB]
    return {"rows": rows, "memory": MEMORY, "ways": ways, "ratios": ratios, "missed": missed}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.lake)))
        return 0
    result = run(arguments.rows)
    print(json.dumps(result, indent=1))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
