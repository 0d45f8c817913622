"""Which languages meet: a matrix of aligned pairs. A cell shows examples of its two languages."""

from __future__ import annotations

import math
from typing import Any

from faquarry.report.page.markup import Html, cut, embedded, h, join, tag_of
from faquarry.report.page.names import name_of
from faquarry.report.page.parts import DARK, Column, bars, figures, note, number, percent, scrolling, subhead, table
from faquarry.report.page.plots import histogram
from faquarry.report.page.reader import Reader, Row, exact

__all__ = ["draw"]

LANGUAGES = 24
EXAMPLES, CHARS = 3, 240
LISTED = 60
BINS = 40


def draw(reader: Reader) -> Html | None:
    last = reader.row("SELECT model, revision FROM bitexts ORDER BY run_id DESC, model, revision LIMIT 1")
    mine = "FROM bitexts WHERE model = $model AND revision = $revision"
    rows = reader.rows(
        f"""SELECT coalesce(language1, 'und') AS language1, coalesce(language2, 'und') AS language2, count(*) AS n,
              count(*) FILTER (published) AS published,
              count(*) FILTER (scope = 'page') AS linked, median(similarity) AS similarity,
              avg({exact("confidence")}) AS confidence
            {mine} GROUP BY ALL ORDER BY n DESC, language1, language2""",
        **last,
    )
    totals: dict[str, int] = {}
    for row in rows:
        for language in (row["language1"], row["language2"]):
            totals[language] = totals.get(language, 0) + row["n"]
    largest = sorted(totals, key=lambda one: (-totals[one], one))
    shown = sorted(largest[:LANGUAGES], key=lambda one: (-totals[one], one))
    hidden = f" The {LANGUAGES} largest of {len(largest)} languages." if len(largest) > LANGUAGES else ""
    return join(
        note("The same pair in two languages, found by ", h("code", f"{last['model']} {last['revision'][:12]}"),
             ". Below the diagonal: pairs that are kept; above it: those good enough to be published. Choose a cell to read "
             "some of its pairs.", hidden),
        _matrix(rows, shown),
        h("div", class_="panel", id="bitext-examples", aria_live="polite", hidden=True),
        embedded("bitexts", _examples(reader, last, shown, rows)),
        _spread(reader, last),
        subhead("Language pairs", f"{len(rows)}, of {len(totals)} languages"),
        table(
            (Column("languages"), Column("kept", True), Column("published", True), Column("linked by hreflang", True),
             Column("median similarity", True), Column("mean confidence", True)),
            [
                (
                    f"{row['language1']} – {row['language2']}", row["n"], row["published"],
                    (row["linked"] / row["n"], percent(row["linked"] / row["n"], 0)),
                    (row["similarity"] or 0, number(row["similarity"], 3)),
                    (row["confidence"] or 0, number(row["confidence"], 3)),
                )
                for row in rows[:LISTED]
            ],
            "Language pairs",
            keys=[f"{row['language1']} {row['language2']}" for row in rows[:LISTED]],
        ),
        note(f"The {LISTED} largest.") if len(rows) > LISTED else None,
    )  # fmt: skip


def _matrix(rows: list[Row], shown: list[str]) -> Html:
    place = {language: at for at, language in enumerate(shown)}
    cells: dict[tuple[int, int], tuple[int, Row]] = {}
    for row in rows:
        if row["language1"] in place and row["language2"] in place:
            low, high = sorted((place[row["language1"]], place[row["language2"]]))
            cells[high, low] = (row["n"], row)
            cells[low, high] = (row["published"], row)
    most = math.log1p(max((count for count, _ in cells.values()), default=1)) or 1
    head = h("tr", h("td"), [h("th", h("abbr", one, title=name_of(one)), scope="col") for one in shown])
    body = []
    for across, language in enumerate(shown):
        line = [h("th", h("abbr", language, title=name_of(language)), scope="row")]
        for down in range(len(shown)):
            count, found = cells.get((across, down), (0, None))
            if across == down:
                line.append(h("td", class_="self"))
            elif found is None:
                line.append(h("td"))
            else:
                line.append(_cell(count, found, math.log1p(count) / most, across > down))
        body.append(h("tr", line, data_language=None))
    made = h(
        "table",
        h("caption", "Aligned pairs by languages", class_="away"),
        h("thead", head),
        h("tbody", body),
        class_="matrix",
    )
    return scrolling(made, "Matrix of aligned pairs")


def _cell(count: int, row: Row, strength: float, kept: bool) -> Html:
    key = f"{row['language1']}-{row['language2']}"
    what = "kept" if kept else "published"
    told = f"{name_of(row['language1'])} and {name_of(row['language2'])}: {number(count)} {what}"
    return h(
        "td",
        h("button", _short(count), type="button", data_pair=key, aria_label=told, data_tip=told),
        class_=f"heat{' dark' if strength > DARK else ''}",
        style=f"--v:{strength:.3f}",
    )


