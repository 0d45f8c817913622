"""Training data: for sentence-transformers, FlagEmbedding and Tevatron. Training queries only; no test query is inside.

Sources: sentence-transformers, docs/sentence_transformer/dataset_overview.md (the order of columns decides, `label` is the
label); FlagEmbedding, abc/finetune/embedder/AbsDataset.py; Tevatron, retriever/dataset.py (ids and a corpus) and its older
form (passages in place), which every version since 0.1 reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from faquarry.config.settings import ExportSettings
from faquarry.export.format import Stream, Written
from faquarry.export.formats.benchmarks import TABLES

__all__ = ["FlagEmbedding", "SentenceTransformers", "Tevatron"]

_TEXT, _TEXTS, _SCORES = pa.string(), pa.list_(pa.string()), pa.list_(pa.float64())
_MINED = ("negatives", "benchmark_queries", "benchmark_corpus")
_FEW = 1_000  # rows of a Parquet group where a row holds many texts

# Scores as the scorer gave them, in as many digits as a float has.
_POS_SCORE = "round(pos_score::DOUBLE, 6)"
_NEG_SCORES = "list_transform(neg_scores, lambda s: round(s::DOUBLE, 6))"


@dataclass(frozen=True)
class SentenceTransformers:
    """Five kinds of rows, a configuration each and language."""

    name: ClassVar[str] = "sentence-transformers"
    title: ClassVar[str] = "training rows for sentence-transformers"
    tasks: ClassVar[Sequence[str]] = ("sentence-similarity", "text-retrieval")
    parts: ClassVar[Mapping[str, Sequence[str]]] = {
        "pairs": (*TABLES, "qa"),
        "triplets": _MINED,
        "n-tuples": _MINED,
        "margin-mse": _MINED,
        "distillation": _MINED,
    }
    optional: ClassVar[Sequence[str]] = ("qa",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        several, taught = settings.negatives, settings.teacher_negatives
        makers: dict[str, Callable[[], Stream]] = {
            "pairs": _pairs,
            "triplets": lambda: _triplets(several),
            "n-tuples": lambda: _tuples("n-tuples", several, None),
            "margin-mse": lambda: _tuples(
                "margin-mse", taught, f"list_transform({_NEG_SCORES}[1:{taught}], lambda s: round({_POS_SCORE} - s, 6))"
            ),
            "distillation": lambda: _tuples(
                "distillation", taught, f"list_prepend({_POS_SCORE}, {_NEG_SCORES}[1:{taught}])"
            ),
        }
        for part in parts:
            yield makers[part]()

    def reading(self, written: Sequence[Written]) -> str:
        config = written[-1].config
        loss = {
            "pairs": "MultipleNegativesRankingLoss",
            "triplets": "MultipleNegativesRankingLoss",
            "tuples": "MultipleNegativesRankingLoss",
            "mse": "MarginMSELoss",
            "distillation": "DistillKLDivLoss",
        }[str(config).rpartition("-")[2]]
        return (
            "from datasets import load_dataset\n"
            "from sentence_transformers import SentenceTransformerTrainer, losses\n\n"
            f'rows = load_dataset("FOLDER", "{config}")["train"]\n'
            f"SentenceTransformerTrainer(model, train_dataset=rows, loss=losses.{loss}(model)).train()"
        )


def _pairs() -> Stream:
    # The pair itself: its answer is the one judged right, or the same to the letter (no join of texts with texts).
    query = """SELECT p.language AS part, q.split, p.id, p.question AS anchor, p.answer AS positive
        FROM located p JOIN (SELECT id, language, split FROM queries WHERE split IN ('train', 'dev')) q
            USING (id, language)"""
    schema = pa.schema([("anchor", _TEXT), ("positive", _TEXT)])
    return Stream(query, ("id",), schema, "pairs/{part}.{split}.parquet", "{part}-pairs", masked=schema.names)


def _triplets(most: int) -> Stream:
    query = f"""SELECT language AS part, 'train' AS split, query_id, query AS anchor, positive, place,
            unnested AS negative
        FROM (SELECT *, unnest(negatives[1:{most}]) AS unnested, generate_subscripts(negatives[1:{most}], 1) AS place
              FROM mined)"""
    schema = pa.schema([("anchor", _TEXT), ("positive", _TEXT), ("negative", _TEXT)])
    return Stream(
        query, ("query_id", "place"), schema, "triplets/{part}.parquet", "{part}-triplets", masked=schema.names
    )


def _tuples(kind: str, count: int, label: str | None) -> Stream:
    """(query, positive, negative_1 … negative_n[, label]); queries with fewer negatives are not among them."""
    first = "anchor" if label is None else "query"
    names = [f"negative_{number}" for number in range(1, count + 1)]
    columns = ", ".join(f"negatives[{number}] AS {name}" for number, name in enumerate(names, 1))
    labelled = "" if label is None else f", {label} AS label"
    query = f"""SELECT language AS part, 'train' AS split, query_id, query AS {first}, positive, {columns}{labelled}
        FROM mined WHERE len(negatives) >= {count}"""
    texts = [first, "positive", *names]
    fields = [(name, _TEXT) for name in texts] + ([] if label is None else [("label", _SCORES)])
    path = f"{kind}/{{part}}.parquet"
    return Stream(query, ("query_id",), pa.schema(fields), path, f"{{part}}-{kind}", masked=texts, group_rows=_FEW)


@dataclass(frozen=True)
class FlagEmbedding:
    """A file a language under train/: the folder is what --train_data takes."""

    name: ClassVar[str] = "flagembedding"
    title: ClassVar[str] = "training rows for FlagEmbedding"
    tasks: ClassVar[Sequence[str]] = ("sentence-similarity", "text-retrieval")
    parts: ClassVar[Mapping[str, Sequence[str]]] = {"train": _MINED}
    optional: ClassVar[Sequence[str]] = ("qa",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        fields = [("query", _TEXT), ("pos", _TEXTS), ("neg", _TEXTS), ("pos_scores", _SCORES), ("neg_scores", _SCORES)]
        prompt = ""
        if settings.prompt is not None:
            fields.append(("prompt", _TEXT))
            prompt = ", '{}' AS prompt".format(settings.prompt.replace("'", "''"))
        fields.append(("type", _TEXT))
        query = f"""SELECT language AS part, 'train' AS split, query_id, query, [positive] AS pos, negatives AS neg,
                [{_POS_SCORE}] AS pos_scores, {_NEG_SCORES.replace("neg_scores", "m.neg_scores")} AS neg_scores,
                'normal' AS type{prompt}
            FROM mined m WHERE len(negatives) > 0"""
        masked = ("query", "pos", "neg")
        yield Stream(
            query, ("query_id",), pa.schema(fields), "train/{part}.jsonl", "{part}", masked=masked, group_rows=_FEW
        )

    def reading(self, written: Sequence[Written]) -> str:
        return (
            "from FlagEmbedding.abc.finetune.embedder import AbsEmbedderDataArguments, AbsEmbedderTrainDataset\n\n"
            'arguments = AbsEmbedderDataArguments(train_data=["FOLDER/train"], knowledge_distillation=True)\n'
            "rows = AbsEmbedderTrainDataset(arguments, tokenizer)"
        )


@dataclass(frozen=True)
class Tevatron:
    """ids and a corpus (`train`, `corpus`), and rows that hold their passages (`passages`), which old versions read too."""

    name: ClassVar[str] = "tevatron"
    title: ClassVar[str] = "training rows for Tevatron"
    tasks: ClassVar[Sequence[str]] = ("text-retrieval",)
    parts: ClassVar[Mapping[str, Sequence[str]]] = {
        "train": _MINED,
        "passages": _MINED,
    }
    optional: ClassVar[Sequence[str]] = ("qa",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        if "train" in parts:
            yield _ids()
            yield _documents()
        if "passages" in parts:
            yield _passages()

    def reading(self, written: Sequence[Written]) -> str:
        part = written[0].part
        return (
            "from tevatron.retriever.arguments import DataArguments\nfrom tevatron.retriever.dataset import TrainDataset\n\n"
            'rows = TrainDataset(DataArguments(dataset_name="json", dataset_path="FOLDER/train/'
            f'{part}.jsonl",\n                                  corpus_name="json", corpus_path="FOLDER/corpus/{part}.jsonl"))'
        )


def _ids() -> Stream:
    query = """SELECT language AS part, 'train' AS split, query_id, query AS query_text,
            [positive_id] AS positive_document_ids, negative_ids AS negative_document_ids
        FROM mined WHERE len(negative_ids) > 0"""
    fields = [
        ("query_id", _TEXT),
        ("query_text", _TEXT),
        ("positive_document_ids", _TEXTS),
        ("negative_document_ids", _TEXTS),
    ]
    return Stream(
        query,
        ("query_id",),
        pa.schema(fields),
        "train/{part}.jsonl",
        "{part}-train",
        masked=("query_text",),
        group_rows=_FEW,
    )


def _documents() -> Stream:
    """Tevatron's code reads `text`, its description says `document_text`: both are there."""
    query = """SELECT language AS part, 'train' AS split, id AS docid, '' AS title, text, text AS document_text
        FROM corpus WHERE language IN (SELECT DISTINCT language FROM mined)"""
    fields = [("docid", _TEXT), ("title", _TEXT), ("text", _TEXT), ("document_text", _TEXT)]
    masked = ("text", "document_text")
    return Stream(query, ("docid",), pa.schema(fields), "corpus/{part}.jsonl", "{part}-corpus", masked=masked)


def _passages() -> Stream:
    passage = pa.struct([("docid", _TEXT), ("title", _TEXT), ("text", _TEXT)])
    query = """SELECT language AS part, 'train' AS split, query_id, query,
            [{docid: positive_id, title: '', text: positive}] AS positive_passages,
            list_transform(list_zip(negative_ids, negatives), lambda n: {docid: n[1], title: '', text: n[2]})
                AS negative_passages
        FROM mined WHERE len(negatives) > 0"""
    fields = [
        ("query_id", _TEXT),
        ("query", _TEXT),
        ("positive_passages", pa.list_(passage)),
        ("negative_passages", pa.list_(passage)),
    ]
    masked = ("query", "positive_passages", "negative_passages")
    return Stream(
        query,
        ("query_id",),
        pa.schema(fields),
        "passages/{part}.jsonl",
        "{part}-passages",
        masked=masked,
        group_rows=_FEW,
    )
