"""The layout of WebFAQ's own datasets, in one folder: pairs, bitexts, retrieval, hard negatives, all as Parquet.

Sources: padas-lab-de/webfaq, cli/huggingface (a configuration a language, split `default`, data/LANG.parquet; id, origin,
url, question, answer, semantic_similarity_score, topic, question_type) and cli/parallel_corpus/huggingface (xxx-yyy; origin,
labse_similarity, both sides, details.urls); WebFAQ 2.0, section 4 (query, positive, pos_score, negatives, neg_scores).
What we add stands behind their columns: a title and a description, the model of a similarity, ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from faquarry.config.settings import ExportSettings
from faquarry.export.format import Stream, Written
from faquarry.export.formats.benchmarks import TABLES, retrieval_streams

__all__ = ["HuggingFace"]

_TEXT = pa.string()


@dataclass(frozen=True)
class HuggingFace:
    """As WebFAQ's datasets on the Hub."""

    name: ClassVar[str] = "huggingface"
    title: ClassVar[str] = "pairs, bitexts, retrieval and hard negatives in WebFAQ's layout"
    tasks: ClassVar[Sequence[str]] = ("question-answering", "text-retrieval", "translation")
    parts: ClassVar[Mapping[str, Sequence[str]]] = {
        "qa": ("qa",),
        "bitexts": ("bitexts", "qa"),
        "retrieval": TABLES,
        "hard-negatives": ("negatives", "benchmark_queries", "benchmark_corpus"),
    }
    optional: ClassVar[Sequence[str]] = ("qa", "labels", "similarity")

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        if "qa" in parts:
            yield _qa()
        if "bitexts" in parts:
            yield _bitexts(settings.min_bitexts)
        if "retrieval" in parts:
            yield from retrieval_streams("retrieval/")
        if "hard-negatives" in parts:
            yield _negatives()

    def reading(self, written: Sequence[Written]) -> str:
        file = written[0]
        return f'from datasets import load_dataset\n\nrows = load_dataset("FOLDER", "{file.config}")["{file.split}"]'


def _qa() -> Stream:
    query = """SELECT p.language AS part, 'default' AS split, p.*, s.value AS semantic_similarity_score,
            topics.value AS topic, types.value AS question_type
        FROM pairs p LEFT JOIN closeness s USING (id) LEFT JOIN topics USING (id) LEFT JOIN types USING (id)"""
    fields = [(name, _TEXT) for name in ("id", "origin", "url", "question", "answer")]
    fields += [("semantic_similarity_score", pa.float32())]
    fields += [(name, _TEXT) for name in ("topic", "question_type", "title", "description")]
    texts = ("question", "answer", "title", "description")
    return Stream(query, ("id",), pa.schema(fields), "data/{part}.parquet", "{part}", masked=texts)


def _bitexts(least: int) -> Stream:
    query = f"""SELECT language1 || '-' || language2 AS part, 'default' AS split, *,
            CASE WHEN contains(lower(model), 'labse') THEN similarity::DOUBLE END AS labse_similarity,
            {{urls: [url1, url2]}} AS details
        FROM aligned SEMI JOIN (SELECT language1, language2 FROM aligned GROUP BY ALL HAVING count(*) >= {least})
            USING (language1, language2)"""
    fields = [
        ("language1", _TEXT),
        ("language2", _TEXT),
        ("origin", _TEXT),
        ("labse_similarity", pa.float64()),
        *((name, _TEXT) for name in ("question1", "question2", "answer1", "answer2")),
        ("details", pa.struct([("urls", pa.list_(_TEXT))])),
        ("similarity", pa.float32()),
        ("model", _TEXT),
        ("id1", _TEXT),
        ("id2", _TEXT),
    ]
    texts = ("question1", "question2", "answer1", "answer2")
    return Stream(query, ("id1", "id2"), pa.schema(fields), "bitexts/{part}.parquet", "{part}", masked=texts)


def _negatives() -> Stream:
    query = "SELECT language AS part, 'train' AS split, * FROM mined WHERE len(negatives) > 0"
    fields = [
        ("query", _TEXT),
        ("positive", _TEXT),
        ("pos_score", pa.float32()),
        ("negatives", pa.list_(_TEXT)),
        ("neg_scores", pa.list_(pa.float32())),
        ("bm25_scores", pa.list_(pa.float32())),
        ("query_id", _TEXT),
        ("positive_id", _TEXT),
        ("negative_ids", pa.list_(_TEXT)),
    ]
    path = "hard-negatives/{part}.parquet"
    texts = ("query", "positive", "negatives")
    return Stream(query, ("query_id",), pa.schema(fields), path, "{part}-hard-negatives", masked=texts, group_rows=500)
