"""The way from records to pairs that are kept: how many are left at each stage, and what was rejected with which reason."""

from __future__ import annotations

from faquarry.report.page.markup import Html, h, join, said
from faquarry.report.page.parts import Column, note, number, percent, subhead, table
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

EXAMPLES = 2  # of a reason
CHARS = 220


def draw(reader: Reader) -> Html | None:
    steps = _steps(reader)
    return join(
        note("A bar is what is left. Under it stands what the next stage left out; shares are of the step before.")
        if steps
        else None,
        _funnel(steps),
        _rejects(reader),
    )


def _steps(reader: Reader) -> list[tuple[str, int, str, str]]:
    """(what, how many, unit, what became of the rest before it)"""
    found: list[tuple[str, int, str, str]] = []
    if reader.holds("sources"):
        told = reader.row("SELECT sum(records) AS records, sum(responses) AS responses FROM sources")
        found.append(("Records in the archives", int(told["records"] or 0), "records", ""))
        found.append(
            ("Responses and resources", int(told["responses"] or 0), "records", "requests, metadata, information")
        )
    if reader.holds("pages"):
        found.append(
            ("Pages with FAQ markup", reader.tables["pages"], "pages", "pages without it, and what is no page")
        )
        questions = int(reader.row("SELECT sum(questions) AS n FROM pages")["n"] or 0)
        found.append(("Questions on them", questions, "questions", ""))
    if reader.holds("occurrences"):
        found.append(("Places of pairs", reader.tables["occurrences"], "questions", "rejects, by the reasons below"))
    if reader.holds("qa"):
        found.append(("Distinct pairs", reader.tables["qa"], "pairs", "the same pair in another place"))
    if reader.holds("qa", "duplicates"):
        dropped = int(reader.row("SELECT count(DISTINCT id) FILTER (NOT keep) AS n FROM duplicates")["n"] or 0)
        kept = reader.tables["qa"] - dropped
        found.append(("Pairs that no duplicate stands for", kept, "pairs", "question, near and semantic duplicates"))
    return found


def _funnel(steps: list[tuple[str, int, str, str]]) -> Html | None:
    if not steps:
        return None
    most = max(count for _, count, _, _ in steps) or 1
    body = []
    before: int | None = None
    for name, count, _, lost in steps:
        if before is not None and lost and before > count:
            body.append(
                h(
                    "tr",
                    h("td", f"− {number(before - count)} ", h("span", lost, class_="soft")),
                    h("td"),
                    h("td"),
                    class_="lost",
                )
            )
        share = percent(count / before) if before and count <= before else f"× {count / before:.1f}" if before else ""
        body.append(
            h(
                "tr",
                h("th", name, scope="row"),
                h("td", h("i", style=f"--w:{100 * count / most:.2f}%", class_="bar c1"), class_="track"),
                h("td", number(count), h("small", share), class_="n"),
            )
        )
        before = count
    return h("table", h("caption", "Rows at every stage", class_="away"), h("tbody", body), class_="bars funnel")


def _rejects(reader: Reader) -> Html | None:
    if not reader.holds("rejects"):
        return join(subhead("Rejects"), note("Nothing was rejected."))
    rows = reader.rows(
        f"""SELECT stage, reason, count(*) AS n, count(DISTINCT source) AS sources,
              arg_min(struct_pack(detail := left(detail, {CHARS + 1}), question := left(question, {CHARS + 1}),
                                  excerpt := left(excerpt, {CHARS + 1}), url := left(url, {CHARS + 1})),
                      md5(concat_ws(' ', url, "offset", question, detail)), {EXAMPLES}) AS examples
            FROM rejects GROUP BY ALL ORDER BY n DESC, stage, reason"""
    )
    most, total = rows[0]["n"], reader.tables["rejects"]
    columns = (
        Column("stage"), Column("reason"), Column("rows", True), Column("share", True), Column("for example"),
    )  # fmt: skip
    return join(
        subhead("Rejects", f"{number(total)} rows, {len(rows)} reasons"),
        table(
            columns,
            [
                (
                    row["stage"],
                    h("code", row["reason"]),
                    (row["n"], h("span", number(row["n"]), class_="spark", style=f"--w:{100 * row['n'] / most:.1f}%")),
                    (row["n"] / total, percent(row["n"] / total)),
                    _examples(row),
                )
                for row in rows
            ],
            "Rejects by stage and reason",
        ),
    )


def _examples(row: Row) -> Html:
    shown = []
    for one in row["examples"] or ():
        text = one["question"] or one["excerpt"] or one["url"] or ""
        shown.append(h("li", said(one["detail"], most=CHARS), said(text, name="q", most=CHARS) if text else None))
    return h("details", h("summary", "show"), h("ul", shown, class_="plain"))
