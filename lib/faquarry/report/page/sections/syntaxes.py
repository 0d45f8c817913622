"""How pages write their FAQs, what had to be mended, in which encodings they came, and who does not want to be used."""

from __future__ import annotations

from faquarry.report.page.markup import Html, h, join
from faquarry.report.page.parts import bars, figures, note, number, percent, subhead
from faquarry.report.page.reader import Reader

__all__ = ["draw"]

MOST = 12


def draw(reader: Reader) -> Html | None:
    total = reader.tables["pages"]
    panels = []
    for title, told, value in (
        ("Syntax", "A page may use several.", "array_to_string(list_sort(syntaxes), ' + ')"),
        ("Repairs", "What it took to read the markup.", "coalesce(repair, 'nothing to mend')"),
        ("Encodings", "What the bytes were read as.", "charset"),
        ("Encoding known from", None, "charset_by"),
        ("Opt-outs", "Signals that a page gives.", "unnest(CASE WHEN len(opt_out) > 0 THEN opt_out ELSE ['none'] END)"),
        ("Extractor", "Version of the code.", "extractor"),
    ):
        rows = reader.rows(
            f"SELECT value, count(*) AS n FROM (SELECT {value} AS value FROM pages) GROUP BY 1 ORDER BY n DESC, value"
        )
        shown = [row for row in rows if row["value"] is not None]
        if not shown:
            continue
        rest = sum(row["n"] for row in shown[MOST:])
        lines = [(str(row["value"]), row["n"]) for row in shown[:MOST]] + ([("others", rest)] if rest else [])
        panels.append(
            h("div", subhead(title), note(told) if told else None,
              bars([(name, n, f"{number(n)} · {percent(n / total)}") for name, n in lines], title))
        )  # fmt: skip
    return join(figures(panels))
