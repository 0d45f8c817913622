"""The surviving pairs as JSON lines or CSV, one file a language: for people and for tools that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from faquarry.config.settings import ExportSettings
from faquarry.export.format import Stream, Written

__all__ = ["CSV", "JSONL"]

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("language", pa.string()),
        ("site", pa.string()),
        ("url", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("title", pa.string()),
        ("description", pa.string()),
        ("topic", pa.string()),
        ("question_type", pa.string()),
        ("crawl", pa.string()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
    ]
)
_QUERY = """SELECT p.language AS part, 'train' AS split, p.*, topics.value AS topic, types.value AS question_type
    FROM pairs p LEFT JOIN topics USING (id) LEFT JOIN types USING (id)"""


@dataclass(frozen=True)
class JSONL:
    """One object a line."""

    name: ClassVar[str] = "jsonl"
    title: ClassVar[str] = "question-answer pairs as JSON lines"
    tasks: ClassVar[Sequence[str]] = ("question-answering", "text-retrieval")
    parts: ClassVar[Mapping[str, Sequence[str]]] = {"qa": ("qa",)}
    optional: ClassVar[Sequence[str]] = ("labels",)

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        yield _stream("jsonl")

    def reading(self, written: Sequence[Written]) -> str:
        lines = f'pairs = [json.loads(line) for line in open("FOLDER/{written[0].path}", encoding="utf-8")]'
        return f"import json\n{lines}{_loaded(written[0])}"


@dataclass(frozen=True)
class CSV:
    """RFC 4180, with a head; an answer's newlines stand inside its quotes."""

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "question-answer pairs as CSV"
    tasks: ClassVar[Sequence[str]] = JSONL.tasks
    parts: ClassVar[Mapping[str, Sequence[str]]] = JSONL.parts
    optional: ClassVar[Sequence[str]] = JSONL.optional

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        yield _stream("csv")

    def reading(self, written: Sequence[Written]) -> str:
        rows = f'pairs = list(csv.DictReader(open("FOLDER/{written[0].path}", newline="", encoding="utf-8")))'
        return f"import csv\n{rows}{_loaded(written[0])}"


def _stream(suffix: str) -> Stream:
    texts = ("question", "answer", "title", "description")
    return Stream(_QUERY, ("id",), _SCHEMA, f"data/{{part}}.{suffix}", "{part}", masked=texts)


def _loaded(file: Written) -> str:
    return f'\n\nfrom datasets import load_dataset\npairs = load_dataset("FOLDER", "{file.config}")["{file.split}"]'
