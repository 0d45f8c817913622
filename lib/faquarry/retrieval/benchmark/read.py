"""A lake's benchmark as those who measure on it want it: by language, queries with the answers they are looked for among."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faquarry.lake import Lake
from faquarry.lake.ask import connected

__all__ = ["TABLES", "Questions", "languages", "questions"]

TABLES = ("benchmark_queries", "benchmark_qrels", "benchmark_corpus")
_ALL = 1 << 62


@dataclass(frozen=True, eq=False)
class Questions:
    """The queries of a language with the answers they are looked for among.

    Attributes:
        relevant: of each query, the places of its answers in `corpus`.
        sites: of each query: queries of a site rise and fall together.
        corpus: in the order of its ids.
    """

    language: str
    ids: Sequence[str]
    texts: Sequence[str]
    sites: Sequence[str]
    relevant: Sequence[Mapping[int, float]]
    corpus: Sequence[str]


def languages(lake: Lake, split: str) -> list[str]:
    """The languages that have queries in a split; [] where the lake has no benchmark."""
    if any(lake.version(table) is None for table in TABLES):
        return []
    with connected(lake, TABLES[:1]) as connection:
        found = connection.execute(
            "SELECT DISTINCT language FROM benchmark_queries WHERE split = $split ORDER BY 1", {"split": split}
        ).fetchall()
    return [language for (language,) in found]


def questions(
    lake: str,
    split: str,
    *,
    queries: int | None = None,
    corpus: int | None = None,
    language: str | None = None,
    versions: Mapping[str, int] | None = None,
) -> list[Questions]:
    """The benchmark's queries of a split, by language; [] where the lake has none.

    Args:
        queries: of a language at most, drawn by a hash of their ids; None: all.
        corpus: answers beside the right ones, at most, drawn alike; None: all.
        language: only this one.
    """
    found = Lake(lake)
    if any(found.version(table) is None for table in TABLES):
        return []
    with connected(found, TABLES, versions) as connection:
        asked = connection.execute(
            """SELECT q.language, q.id, q.text, q.site, list(corpus_id ORDER BY corpus_id), list(score ORDER BY corpus_id)
               FROM (SELECT *, row_number() OVER (PARTITION BY language ORDER BY md5(id)) AS turn
                     FROM benchmark_queries WHERE split = $split AND language = coalesce($language, language)) q
               JOIN benchmark_qrels r ON r.query_id = q.id AND r.language = q.language
               WHERE turn <= $queries GROUP BY q.language, q.id, q.text, q.site ORDER BY q.language, q.id""",
            {"split": split, "queries": _ALL if queries is None else queries, "language": language},
        ).fetchall()
        by_language: dict[str, list[Any]] = {}
        for row in asked:
            by_language.setdefault(row[0], []).append(row)
        return [_language(connection, name, rows, corpus) for name, rows in by_language.items()]


def _language(connection: Any, language: str, rows: Sequence[Any], corpus: int | None) -> Questions:
    if corpus is None:
        answers = connection.execute(
            "SELECT id, text FROM benchmark_corpus WHERE language = $language ORDER BY id", {"language": language}
        ).fetchall()
    else:
        right = sorted({name for row in rows for name in row[4]})
        answers = connection.execute(
            """SELECT id, text FROM benchmark_corpus WHERE language = $language QUALIFY list_contains($right, id)
                   OR row_number() OVER (ORDER BY list_contains($right, id), md5(id)) <= $corpus
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
