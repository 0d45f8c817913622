"""What the page about a large lake costs: seconds, memory, bytes; and how soon a browser has it open.

A synthetic lake of ROWS pairs with every table that grows with them, texts of 500 characters. `faquarry report` runs in a
process of its own; its resident memory is read at the peak. Chromium, where there is one, opens the page three times.

    python -m benchmarks report                        1 million pairs
    python -m benchmarks.report --rows 10000000        what docs/report.md says
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

__all__ = ["run"]

ROWS = 1_000_000
DATA = Path(__file__).parent / "data"
PEAK_MB = 2500  # whatever the rows: DuckDB's limit, batches of Arrow, Python
PAGE_MB = 6.0
OPEN_S = 2.0
ROW_GROUP = {"negatives": 60_000, "bitexts": 125_000}
"""Rows of a row group: 128 MB of them, as Spark writes; Arrow holds one or two at a time."""
LANGUAGES = (
    "eng deu spa fra jpn rus ita por nld pol kor tur ara hin zho vie tha swe ces ron hun ell heb ukr dan fin".split()
)

_PAIRS = """SELECT md5(i::VARCHAR) AS id, [{languages}][1 + floor({count} * pow(hash(i, 1) / 18446744073709551616.0, 2.2))::INT]
                AS language, 'site-' || floor({sites} * pow(hash(i, 2) / 18446744073709551616.0, 3))::INT || '.example' AS site,
              (1 - pow(hash(i, 3) / 18446744073709551616.0, 6) * 0.8)::FLOAT AS language_confidence,
              ['text', 'script', 'page', 'hint'][1 + i % 4] AS language_by, md5((i // 6)::VARCHAR) AS page_id,
              (i % 6)::INTEGER AS position, 'How do I return the parcel with the number ' || i || '?' AS question,
              repeat('Print the label from your account ' || i || ' and hand it in. ', 8) AS answer, 'r' AS run_id,
              hash(i, 4) / 18446744073709551616.0 AS u, i
            FROM range({rows}) t(i)"""

# table: columns of its own over the pairs, which of them
_TABLES = {
    "qa": ("*", ""),
    "occurrences": ("*, 'a.warc.gz' AS source", ""),
    "pages": ("*, 7::INTEGER AS questions, ['json-ld'] AS syntaxes, 'utf-8' AS charset, 'header' AS charset_by", "i % 6 = 0"),
    "rejects": ("*, 'filter' AS stage, ['short_answer', 'template', 'language'][1 + i % 3] AS reason, 'why' AS detail",
                "i % 8 = 0"),
    "duplicates": ("*, ['question', 'near', 'semantic'][1 + (i // 4) % 3] AS kind, md5((i // 4)::VARCHAR) AS group_id, "
                   "i % 4 = 0 AS keep, 0.9 AS similarity", "i % 20 < 4"),
    "similarity": ("*, 'm' AS model, '1' AS revision, u::FLOAT AS score, u < 0.2 AS low", ""),
    "labels": ("*, 'topic' AS taxonomy, ['Traveling and Hospitality', 'Products and Commercial Services'][1 + i % 2] "
               "AS label, 'h' AS model, '1' AS revision, 0.8 AS score", ""),
    "bitexts": ("language AS language1, 'zul' AS language2, id AS id1, id AS id2, site AS site1, site AS site2, "
                "'page' AS scope, (0.6 + 0.4 * u)::FLOAT AS similarity, 0.9 AS confidence, true AS mutual, true AS hreflang, "
                "true AS same_position, u > 0.5 AS published, 'm' AS model, '1' AS revision, run_id, question AS question1, "
                "answer AS answer1, "
                "question AS question2, answer AS answer2", "i % 10 = 0"),
    "benchmark_corpus": ("*, answer AS text", "i % 5 = 0"),
    "benchmark_queries": ("*, question AS text, ['train', 'dev', 'test'][1 + i % 3] AS split", "i % 5 = 0"),
    "negatives": ("*, id AS query_id, 1.0 + u AS pos_score, 's' AS scorer, '1' AS revision, 'logit' AS activation, "
                  "[id, id, id] AS negative_ids, [u, u - 1, u - 2] AS neg_scores, [9, 8, 7] AS bm25_scores, question AS query, "
                  "answer AS positive, [answer, answer, answer] AS negatives", "i % 10 = 0"),
    "documents": ("*, 'https://' || site || '/' || i AS url, (i % 90)::INTEGER AS links_found, (i % 7)::INTEGER AS links_kept",
                  "i % 3 = 0"),
    "links": ("*, 'https://' || site || '/' || i AS src_url, 'https://b.example/' || i AS dst_url, i % 5 = 0 AS kept, "
              "CASE WHEN i % 5 > 0 THEN ['same_site', 'region', 'nofollow'][1 + i % 3] END AS reason, "
              "['body', 'footer', 'navigation'][1 + i % 3] AS region", ""),
    "evaluations": ("*, ['one', 'other'][1 + i % 2] AS model, 'lake' AS task, ['clean', 'swap', 'keyboard'][1 + (i // 2) % 3] "
                    "AS perturbation, CASE WHEN (i // 2) % 3 > 0 THEN '1' ELSE '' END AS strength, 0 AS seed, "
                    "'ndcg@10' AS metric, md5((i // 6 * 5)::VARCHAR) AS query_id, site AS cluster_id, u AS value, 1 AS edits, "
                    "true AS changed",
                    "i % 30 < 6"),
    "runs": ("*, 'extract' AS verb, '1' AS version, 'done' AS status", "i < 300"),
}  # fmt: skip


def make_lake(path: Path, rows: int) -> Path:
    """Every table by a query over the numbers of its pairs."""
    if (path / ".complete").is_file():
        return path
    import deltalake
    import duckdb

    from faquarry.lake import TABLES

    shutil.rmtree(path, ignore_errors=True)
    quoted = ", ".join(f"'{language}'" for language in LANGUAGES)
    pairs = _PAIRS.format(languages=quoted, count=len(LANGUAGES), sites=max(10, rows // 40), rows=rows)
    with duckdb.connect(config={"threads": "1"}) as connection:
        for name, (columns, where) in _TABLES.items():
            schema = TABLES[name].schema
            relation = connection.sql(f"SELECT {columns} FROM ({pairs}) WHERE {where or 'true'}")
            there = set(relation.columns)
            listed = ", ".join(f'"{one}"' if one in there else f'NULL AS "{one}"' for one in schema.names)
            reader = connection.sql(f"SELECT {listed} FROM relation").to_arrow_reader(100_000)
            cast = (batch.cast(schema) for batch in reader)
            deltalake.write_deltalake(
                str(path / name),
                _stream(schema, cast),
                writer_properties=deltalake.WriterProperties(
                    compression="ZSTD", max_row_group_size=ROW_GROUP.get(name, 250_000)
                ),
                configuration={"delta.dataSkippingNumIndexedCols": str(TABLES[name].indexed)},
            )
    (path / ".complete").touch()
    return path


def _stream(schema: Any, batches: Any) -> Any:
    import pyarrow as pa

    return pa.RecordBatchReader.from_batches(schema, batches)


def measured(lake: Path, page: Path) -> dict[str, float]:
    """Seconds, CPU seconds and megabytes at the peak of a process that writes the page."""
    code = (
        "import resource, sys, json, time; from faquarry.cli import main; start = time.perf_counter(); "
        f"code = main(['report', '--lake', {str(lake)!r}, '--output', {str(page)!r}, '--set', 'log.progress=none']); "
        "use = resource.getrusage(resource.RUSAGE_SELF); "
        "told = [code, time.perf_counter() - start, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024]; "
        "print(json.dumps(told), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    code_, seconds, cpu, peak = json.loads(done.stderr.strip().splitlines()[-1])
    if code_:
        raise RuntimeError(done.stderr)
    return {
        "seconds": round(seconds, 1),
        "cpu_s": round(cpu, 1),
        "peak_mb": round(peak),
        "page_mb": round(page.stat().st_size / 1e6, 2),
    }


def opened(page: Path) -> float | None:
    """Seconds until the page is painted, less those for an empty page; None without Chromium."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.html"
        empty.write_text("<!doctype html><title>empty</title>", encoding="utf-8")
        return round(_painted(browser, page, Path(folder)) - _painted(browser, empty, Path(folder)), 2)


def _painted(browser: str, page: Path, folder: Path, times: int = 5) -> float:
    """Seconds from the start of the browser to its end after a picture of the page; the best of a few."""
    arguments = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1280,900",
        f"--user-data-dir={folder}/profile",
    )
    found = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(
            [browser, *arguments, f"--screenshot={folder}/page.png", page.resolve().as_uri()],
            capture_output=True,
            check=True,
        )
        found.append(time.perf_counter() - start)
    return min(found)


def run(rows: int = ROWS) -> dict[str, Any]:
    lake = make_lake(DATA / f"report-{rows}", rows)
    page = DATA / f"report-{rows}.html"
    figures: dict[str, Any] = {"rows": rows, **measured(lake, page), "open_s": opened(page)}
    missed = [name for name, most in (("peak_mb", PEAK_MB), ("page_mb", PAGE_MB)) if figures[name] > most]
    if figures["open_s"] is not None and figures["open_s"] > OPEN_S:
        missed.append("open_s")
    return figures | {"missed": missed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(run(parser.parse_args().rows), indent=1))
