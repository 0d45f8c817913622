"""Queries that a perturbation broke, as text, with the edits marked.

The table `evaluations` holds no texts. Those of the lake's own benchmark are in the lake, and a perturbation is a pure
function of text, strength, seed and key: what was asked then is made again here.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

import regex

from faquarry.errors import UsageError
from faquarry.report.page.markup import Html, cut, h, join, tag_of
from faquarry.report.page.parts import note, number, subhead
from faquarry.report.page.reader import Reader, Row

__all__ = ["broken", "marked"]

TASK = "lake"
EACH, MOST = 3, 36  # of a language, in all
CHARS = 300


def broken(reader: Reader) -> Html | None:
    """Queries of the lake's benchmark that lose the most, some of each language; None where none can be shown."""
    if not reader.holds("benchmark_queries"):
        return None
    found = reader.rows(
        f"""SELECT unnest(worst) AS one FROM (
              SELECT language, arg_max(struct_pack(model := model, language := language, perturbation := perturbation,
                  strength := strength, query_id := query_id, clean := clean, value := value, edits := edits),
                (clean - value, -coalesce(edits, 1000), md5(query_id || perturbation || strength || model)), {EACH}) AS worst
              FROM paired WHERE task = '{TASK}' AND clean > value GROUP BY language ORDER BY count(*) DESC, language
              LIMIT {MOST // EACH})"""
    )
    worst: list[Row] = [row["one"] for row in found]
    texts = {
        (row["language"], row["id"]): row["text"]
        for row in reader.rows(
            "SELECT language, id, text FROM benchmark_queries WHERE id IN (SELECT unnest($ids))",
            ids=[row["query_id"] for row in worst],
        )
    }
    items = [
        _case(row, texts[row["language"], row["query_id"]])
        for row in worst
        if (row["language"], row["query_id"]) in texts
    ]
    if not items:
        return None
    return join(
        subhead("Queries that broke", "the largest drops, some of each language"),
        h("ul", items, class_="texts cases"),
        note("Of the lake's own benchmark. Struck out: what was there; underlined: what came instead (seed 0)."),
    )


def _case(row: Row, text: str) -> Html:
    made = perturbed(text, row)
    shown = marked(text, made) if made is not None and made != text else join(cut(text, CHARS))
    facts = f"{row['perturbation']} {row['strength']}".strip()
    return h(
        "li",
        h("p", h("b", f"{number(row['clean'], 2)} → {number(row['value'], 2)}", class_="score"), h("code", row["language"]),
          " ", facts, " · ", h("span", row["model"], class_="soft")),
        h("p", shown, dir="auto", lang=tag_of(row["language"])),
        data_language=row["language"],
    )  # fmt: skip


def perturbed(text: str, row: Row) -> str | None:
    """What was asked, with seed 0; None where it cannot be made again (the worst of several, words of people)."""
    from faquarry.robustness.perturb import perturb

    try:
        return perturb(text, row["language"], row["perturbation"], row["strength"] or "10%", key=row["query_id"]).text
    except UsageError:
        return None


def marked(before: str, after: str) -> Html:
    """One text with what went struck out and what came underlined, by graphemes.

    >>> marked("reset", "reste")
    'res<ins>t</ins>e<del>t</del>'
    """
    return join(list(_marks(before, after)))


def _marks(before: str, after: str) -> Iterator[Html]:
    one, other = regex.findall(r"\X", before), regex.findall(r"\X", after)
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            yield join("".join(one[a:b]))
        else:
            if a < b:
                yield h("del", "".join(one[a:b]))
            if c < d:
                yield h("ins", "".join(other[c:d]))
