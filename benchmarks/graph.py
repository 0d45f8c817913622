"""The graph beside a bare parse, page by page in one process; and links resolved in lakes of two sizes.

    FAQUARRY_DATA=… python -m benchmarks graph

Over every page of an archive, CPU seconds of the process, the best of a few rounds taken in turn:

    parse     selectolax makes a tree of the page's bytes, which lie in memory: nothing else
    pages     what a program does that parses every page: the archive is read, bodies are decoded (codings, charset),
              selectolax makes a tree; the tree is thrown away
    graph     all that a worker of `graph` does: the same, and main text, language, links with anchor, region, normalised
              target and reason, in Arrow batches

The floor is on ``pages / graph``. Without real data the packaged sample web is read.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from faquarry.config.settings import Settings
from faquarry.graph.resolve import resolved_links
from faquarry.graph.rows import GraphReading, read_batches
from faquarry.intake.parts import Part, inputs_of, read_pages
from faquarry.lake import Lake
from faquarry.lake.tables import DOCUMENTS, LINKS, Table
from faquarry.text.charset import decode_html
from faquarry.web.record import Record, ScanCounts
from faquarry.web.sources import resolve

__all__ = ["FLOORS", "run"]

FLOORS = {"pages_over_graph": 0.6}
"""Ratios of CPU time that must be reached."""
MAX_GROWTH = 1.5
"""What a link may cost in the larger lake, measured by the smaller one."""

ROUNDS = 3
DOCUMENT_COUNTS = (100_000, 400_000)
LINKS_A_DOCUMENT = 10
SETTINGS = Settings()


def run() -> dict[str, Any]:
    """Measures and returns the figures, CPU seconds, pages a CPU second, ratios; `missed`: floors."""
    folder = os.environ.get("FAQUARRY_DATA")
    names = [f"{folder}/web/dev.warc.gz", f"{folder}/web/faq-aligned.warc.gz"] if folder else ["sample"]
    figures: dict[str, Any] = {Path(name).name.partition(".")[0]: _archive(name) for name in names}
    missed = [f"{name}.{key}" for name in figures for key, floor in FLOORS.items() if figures[name][key] < floor]
    resolving = [_resolving(count) for count in DOCUMENT_COUNTS]
    growth = resolving[-1]["us_a_link"] / resolving[0]["us_a_link"]
    if growth > MAX_GROWTH:
        missed.append("resolve.growth")
    return {**figures, "resolve": resolving, "resolve_growth": growth, "missed": missed}


# -- archives


def _archive(name: str) -> dict[str, float]:
    [part] = [Part(item) for item in inputs_of(resolve([name], SETTINGS.sources), SETTINGS.sources, None)]
    payloads = [record.payload for record in _records(part)]
    works: dict[str, Callable[[], object]] = {
        "parse": lambda: _parse(payloads),
        "pages": lambda: _pages(part),
        "graph": lambda: _graph(part),
    }
    links, kept = _graph(part)  # and imports, caches
    rounds = [{key: _seconds(work) for key, work in works.items()} for _ in range(ROUNDS)]
    best = {key: min(one[key] for one in rounds) for key in works}
    return {
        "pages": len(payloads),
        "mb": sum(map(len, payloads)) / 1e6,
        "links": links,
        "kept": kept,
        **{f"{key}_s": seconds for key, seconds in best.items()},
        **{f"{key}_pages_per_s": len(payloads) / seconds for key, seconds in best.items()},
        "pages_over_graph": best["pages"] / best["graph"],
        "parse_over_graph": best["parse"] / best["graph"],
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _records(part: Part) -> Iterator[Record]:
    found = read_pages(part, SETTINGS.sources, max_record_bytes=SETTINGS.graph.max_record_bytes, counts=ScanCounts())
    return (item for item in found if isinstance(item, Record))


def _parse(payloads: list[bytes]) -> None:
    from selectolax.lexbor import LexborHTMLParser

    for payload in payloads:
        LexborHTMLParser(payload)


def _pages(part: Part) -> None:
    from selectolax.lexbor import LexborHTMLParser

    for record in _records(part):
        LexborHTMLParser(decode_html(record.payload, record.headers.get("content-type")).utf8)


def _graph(part: Part) -> tuple[int, int]:
    reading = GraphReading("benchmark", SETTINGS.sources, SETTINGS.graph, SETTINGS.language)
    links = kept = 0
    for batch in read_batches(part, reading):
        documents = batch.column("document")
        links += sum(documents.field("links_found").drop_null().to_pylist())
        kept += sum(documents.field("links_kept").drop_null().to_pylist())
    return links, kept


# -- links resolved


def _resolving(count: int) -> dict[str, float]:
    """A lake of `count` documents with kept links, a third of which lead out of it."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        numbers = range(count)
        urls = [f"https://site{number % (count // 20)}.example/{number}" for number in numbers]
        _write(lake, DOCUMENTS, {"url": urls, "site": [url.split("/")[2] for url in urls]})
        sources = [urls[number] for number in numbers for _ in range(LINKS_A_DOCUMENT)]
        total = len(sources)
        # A multiplier that is prime to everything: targets without a pattern, the same each time.
        targets = [(number * 2_654_435_761) % (count * 3 // 2) for number in range(total)]
        _write(
            lake,
            LINKS,
            {
                "src_url": sources,
                "position": [number % LINKS_A_DOCUMENT for number in range(total)],
                "dst_url": [urls[target] if target < count else f"https://out.example/{target}" for target in targets],
                "kept": [True] * total,
                "anchor": [f"words about {target}" for target in targets],
            },
        )
        wall, cpu = time.monotonic(), time.process_time()
        found = sum(batch.num_rows for batch in resolved_links(lake))
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    return {
        "documents": count,
        "links": total,
        "resolved": found,
        "cpu_s": cpu,
        "wall_s": wall,
        "us_a_link": cpu / total * 1e6,
    }


def _write(lake: Lake, table: Table, columns: dict[str, list[Any]]) -> None:
    from deltalake import write_deltalake

    count = len(next(iter(columns.values())))
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in table.schema
    ]
    write_deltalake(lake.path(table.name), pa.Table.from_arrays(arrays, schema=table.schema))
