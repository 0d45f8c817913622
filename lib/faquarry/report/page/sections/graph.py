"""The web graph: pages, the links between them, why links are kept or not, and groups of pages."""

from __future__ import annotations

import math

from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import (
    DARK,
    Column,
    bars,
    figures,
    language_cell,
    note,
    number,
    percent,
    scrolling,
    subhead,
    table,
    tiles,
)
from faquarry.report.page.reader import Reader

__all__ = ["draw"]

REGIONS = ("body", "navigation", "header", "footer", "sidebar")
LANGUAGES = 15


def draw(reader: Reader) -> Html | None:
    links = reader.tables["links"]
    rows = reader.rows(
        """SELECT coalesce(region, '?') AS region, coalesce(reason, 'kept') AS reason, count(*) AS n FROM links
           GROUP BY ALL ORDER BY ALL"""
    )
    pages = reader.row(
        """SELECT count(DISTINCT site) AS sites, count(DISTINCT language) AS languages, sum(links_kept) AS kept,
             count(*) FILTER (links_kept > 0) AS linking FROM documents"""
    )
    kept = sum(row["n"] for row in rows if row["reason"] == "kept")
    return join(
        tiles(
            [
                (number(reader.tables["documents"]), "pages", f"{number(pages['sites'])} sites"),
                (number(links), "links", None),
                (percent(kept / links), "of them kept", number(kept)),
                (
                    percent((pages["linking"] or 0) / reader.tables["documents"]),
                    "of pages link to others",
                    "with kept links",
                ),
            ]
        ),
        subhead("Links by place and reason"),
        note("Rows: why a link is not kept, the first rule that says so. Columns: where on the page it stands."),
        _matrix(rows),
        figures(_languages(reader), _degrees(reader)),
        _groups(reader),
    )


def _matrix(rows: list[dict[str, object]]) -> Html:
    counts = {(str(row["reason"]), str(row["region"])): int(str(row["n"])) for row in rows}
    regions = [one for one in REGIONS if any(one == region for _, region in counts)]
    regions += sorted({region for _, region in counts} - set(regions))
    totals: dict[str, int] = {}
    for (reason, _), count in counts.items():
        totals[reason] = totals.get(reason, 0) + count
    most = math.log1p(max(counts.values()))
    head = h(
        "tr",
        h("td"),
        [h("th", region, scope="col") for region in regions],
        h("th", "together", scope="col", class_="n"),
    )
    body = []
    for reason in sorted(totals, key=lambda one: (one != "kept", -totals[one], one)):
        cells = []
        for region in regions:
            count = counts.get((reason, region), 0)
            strength = math.log1p(count) / most
            told = f"{reason.replace('_', ' ')}, {region}: {number(count)}"
            cells.append(
                h("td", number(count) if count else "", class_=f"n heat{' dark' if strength > DARK else ''}",
                  style=f"--v:{strength:.3f}", data_tip=told if count else None)
            )  # fmt: skip
        name = h("th", h("b", "kept") if reason == "kept" else reason.replace("_", " "), scope="row")
        body.append(h("tr", name, cells, h("td", number(totals[reason]), class_="n")))
    made = h(
        "table",
        h("caption", "Links by reason and region", class_="away"),
        h("thead", head),
        h("tbody", body),
        class_="heatmap",
    )
    return scrolling(made, "Links by reason and region")


def _languages(reader: Reader) -> Html:
    rows = reader.rows(
        f"SELECT language, count(*) AS n FROM documents GROUP BY 1 ORDER BY n DESC, language LIMIT {LANGUAGES}"
    )
    lines = [(language_cell(row["language"]), row["n"], number(row["n"])) for row in rows]
    return h("div", subhead("Languages of the pages"), bars(lines, "Pages by language"))


def _degrees(reader: Reader) -> Html:
    rows = reader.rows(
        """SELECT CASE WHEN links_kept = 0 THEN 0 WHEN links_kept = 1 THEN 1 WHEN links_kept <= 4 THEN 2
             WHEN links_kept <= 16 THEN 3 WHEN links_kept <= 64 THEN 4 ELSE 5 END AS class, count(*) AS n
           FROM documents WHERE links_kept IS NOT NULL GROUP BY 1 ORDER BY 1"""
    )
    names = ("none", "1", "2–4", "5–16", "17–64", "more than 64")
    lines = [(names[row["class"]], row["n"], number(row["n"])) for row in rows]
    return h("div", subhead("Kept links of a page"), bars(lines, "Pages by number of kept links", tone=2))


def _groups(reader: Reader) -> Html | None:
    if not reader.holds("groups"):
        return None
    rows = reader.rows(
        """SELECT method, count(*) AS groups, sum(n)::BIGINT AS documents, min(n) AS smallest, median(n) AS usual,
             max(n) AS largest
           FROM (SELECT method, group_id, count(*) AS n FROM groups GROUP BY ALL) GROUP BY 1 ORDER BY 1"""
    )
    columns = (
        Column("method"), Column("groups", True), Column("pages", True), Column("smallest", True), Column("median", True),
        Column("largest", True),
    )  # fmt: skip
    body = [
        (
            row["method"],
            row["groups"],
            row["documents"],
            row["smallest"],
            (row["usual"], number(row["usual"])),
            row["largest"],
        )
        for row in rows
    ]
    return join(subhead("Groups of pages"), table(columns, body, "Groups of pages"))
