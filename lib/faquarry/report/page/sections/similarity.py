"""How close questions and their answers are, by language: where a model cannot follow, and which pairs stand out."""

from __future__ import annotations

import math

from faquarry.report.page.markup import Html, cut, h, join, said
from faquarry.report.page.parts import language_cell, note, number, percent, subhead
from faquarry.report.page.plots import ridges
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

BINS = 50
LANGUAGES = 30
EXAMPLES, CHARS = 4, 260


def draw(reader: Reader) -> Html | None:
    last = reader.row("SELECT model, revision FROM similarity ORDER BY run_id DESC, model, revision LIMIT 1")
    mine = "FROM similarity WHERE model = $model AND revision = $revision AND NOT isnan(score)"
    least = reader.row(f"SELECT min(score) AS low {mine}", **last)["low"]
    if least is None:
        return None
    low = math.floor(max(-1.0, least) * 10) / 10
    size = (1 - low) / BINS
    rows = reader.rows(
        f"""SELECT language::VARCHAR AS language, bin, count(*) AS n, count(*) FILTER (low) AS low
            FROM (SELECT key, low, greatest(0, least({BINS - 1}, floor((score - {low}) / {size})))::INTEGER AS bin
                  FROM (SELECT hash(id) AS key, score, low {mine}))
            JOIN {reader.spoken()} USING (key) GROUP BY ALL ORDER BY ALL""",
        **last,
    )
    counts: dict[str, list[int]] = {}
    lows: dict[str, int] = {}
    for row in rows:
        language = row["language"] or "und"
        counts.setdefault(language, [0] * BINS)[row["bin"]] += row["n"]
        lows[language] = lows.get(language, 0) + row["low"]
    if not counts:
        return None
    largest = sorted(counts, key=lambda one: (-sum(counts[one]), one))
    edges = [low + place * size for place in range(BINS + 1)]
    shown = []
    for language in largest[:LANGUAGES]:
        total = sum(counts[language])
        beside = f"{number(total)} pairs, {percent(lows[language] / total)} low"
        shown.append((language_cell(language), counts[language], _median(counts[language], edges), beside, language))
    hidden = f" The {LANGUAGES} largest of {len(largest)} languages." if len(largest) > LANGUAGES else ""
    return join(
        note("Cosine of question and answer by ", h("code", f"{last['model']} {last['revision'][:12]}"),
             ". A low one marks a pair that needs its page to be understood, or a model that cannot read the language. "
             "The line is the median.", hidden),
        ridges(shown, edges, "distribution", "cosine of question and answer"),
        _extremes(reader, last),
    )  # fmt: skip


def _median(counts: list[int], edges: list[float]) -> float:
    """From a histogram, as exact as its bins.

    >>> _median([1, 2, 1], [0, 1, 2, 3])
    1.5
    """
    half, seen = sum(counts) / 2, 0
    for place, count in enumerate(counts):
        if seen + count >= half:
            return edges[place] + (edges[place + 1] - edges[place]) * (half - seen) / (count or 1)
        seen += count
    return edges[-1]


def _extremes(reader: Reader, last: Row) -> Html:
    """Pairs at both ends, to be read."""
    mine = "FROM similarity WHERE model = $model AND revision = $revision AND NOT isnan(score)"
    parts = []
    for title, pick in (("Farthest apart", "arg_min"), ("Closest", "arg_max")):
        ends = reader.row(
            f"SELECT {pick}(struct_pack(id := id, score := score), (score, id), {EXAMPLES}) AS ends {mine}", **last
        )["ends"]
        texts = {
            row["id"]: row
            for row in reader.rows(
                f"""SELECT id, language, left(question, {CHARS + 1}) AS question, left(answer, {CHARS + 1}) AS answer
                    FROM qa WHERE id IN (SELECT unnest($ids))""",
                ids=[one["id"] for one in ends],
            )
        }
        items = []
        for one in ends:
            found = texts.get(one["id"])
            if found is not None:
                items.append(_pair(found, one["score"]))
        parts.append(h("div", subhead(title), h("ul", items, class_="texts")))
    return h("div", parts, class_="beside")


def _pair(row: Row, score: float) -> Html:
    return h(
        "li",
        h("p", h("b", f"{score:.3f}", class_="score"), h("code", row["language"] or "und"), " ",
          said(row["question"], row["language"], name="strong", most=CHARS)),
        said(cut((row["answer"] or "").replace("\n", " "), CHARS), row["language"], name="p"),
    )  # fmt: skip
