"""Bitexts: a configuration a language pair.

Source: mteb, WebFAQBitextMiningQuestions and …QAs: configurations xxx-yyy in the order of the alphabet, one split named
`default`, the i-th row's sides translate each other. The task looks for the nearest side of each in all of the others, so
that a text which stands twice on a side counts as an error: here it stands once, with its most confident partner. These are
evaluation sets, so that only published bitexts are taken, release or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from faquarry.config.settings import ExportSettings
from faquarry.export.format import Stream, Written

__all__ = ["MTEBBitext"]

_SCHEMA = pa.schema(
    [("question1", pa.string()), ("answer1", pa.string()), ("question2", pa.string()), ("answer2", pa.string())]
)


def _once(side: str, rows: str) -> str:
    """The rows without those whose question on a side stands in a better row."""
    best = "confidence DESC NULLS LAST, similarity DESC NULLS LAST, id1, id2"
    within = f"PARTITION BY language1, language2, {side}"
    return f"SELECT * FROM ({rows}) QUALIFY row_number() OVER ({within} ORDER BY {best}) = 1"


# Texts stay out of the windows: hashes tell which are equal.
_HASHED = """SELECT language1, language2, id1, id2, confidence, similarity,
        md5(lower(trim(question1))) AS hash1, md5(lower(trim(question2))) AS hash2
    FROM aligned WHERE published"""


@dataclass(frozen=True)
class MTEBBitext:
    """As mteb's bitext mining tasks of WebFAQ read it."""

    name: ClassVar[str] = "mteb-bitext"
    title: ClassVar[str] = "translations found between pages (mteb bitext mining)"
    tasks: ClassVar[Sequence[str]] = ("translation", "sentence-similarity")
    parts: ClassVar[Mapping[str, Sequence[str]]] = {"bitexts": ("bitexts", "qa")}
    optional: ClassVar[Sequence[str]] = ()

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        chosen = f"""SELECT id1, id2 FROM ({_once("hash2", _once("hash1", _HASHED))})
            QUALIFY count(*) OVER (PARTITION BY language1, language2) >= {settings.min_bitexts}"""
        query = f"""SELECT language1 || '-' || language2 AS part, 'default' AS split, *
            FROM aligned SEMI JOIN ({chosen}) USING (id1, id2)"""
        yield Stream(query, ("id1", "id2"), _SCHEMA, "data/{part}.parquet", "{part}", masked=tuple(_SCHEMA.names))

    def reading(self, written: Sequence[Written]) -> str:
        return (
            "import mteb\n"
            "from mteb.tasks.bitext_mining.multilingual.web_faq_bitext_mining import WebFAQBitextMiningQuestions\n\n"
            "task = WebFAQBitextMiningQuestions()\n"
            'task.metadata = task.metadata.model_copy(update={"dataset": {"path": "FOLDER", "revision": "main"}})\n'
            f'mteb.evaluate(model, task.filter_languages(None, hf_subsets=["{written[0].config}"]))'
        )
