"""Retrieval benchmarks: three configurations a language for mteb, a folder a language for BEIR.

Sources: mteb, abstasks/retrieval_dataset_loaders.py (configurations L-corpus, L-queries, L-qrels; the corpus in one split,
named `corpus` as the first loader of WebFAQRetrieval wants it, the others in `test`); beir, datasets/data_loader.py
(corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv with a head).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from faquarry.config.settings import ExportSettings
from faquarry.export.format import Stream, Written

__all__ = ["BEIR", "MTEB", "retrieval_streams"]

TABLES = ("benchmark_corpus", "benchmark_queries", "benchmark_qrels")

_CORPUS = pa.schema([("_id", pa.string()), ("title", pa.string()), ("text", pa.string())])
_QUERIES = pa.schema([("_id", pa.string()), ("text", pa.string())])
_QRELS = pa.schema([("query-id", pa.string()), ("corpus-id", pa.string()), ("score", pa.int32())])


def _queries_sql(split: str, where: str = "true") -> str:
    return f"SELECT language AS part, {split} AS split, id AS _id, text FROM queries WHERE {where}"


def _corpus_sql() -> str:
    # A title is a string everywhere: loaders put it before the text.
    return "SELECT language AS part, 'corpus' AS split, id AS _id, coalesce(title, '') AS title, text FROM corpus"


def _qrels_sql(where: str = "true") -> str:
    return f"""SELECT language AS part, split, query_id AS "query-id", corpus_id AS "corpus-id", score
        FROM qrels WHERE {where}"""


_QREL_ORDER = ('"query-id"', '"corpus-id"')


def retrieval_streams(folder: str = "") -> Iterator[Stream]:
    """The three configurations of every language, for mteb: test queries and their judgements, and the whole corpus."""
    test = "split = 'test'"
    yield Stream(
        _corpus_sql(), ("_id",), _CORPUS, f"{folder}{{part}}/corpus.parquet", "{part}-corpus", masked=("title", "text")
    )
    yield Stream(
        _queries_sql("split", test), ("_id",), _QUERIES, f"{folder}{{part}}/queries.parquet", "{part}-queries",
        masked=("text",),
    )  # fmt: skip
    yield Stream(_qrels_sql(test), _QREL_ORDER, _QRELS, f"{folder}{{part}}/qrels.parquet", "{part}-qrels")


@dataclass(frozen=True)
class MTEB:
    """As mteb's multilingual retrieval tasks read it."""

    name: ClassVar[str] = "mteb"
    title: ClassVar[str] = "retrieval by language (mteb)"
    tasks: ClassVar[Sequence[str]] = ("text-retrieval",)
    parts: ClassVar[Mapping[str, Sequence[str]]] = {"retrieval": TABLES}
    optional: ClassVar[Sequence[str]] = ("qa",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        return retrieval_streams()

    def reading(self, written: Sequence[Written]) -> str:
        languages = sorted({file.part for file in written})
        return (
            "import mteb\nfrom mteb.abstasks.retrieval import AbsTaskRetrieval\n\n"
            "class FAQRetrieval(AbsTaskRetrieval):\n"
            "    metadata = mteb.TaskMetadata(\n"
            '        name="FAQRetrieval", description="FAQ", type="Retrieval", category="t2t", modalities=["text"],\n'
            '        dataset={"path": "FOLDER", "revision": "main"}, eval_splits=["test"], main_score="ndcg_at_10",\n'
            f"        eval_langs={{{', '.join(f'{code!r}: [{_script(code)!r}]' for code in languages[:3])}}},\n"
            "    )\n"
            "mteb.evaluate(model, FAQRetrieval())"
        )


def _script(language: str) -> str:
    """A language as mteb names it, with the script it is mostly written in.

    >>> _script("deu"), _script("jpn")
    ('deu-Latn', 'jpn-Jpan')
    """
    import langcodes

    return f"{language}-{langcodes.get(language).maximize().script or 'Latn'}"


@dataclass(frozen=True)
class BEIR:
    """A folder a language, as beir's GenericDataLoader reads it."""

    name: ClassVar[str] = "beir"
    title: ClassVar[str] = "retrieval by language (BEIR)"
    tasks: ClassVar[Sequence[str]] = ("text-retrieval",)
    parts: ClassVar[Mapping[str, Sequence[str]]] = {"retrieval": TABLES}
    optional: ClassVar[Sequence[str]] = ("qa",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        yield Stream(_corpus_sql(), ("_id",), _CORPUS, "{part}/corpus.jsonl", "{part}-corpus", masked=("title", "text"))
        yield Stream(
            _queries_sql("'queries'"), ("_id",), _QUERIES, "{part}/queries.jsonl", "{part}-queries", masked=("text",)
        )
        # No configuration of the card: `datasets` reads all files of a folder with one reader, and most are JSON.
        yield Stream(_qrels_sql(), _QREL_ORDER, _QRELS, "{part}/qrels/{split}.tsv")

    def reading(self, written: Sequence[Written]) -> str:
        return (
            "from beir.datasets.data_loader import GenericDataLoader\n\n"
            f'corpus, queries, qrels = GenericDataLoader("FOLDER/{written[0].part}").load(split="test")'
        )
