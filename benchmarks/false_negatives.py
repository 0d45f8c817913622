"""How many mined negatives are right answers in truth, with and without the guards.

    FAQUARRY_DATA=… python -m benchmarks false_negatives

Real questions of which several right answers are known go through the stage `mine` as a lake would hold them: every question
with one of its right answers is a pair, every answer a part of the corpus, and nobody tells the stage of the other right
ones. A negative that is a known right answer is a false one. The guards are switched on one after the other; `text` is what
is left when neither questions in common nor pages are known, so that vectors and the scorer alone must tell.

* covidfaq-bertfaq, stackfaq (BEIR folders): questions in several wordings; the answers' own titles are pairs too.
* jhu-covid: the same question (letters and digits compared) answered by several authorities, in 13 languages.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from faquarry.config.settings import LogSettings, MineSettings, Settings
from faquarry.lake import Lake
from faquarry.lake.tables import BENCHMARK_CORPUS, BENCHMARK_QRELS, BENCHMARK_QUERIES, QA, Table
from faquarry.markup.model import pair_id

__all__ = ["FLOORS", "run"]

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    f"{name}.guards.share": (0.01, True) for name in ("covidfaq-bertfaq", "stackfaq", "jhu-covid")
}

_OFF = {"duplicates": False, "same_question": False, "similar_question": False, "same_page": False}
WAYS: dict[str, dict[str, Any]] = {
    "none": {**_OFF, "relative_margin": None},
    "same_question": {**_OFF, "same_question": True, "relative_margin": None},
    "similar_question": {**_OFF, "similar_question": True, "relative_margin": None},
    "margin": _OFF,
    "text": {**_OFF, "similar_question": True},
    "guards": {},
}
"""Settings of `mine`, over the defaults."""

Right = dict[str, set[str]]  # query id -> ids of right answers


def run() -> dict[str, Any]:
    """Of every data set and way: `negatives`, `false` ones, their `share`, `queries` that have negatives; `missed`."""
    data = os.environ.get("FAQUARRY_DATA")
    if not data:
        sys.exit("This benchmark needs real data: set FAQUARRY_DATA.")
    figures: dict[str, Any] = {}
    for name in ("covidfaq-bertfaq", "stackfaq", "jhu-covid"):
        with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
            pairs, right = _jhu(Path(data)) if name == "jhu-covid" else _beir(Path(data) / "retrieval" / name)
            right = _fill(Path(folder), pairs, right)
            figures[name] = {"queries": len(right), "several": sum(len(ids) > 1 for ids in right.values())}
            for way, change in WAYS.items():
                figures[name][way] = _mined(Path(folder), right, change)
                print(f"  {name:<18} {way:<18} {figures[name][way]}", flush=True)
    figures["missed"] = [name for name in FLOORS if figures[name.split(".")[0]]["guards"]["share"] > FLOORS[name][0]]
    return figures


def _beir(folder: Path) -> tuple[list[dict[str, Any]], dict[str, set[str]]]:
    """-> pairs; question -> texts of its right answers."""
    corpus = {row["_id"]: row for row in map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())}
    queries = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())}
    right = defaultdict(set)
    with (folder / "qrels" / "test.tsv").open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if int(row["score"]) > 0:
                right[queries[row["query-id"]]].add(corpus[row["corpus-id"]]["text"])
    pairs = [
        {"language": "eng", "question": row["title"], "answer": row["text"], "asked": False} for row in corpus.values()
    ]
    for question, answers in right.items():
        pairs.append({"language": "eng", "question": question, "answer": min(answers), "asked": True})
    return pairs, right


def _jhu(data: Path) -> tuple[list[dict[str, Any]], dict[str, set[str]]]:
    from faquarry.language.codes import to_iso639_3

    pairs, right = [], defaultdict(set)
    with gzip.open(data / "qa" / "jhu-covid-faq.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        question, answer = row["question"].strip(), row["answer"].strip()
        if question and answer:
            language = to_iso639_3(row["lang"]) or "und"
            key = language + " " + re.sub(r"\W+", " ", question.casefold()).strip()
            right[key].add(answer)
            pairs.append(
                {"language": language, "question": question, "answer": answer, "asked": key, "site": row["source"]}
            )
    known: dict[str, set[str]] = {}
    for pair in pairs:
        pair["asked"], key = len(right[pair["asked"]]) > 1, pair["asked"]
        known.setdefault(pair["question"], set()).update(right[key])
    return pairs, known


def _fill(lake: Path, pairs: list[dict[str, Any]], right: dict[str, set[str]]) -> Right:
    """Writes qa and a benchmark in which the asked pairs are the queries. -> right answers of each query."""
    qa = {(row["question"], row["answer"]): row for row in pairs}
    rows = [{"site": "a.example", "url": "", **row, "id": pair_id(*key)} for key, row in sorted(qa.items())]
    rows = list({row["id"]: row for row in rows}.values())
    first: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda row: row["id"]):
        first.setdefault((row["language"], _normal(row["answer"])), row["id"])
    asked = [row for row in rows if row["asked"]]
    _write(lake, QA, rows)
    by_id = {row["id"]: row for row in rows}
    corpus = [{"language": key[0], "id": id_, "text": by_id[id_]["answer"]} for key, id_ in first.items()]
    _write(lake, BENCHMARK_CORPUS, corpus)
    _write(lake, BENCHMARK_QUERIES, [{**row, "split": "train", "text": row["question"]} for row in asked])
    place = {row["id"]: first[row["language"], _normal(row["answer"])] for row in asked}
    qrels = [{"language": row["language"], "query_id": row["id"], "corpus_id": place[row["id"]]} for row in asked]
    _write(lake, BENCHMARK_QRELS, [{**row, "score": 1, "split": "train"} for row in qrels])
    return {
        row["id"]: {first.get((row["language"], _normal(text)), "") for text in right[row["question"]]} for row in asked
    }


def _normal(text: str) -> str:
    """As the benchmark compares answers."""
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def _write(lake: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(lake / table.name), pa.Table.from_pylist(rows, table.schema))


def _mined(lake: Path, right: Right, change: dict[str, Any]) -> dict[str, Any]:
    from faquarry.retrieval.mine.stage import MineStage
    from faquarry.runner import run_stage
    from faquarry.vectors.stage import EmbedStage

    settings = Settings(lake=str(lake), log=LogSettings(progress="none"), mine=MineSettings(**change))
    run_stage(EmbedStage.of(settings), settings)
    run_stage(MineStage.of(settings), settings)
    rows = Lake(str(lake)).rows("negatives", ["query_id", "negative_ids"])
    false = [sum(id_ in right[row["query_id"]] for id_ in row["negative_ids"]) for row in rows]
    count = sum(len(row["negative_ids"]) for row in rows)
    shutil.rmtree(lake / "_staging", ignore_errors=True)
    return {
        "negatives": count,
        "false": int(np.sum(false)),
        "share": float(np.sum(false) / max(1, count)),
        "mined": len(rows),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
