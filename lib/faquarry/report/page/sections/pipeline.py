"""The way from records to pairs that are kept: how many are left at each stage, and what was rejected with which reason."""

from __future__ import annotations

from dataclasses import dataclass

from faquarry.report.page.markup import Html, h, join, said
from faquarry.report.page.parts import Column, note, number, percent, subhead, table
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

EXAMPLES = 2  # of a reason
CHARS = 220
RECORDS, QUESTIONS = "records", "questions"


def draw(reader: Reader) -> Html | None:
    steps = _steps(reader)
    return join(
        note(
            "A bar is what is left of records, then of questions; between them: what a stage left out. Shares are of the "
            "step before."
        )
        if steps
        else None,
        _funnel(steps),
        _rejects(reader),
    )


@dataclass(frozen=True)
class Step:
    """What is left after a stage, in a unit, and what became of the rest of the step before."""

    name: str
    count: int
    unit: str
    lost: str = ""


def _steps(reader: Reader) -> list[Step]:
    found: list[Step] = []
    if reader.holds("sources"):
        told = reader.row("SELECT sum(records) AS records, sum(responses) AS responses FROM sources")
        found.append(Step("In the archives", int(told["records"] or 0), RECORDS))
        lost = "requests, metadata, information about the archive"
        found.append(Step("Responses and resources", int(told["responses"] or 0), RECORDS, lost))
    if reader.holds("pages"):
        lost = "pages without FAQ markup, and what is no page"
        found.append(Step("Pages with FAQ markup", reader.tables["pages"], RECORDS, lost))
        questions = int(reader.row("SELECT sum(questions) AS n FROM pages")["n"] or 0)
        found.append(Step("On these pages", questions, QUESTIONS))
    if reader.holds("occurrences"):
        lost = "no pair: for the reasons below"
        found.append(Step("Places of pairs", reader.tables["occurrences"], QUESTIONS, lost))
    if reader.holds("qa"):
        found.append(Step("Distinct pairs", reader.tables["qa"], QUESTIONS, "the same pair in another place"))
    if reader.holds("qa", "duplicates"):
        dropped = int(reader.row("SELECT count(DISTINCT id) FILTER (NOT keep) AS n FROM duplicates")["n"] or 0)
        lost = "duplicates: of the question, near, or in meaning"
        found.append(Step("Left by deduplication", reader.tables["qa"] - dropped, QUESTIONS, lost))
    return found


def _funnel(steps: list[Step]) -> Html | None:
    if not steps:
        return None
    body = []
    before: Step | None = None
    for step in steps:
        if before is None or before.unit != step.unit:
            before = None
            most = max(one.count for one in steps if one.unit == step.unit) or 1
            body.append(h("tr", h("th", step.unit, scope="rowgroup", colspan=3), class_="unit"))
        elif step.lost and before.count > step.count:
            lost = join(f"− {number(before.count - step.count)} ", h("span", step.lost, class_="soft"))
            body.append(h("tr", h("td", lost, colspan=3), class_="lost"))
        share = percent(step.count / before.count) if before is not None and before.count else ""
        bar = h("i", style=f"--w:{100 * step.count / most:.2f}%", class_=f"bar c{8 if step.unit == RECORDS else 1}")
        body.append(
            h(
                "tr",
                h("th", step.name, scope="row"),
                h("td", bar, class_="track"),
                h("td", number(step.count), h("small", share), class_="n"),
            )
        )
        before = step
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
