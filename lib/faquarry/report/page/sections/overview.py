"""The lake in one look: the figures that matter, and its tables."""

from __future__ import annotations

from faquarry.lake import TABLES
from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import Column, number, table, tiles
from faquarry.report.page.reader import Reader

__all__ = ["draw"]


def draw(reader: Reader) -> Html | None:
    shown = [name for name in reader.tables if not name.startswith("_")]
    rows = [
        (h("code", name), reader.tables[name], (version := reader.lake.version(name), number(version)), _comment(name))
        for name in shown
    ]
    columns = (Column("table"), Column("rows", True), Column("version", True), Column("what it holds"))
    return join(
        tiles(_figures(reader)),
        h(
            "details",
            h("summary", f"{len(rows)} tables, with their rows and versions"),
            table(columns, rows, "Tables of the lake"),
        ),
    )


def _comment(name: str) -> str:
    return TABLES[name].comment.split(". ")[0].rstrip(".") if name in TABLES else ""


def _figures(reader: Reader) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    if reader.holds("sources"):
        told = reader.row("SELECT count(*) AS files, sum(size) AS size, sum(records) AS records FROM sources")
        found.append(
            (number(told["files"]), "archives read", f"{number(told['records'])} records, {_size(told['size'])}")
        )
    if reader.holds("pages"):
        found.append((number(reader.tables["pages"]), "pages with FAQ markup", None))
    if reader.holds("qa"):
        told = reader.row("SELECT count(DISTINCT language) AS languages, count(DISTINCT site) AS sites FROM qa")
        found.append((number(reader.tables["qa"]), "question–answer pairs", "distinct"))
        found.append((number(told["languages"]), "languages", None))
        found.append((number(told["sites"]), "sites", None))
    if reader.holds("bitexts"):
        told = reader.row("SELECT count(*) FILTER (published) AS published FROM bitexts")
        found.append((number(reader.tables["bitexts"]), "aligned pairs", f"{number(told['published'])} published"))
    if reader.holds("benchmark_queries"):
        corpus = reader.tables.get("benchmark_corpus", 0)
        found.append(
            (number(reader.tables["benchmark_queries"]), "benchmark queries", f"over {number(corpus)} answers")
        )
    if reader.holds("negatives"):
        told = reader.row("SELECT sum(len(negative_ids)) AS negatives FROM negatives")
        under = f"of {number(reader.tables['negatives'])} queries"
        found.append((number(told["negatives"]), "hard negatives", under))
    if reader.holds("links"):
        found.append((number(reader.tables["links"]), "links", f"of {number(reader.tables.get('documents', 0))} pages"))
    if reader.holds("evaluations"):
        told = reader.row("SELECT count(DISTINCT model) AS models FROM evaluations")
        found.append((number(reader.tables["evaluations"]), "measured values", f"of {number(told['models'])} models"))
    return found


def _size(size: float | None) -> str:
    """
    >>> _size(712_755), _size(None)
    ('713 kB', '–')
    """
    value = float(size or 0)
    if not value:
        return "–"
    for name in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {name}"
        value /= 1000
    return f"{value:.3g} TB"
