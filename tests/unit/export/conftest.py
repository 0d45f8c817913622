"""A lake written by hand: three languages, pages that opt out, duplicates, bitexts, a benchmark, negatives."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from faquarry.config.settings import ExportSettings, LogSettings
from faquarry.export.request import Request
from faquarry.export.run import Exported, export
from faquarry.lake import TABLES, Lake
from faquarry.progress import Progress

DAY = datetime(2024, 5, 1, tzinfo=UTC)
LANGUAGES = ("deu", "eng", "fra")
PAIRS = 6  # a language


def page(number: int, **more: Any) -> dict[str, Any]:
    url = f"https://www.shop{number}.example/faq"
    row = {
        "page_id": f"page{number}",
        "site": f"shop{number}.example",
        "origin": f"https://www.shop{number}.example",
        "url": url,
        "title": f"Shop {number}",
        "description": None,
        "opt_out": [],
        "fetched_at": DAY,
    }
    return {**row, **more}


def pair(language: str, number: int, page_id: int, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"{language}{number}",
        "language": language,
        "site": f"shop{page_id}.example",
        "origin": f"https://www.shop{page_id}.example",
        "page_id": f"page{page_id}",
        "position": number,
        "url": f"https://www.shop{page_id}.example/faq",
        "question": f"Question {number} in {language}?",
        "answer": f"Answer {number} in {language}, that says more.",
        "title": f"Shop {page_id}",
        "crawl": "crawl-1",
        "fetched_at": DAY,
    }
    return {**row, **more}


def occurrence(id_: str, page_id: int, **more: Any) -> dict[str, Any]:
    row = {"id": id_, "page_id": f"page{page_id}", "position": 0, "source": "a.warc.gz", "crawl": "crawl-1"}
    return {**row, "url": f"https://www.shop{page_id}.example/faq", "fetched_at": DAY, **more}


def add(lake: Lake, table: str, rows: list[dict[str, Any]]) -> None:
    """Adds rows to a table, in the schema it is declared with."""
    schema = TABLES[table].schema
    data = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)
    deltalake.write_deltalake(lake.path(table), data, mode="append")


@pytest.fixture(scope="session")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs 0 to 5 of each language; pair n stands on page n, pair 2 of every language repeats pair 1.

    Page 3 opts out by noai, page 4 by robots; pair 4 stands on the open page 5 too. Pair 0 holds what is masked.
    """
    lake = Lake(str(tmp_path_factory.mktemp("written") / "lake"))
    ids = [(language, number) for language in LANGUAGES for number in range(PAIRS)]
    secret = "Write to ann@firm.example or call +49 30 901820, it costs 1 250 000 EUR."
    pairs = [pair(language, number, number) for language, number in ids]
    for row in pairs:
        if row["id"].endswith("0"):
            row["answer"] = f"{secret} ({row['language']})"
    add(lake, "qa", pairs)
    shut = {3: {"opt_out": ["noai"]}, 4: {"robots": "googlebot: NOINDEX, nofollow"}}
    add(lake, "pages", [page(number, **shut.get(number, {})) for number in range(PAIRS)])
    places = [occurrence(row["id"], row["position"]) for row in pairs]
    add(lake, "occurrences", [*places, *(occurrence(f"{language}4", 5) for language in LANGUAGES)])
    add(
        lake,
        "duplicates",
        [
            {"id": f"{language}{number}", "kind": "near", "group_id": f"{language}1", "keep": number == 1}
            for language in LANGUAGES
            for number in (1, 2)
        ],
    )
    texts = {row["id"]: row for row in pairs}
    add(lake, "similarity", [{"id": id_, "model": "m", "revision": "r", "score": 0.5} for id_ in texts])
    add(lake, "bitexts", [_bitext(texts, "deu", "eng", number, number) for number in range(PAIRS)])
    add(lake, "bitexts", [_bitext(texts, "deu", "eng", 0, 5, confidence=0.4, published=False)])
    for language in ("deu", "eng"):
        split = {0: "train", 1: "test", 3: "train", 4: "train", 5: "dev"}
        rows = [texts[f"{language}{number}"] for number in split]
        add(lake, "benchmark_corpus", [{**row, "text": row["answer"]} for row in rows])
        add(
            lake,
            "benchmark_queries",
            [{**row, "text": row["question"], "split": split[row["position"]]} for row in rows],
        )
        add(
            lake,
            "benchmark_qrels",
            [
                {
                    "language": language,
                    "query_id": row["id"],
                    "corpus_id": row["id"],
                    "score": 1,
                    "split": split[row["position"]],
                }
                for row in rows
            ],
        )
        add(lake, "negatives", [_mined(texts, language, number, split) for number in (0, 3, 4)])
    return Path(lake.uri)


@pytest.fixture
def lake(written_once: Path, tmp_path: Path) -> Lake:
    """A copy that the test may change."""
    return Lake(str(shutil.copytree(written_once, tmp_path / "lake")))


def _bitext(
    texts: dict[str, Any],
    one: str,
    other: str,
    first: int,
    second: int,
    confidence: float = 0.95,
    published: bool = True,
) -> dict[str, Any]:
    a, b = texts[f"{one}{first}"], texts[f"{other}{second}"]
    row: dict[str, Any] = {
        "language1": one,
        "language2": other,
        "id1": a["id"],
        "id2": b["id"],
        "model": "m",
        "revision": "r",
    }
    for side, pair_ in ((1, a), (2, b)):
        row |= {f"question{side}": pair_["question"], f"answer{side}": pair_["answer"], f"site{side}": pair_["site"]}
    return {**row, "similarity": confidence, "confidence": confidence, "published": published, "scope": "page"}


def _mined(texts: dict[str, Any], language: str, number: int, split: dict[int, str]) -> dict[str, Any]:
    others = [f"{language}{other}" for other in split if other != number]
    return {
        "language": language,
        "query_id": f"{language}{number}",
        "query": texts[f"{language}{number}"]["question"],
        "positive_id": f"{language}{number}",
        "positive": texts[f"{language}{number}"]["answer"],
        "pos_score": 4.5,
        "negative_ids": others,
        "negatives": [texts[other]["answer"] for other in others],
        "neg_scores": [3.5 - place for place in range(len(others))],
        "bm25_scores": [9.0 - place for place in range(len(others))],
        "scorer": "s",
        "revision": "r",
        "activation": "logit",
    }


Exports = Callable[..., Exported]


@pytest.fixture
def exports(lake: Lake, tmp_path: Path) -> Exports:
    """``exports("jsonl", release=True, settings={…})``: runs an export of the lake into `tmp_path`/out."""

    def run(format: str, output: str = "out", settings: dict[str, Any] | None = None, **more: Any) -> Exported:
        given = {"min_bitexts": 1, "negatives": 2, "teacher_negatives": 2, **(settings or {})}
        dry_run = more.pop("dry_run", False)
        request = Request.of(format, str(tmp_path / output), **more)
        progress = Progress(LogSettings(progress="plain"), more.pop("stream", io.StringIO()))
        return export(lake, request, ExportSettings(**given), progress, dry_run=dry_run)

    return run


@pytest.fixture
def put() -> Callable[[Lake, str, list[dict[str, Any]]], None]:
    return add
