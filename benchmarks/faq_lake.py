"""Lakes of known questions and answers, written without Spark: what benchmarks of retrieval and training start from."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from faquarry.lake.tables import BENCHMARK_CORPUS, BENCHMARK_QRELS, BENCHMARK_QUERIES, QA, Table
from faquarry.language.codes import to_iso639_3
from faquarry.markup.model import pair_id

__all__ = ["fill", "jhu_covid", "lines", "medquad", "normal", "write"]

Row = dict[str, Any]


def fill(lake: Path, pairs: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Writes qa and a benchmark. -> the rows of qa, by id

    Args:
        pairs: ``question``, ``answer``, ``language``; ``split`` where the pair is a query (train, dev or test), else None;
            perhaps ``site`` and other columns of qa. Of two equal pairs the first counts.
    """
    distinct: dict[str, Row] = {}
    for pair in pairs:
        id_ = pair_id(pair["question"], pair["answer"])
        distinct.setdefault(id_, {"site": "a.example", "url": "", **pair, "id": id_})
    rows = [distinct[id_] for id_ in sorted(distinct)]
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        first.setdefault((row["language"], normal(row["answer"])), row["id"])
    write(lake, QA, rows)
    write(
        lake,
        BENCHMARK_CORPUS,
        [{"language": key[0], "id": id_, "text": distinct[id_]["answer"]} for key, id_ in first.items()],
    )
    asked = [row for row in rows if row["split"]]
    write(lake, BENCHMARK_QUERIES, [{**row, "text": row["question"]} for row in asked])
    qrels = [
        {"query_id": row["id"], "corpus_id": first[row["language"], normal(row["answer"])], "score": 1, **row}
        for row in asked
    ]
    write(lake, BENCHMARK_QRELS, qrels)
    return rows


def normal(text: str) -> str:
    """As the benchmark compares answers."""
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def write(lake: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(lake / table.name), pa.Table.from_pylist(list(rows), table.schema))


def lines(file: Path) -> list[Row]:
    with gzip.open(file, "rt", encoding="utf-8") as found:
        return [json.loads(line) for line in found]


def medquad(data: Path) -> list[Row]:
    """MedQuAD: English questions on diseases. Whole diseases are held out, and stand as the site (the cluster of queries)."""
    return [
        {
            "language": "eng",
            "question": row["question"].strip(),
            "answer": row["answer"].strip(),
            "site": row["focus"] or row["url"],
            "url": row["url"],
            "title": row["source"],
            "split": _split(row["focus"] or row["url"]),
        }
        for row in lines(data / "qa" / "medquad.jsonl.gz")
        if row["question"].strip() and row["answer"].strip()
    ]


def jhu_covid(data: Path) -> list[Row]:
    """JHU COVID FAQs: 13 languages, many authorities. Pages are held out as wholes."""
    return [
        {
            "language": to_iso639_3(row["lang"]) or "und",
            "question": row["question"].strip(),
            "answer": row["answer"].strip(),
            "site": row["source"],
            "url": row["url"],
            "title": row["source"],
            "split": _split(row["url"]),
        }
        for row in lines(data / "qa" / "jhu-covid-faq.jsonl.gz")
        if row["question"].strip() and row["answer"].strip()
    ]


def _split(key: str) -> str:
    """Of a hundred: 80 train, 5 dev, 15 test."""
    ticket = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) % 100
    return "train" if ticket < 80 else "dev" if ticket < 85 else "test"