def _short(count: int) -> str:
    """
    >>> _short(999), _short(12_345), _short(3_400_000)
    ('999', '12k', '3.4M')
    """
    if count < 1000:
        return str(count)
    return f"{count / 1000:.2g}k" if count < 10_000 else f"{count // 1000}k" if count < 1e6 else f"{count / 1e6:.2g}M"


def _examples(reader: Reader, last: Row, shown: list[str], rows: list[Row]) -> dict[str, Any]:
    """Some pairs of every cell, drawn by the hash of their ids."""
    texts = ", ".join(
        f"{name} := left({name}, {CHARS + 1})" for name in ("question1", "answer1", "question2", "answer2")
    )
    found = reader.rows(
        f"""SELECT coalesce(language1, 'und') AS language1, coalesce(language2, 'und') AS language2,
              arg_min(struct_pack({texts}, site1 := site1, site2 := site2, similarity := similarity, confidence := confidence,
                                  published := published, scope := scope), md5(id1 || id2), {EXAMPLES}) AS examples
            FROM bitexts WHERE model = $model AND revision = $revision
              AND coalesce(language1, 'und') IN (SELECT unnest($shown))
              AND coalesce(language2, 'und') IN (SELECT unnest($shown))
            GROUP BY ALL ORDER BY ALL""",
        shown=shown,
        **last,
    )
    counts = {(row["language1"], row["language2"]): row for row in rows}
    return {
        f"{row['language1']}-{row['language2']}": {
            "names": [name_of(row["language1"]), name_of(row["language2"])],
            "tags": [tag_of(row["language1"]), tag_of(row["language2"])],
            "kept": counts[row["language1"], row["language2"]]["n"],
            "published": counts[row["language1"], row["language2"]]["published"],
            "pairs": [_told(one) for one in row["examples"]],
        }
        for row in found
    }


def _told(one: Row) -> dict[str, Any]:
    facts = [f"similarity {number(one['similarity'], 3)}"]
    if one["confidence"] is not None:
        facts.append(f"confidence {number(one['confidence'], 3)}")
    facts.append("published" if one["published"] else "kept")
    if one["scope"] == "page":
        facts.append("pages linked by hreflang")
    sites = {one["site1"] or "", one["site2"] or ""}
    return {
        "facts": " · ".join([*facts, *sorted(sites - {""})]),
        "texts": [
            [cut(one[f"question{side}"] or "", CHARS), cut((one[f"answer{side}"] or "").replace("\n", " "), CHARS)]
            for side in (1, 2)
        ],
    }


def _spread(reader: Reader, last: Row) -> Html:
    rows = reader.rows(
        f"""SELECT greatest(0, least({BINS - 1}, floor(similarity * {BINS})))::INTEGER AS bin, count(*) AS n,
              count(*) FILTER (published) AS published
            FROM bitexts WHERE model = $model AND revision = $revision GROUP BY 1 ORDER BY 1""",
        **last,
    )
    scopes = reader.rows(
        "SELECT scope, count(*) AS n FROM bitexts WHERE model = $model AND revision = $revision GROUP BY 1 ORDER BY 2 DESC, 1",
        **last,
    )
    first = min(row["bin"] for row in rows)
    counts = {"kept": [0] * (BINS - first), "published": [0] * (BINS - first)}
    for row in rows:
        counts["kept"][row["bin"] - first] = row["n"]
        counts["published"][row["bin"] - first] = row["published"]
    total = sum(row["n"] for row in scopes)
    signs = reader.row(
        """SELECT avg(mutual::INTEGER) AS mutual, avg(hreflang::INTEGER) AS hreflang, avg(same_position::INTEGER) AS place
           FROM bitexts WHERE model = $model AND revision = $revision""",
        **last,
    )
    shares = [
        ("mutual nearest neighbours", signs["mutual"]), ("pages linked by hreflang", signs["hreflang"]),
        ("the same place on the page", signs["place"]),
    ]  # fmt: skip
    return figures(
        h("div", subhead("Similarity"),
          histogram(counts, [(first + place) / BINS for place in range(BINS - first + 1)],
                    f"Histogram of the similarity of {number(total)} aligned pairs.", x_title="similarity",
                    caption="filled: kept, line: published")),
        h("div", subhead("How they were found"),
          bars([(f"compared within the {row['scope'] or 'lake'}", row["n"] / total, percent(row["n"] / total, 0))
                for row in scopes] + [(name, value or 0, percent(value, 0)) for name, value in shares], "Evidence")),
    )  # fmt: skip
