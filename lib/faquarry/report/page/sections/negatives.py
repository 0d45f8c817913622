"""Hard negatives to browse: a query, its answer, wrong answers that look right, and how the scorer sees them."""

from __future__ import annotations

from typing import Any

from faquarry.report.page.markup import Html, cut, embedded, h, join, tag_of
from faquarry.report.page.names import name_of
from faquarry.report.page.parts import Column, bars, figures, language_cell, note, number, percent, subhead, table
from faquarry.report.page.plots import histogram
from faquarry.report.page.reader import Reader, Row

__all__ = ["draw"]

BINS = 50
LANGUAGES, QUERIES = 30, 240  # examples in all, shared by the languages
SHOWN, CHARS = 5, 280


def draw(reader: Reader) -> Html | None:
    rows = reader.rows(
        """SELECT coalesce(language, 'und') AS language, count(*) AS queries,
             coalesce(sum(len(negative_ids)), 0)::BIGINT AS negatives, median(pos_score) AS positive,
             median(neg_scores[1]) AS best
           FROM negatives GROUP BY 1 ORDER BY queries DESC, language"""
    )
    by = reader.row("SELECT scorer, revision, activation FROM negatives ORDER BY run_id DESC, scorer, revision LIMIT 1")
    return join(
        note("Wrong answers that BM25 finds and ", h("code", f"{by['scorer']} {(by['revision'] or '')[:12]}"),
             f" scores high ({by['activation']}). One that answers the question is a false negative."),
        _browser(reader, [row["language"] for row in rows[:LANGUAGES]]),
        _scores(reader, by),
        subhead("Every language"),
        table(
            (Column("language"), Column("queries", True), Column("negatives", True), Column("of a query", True),
             Column("positive", True, "median score"), Column("best negative", True, "median score")),
            [
                (
                    language_cell(row["language"]), row["queries"], row["negatives"],
                    (row["negatives"] / row["queries"], number(row["negatives"] / row["queries"], 1)),
                    (row["positive"] or 0, number(row["positive"], 2)), (row["best"] or 0, number(row["best"], 2)),
                )
                for row in rows
            ],
            "Negatives by language",
            keys=[row["language"] for row in rows],
        ),
    )  # fmt: skip


def _scores(reader: Reader, by: Row) -> Html | None:
    mine = "FROM negatives WHERE scorer = $scorer AND revision = $revision AND activation = $activation"
    span = reader.row(
        f"""SELECT min(least(pos_score, list_min(neg_scores))) AS low, max(greatest(pos_score, list_max(neg_scores))) AS high
            {mine}""",
        **by,
    )
    if span["low"] is None:
        return None
    low, size = span["low"], ((span["high"] - span["low"]) or 1) / BINS
    where = f"greatest(0, least({BINS - 1}, floor((score - {low!r}) / {size!r})))::INTEGER"
    rows = reader.rows(
        f"""SELECT what, {where} AS bin, count(*) AS n FROM (
              SELECT 'negatives' AS what, unnest(neg_scores) AS score {mine}
              UNION ALL SELECT 'best negative', neg_scores[1] {mine}
              UNION ALL SELECT 'positive', pos_score {mine}) WHERE score IS NOT NULL GROUP BY ALL ORDER BY ALL""",
        **by,
    )
    counts: dict[str, list[int]] = {name: [0] * BINS for name in ("negatives", "best negative", "positive")}
    for row in rows:
        counts[row["what"]][row["bin"]] += row["n"]
    picture = histogram(
        counts,
        [low + place * size for place in range(BINS + 1)],
        "Histogram of the scores of negatives, of the best negative of each query, and of positives.",
        x_title=f"score ({by['activation']})",
        shares=True,
        caption="shares of each; filled: all negatives",
    )
    return figures(h("div", subhead("Scores"), picture), _guards(reader))


def _guards(reader: Reader) -> Html | None:
    if not reader.holds("_candidates"):
        return None
    rows = reader.rows(
        """SELECT coalesce(nullif(guard, ''), 'none: could be negatives') AS guard, count(*) AS n
           FROM (SELECT unnest(ruled_out) AS guard FROM _candidates) GROUP BY 1 ORDER BY n DESC, guard"""
    )
    total = sum(row["n"] for row in rows)
    if not total:
        return None
    named = [(row["guard"].replace("_", " "), row["n"], percent(row["n"] / total)) for row in rows]
    return h("div", subhead("Guards", f"{number(total)} candidates of BM25"),
             note("What spoke against a candidate: it might be a right answer."),
             bars(named, "Candidates by guard"))  # fmt: skip


def _browser(reader: Reader, languages: list[str]) -> Html:
    each = max(3, QUERIES // max(1, len(languages)))
    cut_arrays = " ".join(
        f"list_transform({source}[1:{SHOWN}], lambda x: {what}) AS {name},"
        for name, source, what in (
            ("negatives", "negatives", f"left(x, {CHARS + 1})"), ("scores", "neg_scores", "x"), ("bm25", "bm25_scores", "x"),
        )
    )  # fmt: skip
    chosen = reader.rows(
        f"""SELECT arg_min(query_id, md5(query_id), {each}) AS ids FROM negatives
            WHERE coalesce(language, 'und') IN (SELECT unnest($languages)) GROUP BY coalesce(language, 'und')""",
        languages=languages,
    )
    found = reader.rows(
        f"""SELECT coalesce(language, 'und') AS language, {cut_arrays} left(query, {CHARS + 1}) AS query,
              left(positive, {CHARS + 1}) AS positive, pos_score, len(negative_ids) AS many
            FROM negatives SEMI JOIN (SELECT unnest($ids) AS query_id) USING (query_id) ORDER BY md5(query_id)""",
        ids=[one for row in chosen for one in row["ids"]],
    )
    by_language: dict[str, list[Row]] = {}
    for row in found:
        by_language.setdefault(row["language"], []).append(row)
    data = [
        {
            "language": one,
            "name": name_of(one),
            "tag": tag_of(one),
            "queries": [_query(row) for row in by_language[one]],
        }
        for one in languages
        if one in by_language
    ]
    options = [h("option", f"{one['name']} ({one['language']})", value=place) for place, one in enumerate(data)]
    controls = h(
        "div",
        h("label", "Language ", h("select", options, id="negatives-language")),
        h("button", "← previous", type="button", id="negatives-before"),
        h("button", "next →", type="button", id="negatives-next"),
        h("output", id="negatives-place", for_="negatives-language"),
        class_="controls",
    )
    return h(
        "div",
        subhead("Queries to browse", "chosen by hash"),
        controls,
        h("div", id="negatives-shown", class_="panel", aria_live="polite"),
        embedded("negatives", data),
        id="negatives-browser",
    )


def _query(row: Row) -> dict[str, Any]:
    lines = zip(row["negatives"] or (), row["scores"] or (), row["bm25"] or (), strict=False)
    return {
        "query": cut(row["query"] or "", CHARS),
        "positive": [cut(row["positive"] or "", CHARS), _rounded(row["pos_score"])],
        "negatives": [[cut(text or "", CHARS), _rounded(score), _rounded(bm25)] for text, score, bm25 in lines],
        "more": max(0, (row["many"] or 0) - SHOWN),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or value != value else round(float(value), 3)
