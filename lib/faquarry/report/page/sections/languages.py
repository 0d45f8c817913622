"""The languages of the pairs: how many, on how many sites, how sure, and by which evidence."""

from __future__ import annotations

from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import Column, language_cell, legend, note, number, percent, stack, subhead, table
from faquarry.report.page.plots import histogram
from faquarry.report.page.reader import Reader, exact

__all__ = ["draw"]

EVIDENCE = ("text", "script", "page", "hint", "declared")
BINS = 20


def draw(reader: Reader) -> Html | None:
    counts = ", ".join(f"count(*) FILTER (language_by = '{name}') AS by_{name}" for name in EVIDENCE)
    rows = reader.rows(
        f"""SELECT language, count(*) AS n, count(DISTINCT site) AS sites, avg({exact("language_confidence")}) AS sure,
              count(*) FILTER (language_confidence < 0.5) AS doubtful, {counts}
            FROM qa GROUP BY 1 ORDER BY n DESC, language"""
    )
    total = sum(row["n"] for row in rows)
    most = rows[0]["n"]
    known = any(row[f"by_{name}"] for row in rows for name in EVIDENCE)
    columns = [
        Column("language"), Column("pairs", True), Column("share", True), Column("sites", True),
        Column("mean confidence", True, "calibrated probability that the language is right"),
        Column("under 0.5", True, "share of pairs whose language is doubtful"),
    ]  # fmt: skip
    if known:
        columns.append(Column("decided by"))
    body = []
    for row in rows:
        cells = [
            language_cell(row["language"]),
            (row["n"], h("span", number(row["n"]), class_="spark", style=f"--w:{100 * row['n'] / most:.2f}%")),
            (row["n"] / total, percent(row["n"] / total)),
            row["sites"],
            (row["sure"] or 0, number(row["sure"], 3)),
            (row["doubtful"] / row["n"], percent(row["doubtful"] / row["n"])),
        ]
        if known:
            cells.append(stack([(name, row[f"by_{name}"]) for name in EVIDENCE], row["n"]))
        body.append(cells)
    return join(
        _confidences(reader),
        subhead("Every language", f"{len(rows)} languages, {number(total)} pairs"),
        legend(EVIDENCE) if known else None,
        table(columns, body, "Languages", keys=[row["language"] or "und" for row in rows]),
        note("Colours: the evidence that decided on a language: the text itself, its script, the page's other texts, a hint "
             "of the page (its lang attribute, its address), or what the page declares.") if known else None,
    )  # fmt: skip


def _confidences(reader: Reader) -> Html | None:
    rows = reader.rows(
        f"""SELECT least({BINS - 1}, floor(language_confidence * {BINS}))::INTEGER AS bin, count(*) AS n
            FROM qa WHERE language_confidence >= 0 GROUP BY 1 ORDER BY 1"""
    )
    if not rows:
        return None
    counts = [0] * BINS
    for row in rows:
        counts[row["bin"]] = row["n"]
    total = sum(counts)
    sure = sum(counts[-2:]) / total
    return join(
        subhead("How sure"),
        histogram(
            {"pairs": counts},
            [place / BINS for place in range(BINS + 1)],
            f"Histogram of the confidence in a pair's language: {percent(sure)} of {number(total)} pairs from 0.9 on.",
            x_title="confidence that the language is right",
            caption=f"{percent(sure)} of the pairs from 0.9 on",
        ),
    )
