"""How well a model finds the answers of a lake's benchmark: by language, a number a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.lake import Lake
from faquarry.lake.ask import connected
from faquarry.retrieval.measures import measured
from faquarry.vectors.model import Field

__all__ = ["MEASURES", "Questions", "mean_over_languages", "questions", "remembered", "scores"]

Floats = npt.NDArray[np.float64]
Vectors = Callable[[Sequence[str], Field], npt.NDArray[np.float32]]

MEASURES = ("ndcg@10", "mrr@10")
_TILE = 64 * 1024 * 1024  # bytes of scores at a time


@dataclass(frozen=True, eq=False)
class Questions:
    """The queries of a language with the answers they are looked for among.

    Attributes:
        relevant: of each query, the places of its answers in `corpus`.
        sites: of each query: queries of a site rise and fall together.
    """

    language: str
    ids: Sequence[str]
    texts: Sequence[str]
    sites: Sequence[str]
    relevant: Sequence[Mapping[int, float]]
    corpus: Sequence[str]


def questions(
    lake: str, split: str, *, queries: int, corpus: int, versions: Mapping[str, int] | None = None
) -> list[Questions]:
    """The benchmark's queries of a split, by language; [] where the lake has none.

    Args:
        queries: of a language at most, drawn by a hash of their ids.
        corpus: answers beside the right ones, at most, drawn alike.
    """
    tables = ("benchmark_queries", "benchmark_qrels", "benchmark_corpus")
    found = Lake(lake)
    if any(found.version(table) is None for table in tables):
        return []
    with connected(found, tables, versions) as connection:
        asked = connection.execute(
            """SELECT q.language, q.id, q.text, q.site, list(corpus_id ORDER BY corpus_id), list(score ORDER BY corpus_id)
               FROM (SELECT *, row_number() OVER (PARTITION BY language ORDER BY md5(id)) AS turn
                     FROM benchmark_queries WHERE split = $split) q
               JOIN benchmark_qrels r ON r.query_id = q.id AND r.language = q.language
               WHERE turn <= $queries GROUP BY q.language, q.id, q.text, q.site ORDER BY q.language, q.id""",
            {"split": split, "queries": queries},
        ).fetchall()
        by_language: dict[str, list[Any]] = {}
        for row in asked:
            by_language.setdefault(row[0], []).append(row)
        return [_language(connection, language, rows, corpus) for language, rows in by_language.items()]


def _language(connection: Any, language: str, rows: Sequence[Any], corpus: int) -> Questions:
    right = sorted({name for row in rows for name in row[4]})
    answers = connection.execute(
        """SELECT id, text FROM benchmark_corpus WHERE language = $language
           QUALIFY list_contains($right, id) OR row_number() OVER (ORDER BY list_contains($right, id), md5(id)) <= $corpus
           ORDER BY id""",
        {"language": language, "right": right, "corpus": corpus},
    ).fetchall()
    place = {name: number for number, (name, _) in enumerate(answers)}
    relevant = [
        {place[name]: float(score) for name, score in zip(row[4], row[5], strict=True) if name in place} for row in rows
    ]
    return Questions(
        language,
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] or "" for row in rows],
        relevant,
        [text for _, text in answers],
    )


def remembered(vectors: Vectors) -> Vectors:
    """`vectors` that encodes a text once: splits of a benchmark share their corpus."""
    known: dict[tuple[str, str], npt.NDArray[np.float32]] = {}

    def encode(texts: Sequence[str], field: Field) -> npt.NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if (field, text) not in known))
        if new:
            known.update(((field, text), vector) for text, vector in zip(new, vectors(new, field), strict=True))
        return np.stack([known[field, text] for text in texts])

    return encode


def scores(asked: Questions, vectors: Vectors, measures: Sequence[str] = MEASURES) -> dict[str, Floats]:
    """Measures of a model on one language, by exact search; ties by the place in the corpus. -> {measure: (n,)}"""
    depth = min(100, len(asked.corpus))
    queries, corpus = vectors(asked.texts, "question"), vectors(asked.corpus, "answer")
    ranked = np.empty((len(queries), depth), np.int64)
    step = max(1, _TILE // (4 * max(1, len(corpus))))
    for start in range(0, len(queries), step):
        ranked[start : start + step] = np.argsort(-(queries[start : start + step] @ corpus.T), axis=1, kind="stable")[
            :, :depth
        ]
    return measured(ranked, asked.relevant, measures)


def mean_over_languages(found: Mapping[str, Mapping[str, Floats]], measure: str = "ndcg@10") -> float:
    """The mean of the means of languages. {language: {measure: (n,)}} → number"""
    return float(np.mean([one[measure].mean() for one in found.values()]))
