"""The sites: a few large ones and many small ones. How much the large ones weigh decides what a random pair is."""

from __future__ import annotations

from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import Column, bars, figures, number, percent, said_site, subhead, table, tiles
from faquarry.report.page.reader import Reader

__all__ = ["draw"]

LARGEST = 30
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000)


def draw(reader: Reader) -> Html | None:
    reader.once(
        "per_site",
        """SELECT site, count(*) AS n, count(DISTINCT language) AS languages, mode(language ORDER BY language) AS usual
           FROM qa WHERE site IS NOT NULL GROUP BY site""",
    )
    cases = " ".join(f"WHEN n <= {bound} THEN {place}" for place, bound in enumerate(BOUNDS))
    classes = reader.rows(
        f"""SELECT CASE {cases} ELSE {len(BOUNDS)} END AS class, count(*) AS sites, sum(n)::BIGINT AS pairs
            FROM per_site GROUP BY 1 ORDER BY 1"""
    )
    if not classes:
        return None
    weight = reader.row(
        """SELECT count(*) AS sites, sum(n)::BIGINT AS pairs, median(n) AS median, max(n) AS largest,
             sum(n) FILTER (place <= greatest(1, total / 100)) AS top, max(languages) AS languages
           FROM (SELECT *, row_number() OVER (ORDER BY n DESC, site) AS place, count(*) OVER () AS total FROM per_site)"""
    )
    largest = reader.rows(f"SELECT * FROM per_site ORDER BY n DESC, site LIMIT {LARGEST}")
    names = [_class(row["class"]) for row in classes]
    return join(
        tiles(
            [
                (number(weight["median"]), "pairs of the median site", f"largest {number(weight['largest'])}"),
                (percent(float(weight["top"]) / weight["pairs"]), "of the pairs", "from the largest 1 % of sites"),
                (number(weight["languages"]), "languages at most", "on one site"),
            ]
        ),
        figures(
            h("div", subhead("Sites by size"),
              bars([(name, row["sites"], number(row["sites"])) for name, row in zip(names, classes, strict=True)],
                   "Sites by number of pairs")),
            h("div", subhead("Pairs by size of their site"),
              bars([(name, row["pairs"], number(row["pairs"])) for name, row in zip(names, classes, strict=True)],
                   "Pairs by size of their site", tone=2)),
        ),
        subhead("Largest sites"),
        table(
            (Column("site"), Column("pairs", True), Column("share", True), Column("languages", True), Column("most in")),
            [
                (
                    said_site(row["site"]), row["n"], (row["n"] / weight["pairs"], percent(row["n"] / weight["pairs"])),
                    row["languages"], h("code", row["usual"] or "und"),
                )
                for row in largest
            ],
            "Largest sites",
        ),
    )  # fmt: skip


def _class(place: int) -> str:
    """
    >>> _class(0), _class(2), _class(11)
    ('1 pair', '3–5', 'over 10,000')
    """
    if place == 0:
        return "1 pair"
    if place == len(BOUNDS):
        return f"over {BOUNDS[-1]:,}"
    low, high = BOUNDS[place - 1] + 1, BOUNDS[place]
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
