"""The ledger: which runs made the lake, with which version, from what, and how long they took."""

from __future__ import annotations

from faquarry.report.page.markup import Html, cut, h, join
from faquarry.report.page.parts import Column, note, number, subhead, table
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

SHOWN = 100
_MARKS = {"done": "✓ done", "partial": "◐ partial", "failed": "✕ failed", "running": "… not finished"}


def draw(reader: Reader) -> Html | None:
    rows = reader.rows(
        f"""SELECT run_id, verb, version, fingerprint, status,
              strftime(started_at AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M') AS started,
              seconds, inputs, outputs, counts, left(error, 400) AS error
            FROM runs ORDER BY started_at DESC, run_id DESC LIMIT {SHOWN}"""
    )
    columns = (
        Column("verb"), Column("status"), Column("started (UTC)"), Column("seconds", True), Column("wrote"), Column("counts"),
        Column("run and version"),
    )  # fmt: skip
    total = reader.tables["runs"]
    return join(
        subhead("Ledger", f"{number(total)} runs, the last {SHOWN}" if total > SHOWN else f"{number(total)} runs"),
        table(
            columns,
            [
                (
                    h("b", row["verb"]), _status(row), h("span", row["started"] or "–", class_="tongue"),
                    (row["seconds"] or 0, number(row["seconds"], 1)),
                    _map(row["outputs"], "version "), _map(row["counts"]),
                    join(h("code", row["run_id"]), h("small", row["version"], class_="soft block"),
                         h("small", f"settings {row['fingerprint'] or '–'}", class_="soft block")),
                )
                for row in rows
            ],
            "Runs",
        ),
        note("A run that is not finished was killed, or is at work now; what it had committed stays."),
    )  # fmt: skip


def _status(row: Row) -> Html:
    shown = h("span", _MARKS.get(row["status"] or "", row["status"] or "–"), class_=f"status {row['status'] or ''}")
    return join(shown, h("small", cut(row["error"], 300), class_="block error") if row["error"] else None)


def _map(found: object, before: str = "") -> Html:
    items = dict(found) if found else {}  # type: ignore[call-overload]
    lines = [
        h("li", h("code", name), " ", before, number(value), class_="tongue")
        for name, value in items.items()
        if value is not None
    ]
    return h("ul", lines, class_="plain") if lines else Html("–")
