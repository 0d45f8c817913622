"""The retrieval benchmarks: what is searched and what is asked, in each language."""

from __future__ import annotations

from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import Column, language_cell, note, number, subhead, table
from faquarry.report.page.reader import Reader

__all__ = ["draw"]


def draw(reader: Reader) -> Html | None:
    queries = reader.rows(
        """SELECT language, count(*) AS n, count(*) FILTER (split = 'train') AS train, count(*) FILTER (split = 'dev') AS dev,
             count(*) FILTER (split = 'test') AS test, count(DISTINCT site) FILTER (split = 'test') AS test_sites,
             median(length(text)) AS chars
           FROM benchmark_queries GROUP BY 1 ORDER BY n DESC, language"""
    )
    corpus = {
        row["language"]: row
        for row in reader.rows(
            """SELECT language, count(*) AS n, count(DISTINCT site) AS sites, median(length(text)) AS chars
               FROM benchmark_corpus GROUP BY 1"""
        )
    }
    most = max((found["n"] for found in corpus.values()), default=1)
    columns = (
        Column("language"), Column("answers", True), Column("their sites", True), Column("train", True), Column("dev", True),
        Column("test", True), Column("test sites", True), Column("characters of a query", True, "median"),
        Column("of an answer", True, "median, in characters"),
    )  # fmt: skip
    body = []
    for row in queries:
        found = corpus.get(row["language"], {"n": 0, "sites": 0, "chars": None})
        body.append(
            (
                language_cell(row["language"]),
                (found["n"], h("span", number(found["n"]), class_="spark", style=f"--w:{100 * found['n'] / most:.2f}%")),
                found["sites"], row["train"], row["dev"], row["test"], row["test_sites"],
                (row["chars"] or 0, number(row["chars"])), (found["chars"] or 0, number(found["chars"])),
            )
        )  # fmt: skip
    total = sum(row["test"] for row in queries)
    return join(
        note("Every distinct answer of a language is searched; each question has one right answer. What tells of a test "
             "query stands in no other split."),
        subhead("Every language", f"{len(queries)} languages, {number(total)} test queries"),
        table(columns, body, "Benchmarks", keys=[row["language"] for row in queries]),
    )  # fmt: skip
