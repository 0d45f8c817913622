"""Mined negatives, to be looked at: how positives and negatives score, and examples that a person can judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from faquarry.lake import Lake
from faquarry.lake.ask import connected
from faquarry.report.pictures import ACCENT, INK, PALE, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw", "page"]

LANGUAGES = 30
EXAMPLES = 3  # of a language
SHOWN = 5  # negatives of an example
BINS = 50


def draw(lake: Lake) -> Figure | None:
    """Scores of positives, of the best negative and of all negatives, as shares; None where nothing is mined."""
    if lake.version("negatives") is None:
        return None
    rows = lake.arrow("negatives", ["pos_score", "neg_scores", "scorer", "activation"])
    if not len(rows):
        return None
    positive, lists = rows["pos_score"].to_numpy(), rows["neg_scores"].to_pylist()
    every, best = np.concatenate(lists), np.array([scores[0] for scores in lists])
    edges = np.histogram_bin_edges(np.concatenate([positive, every]), BINS)
    picture = figure(7, 3.6)
    axes = picture.add_subplot()
    for scores, name, color, filled in (
        (every, "negatives", PALE, True),
        (best, "best negative", ACCENT, False),
        (positive, "positive", INK, False),
    ):
        weights = np.full(len(scores), 1 / len(scores))
        axes.hist(
            scores,
            edges.tolist(),
            weights=weights,
            histtype="stepfilled" if filled else "step",
            color=color,
            label=name,
        )
    axes.set_xlabel(f"score of {rows['scorer'][0]} ({rows['activation'][0]})")
    axes.set_ylabel("share")
    axes.set_title(f"{len(rows):,} queries with {len(every):,} hard negatives", loc="left", color=INK)
    axes.legend(frameon=False)
    return picture


def page(lake: Lake) -> str | None:
    """HTML with a table of languages and examples of each: the query, its answer, its negatives, their scores."""
    if lake.version("negatives") is None:
        return None
    with connected(lake, ("negatives", "_candidates")) as connection:
        languages = _dicts(
            connection.execute(
                f"""SELECT language, count(*) AS queries, sum(len(negative_ids)) AS negatives,
                      median(pos_score) AS positive, median(neg_scores[1]) AS best
                    FROM negatives GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LANGUAGES}"""
            )
        )
        guards = _dicts(
            connection.execute(
                """SELECT guard, count(*) AS candidates, count(DISTINCT query_id) AS queries
                   FROM (SELECT unnest(ruled_out) AS guard, query_id FROM _candidates) WHERE guard <> ''
                   GROUP BY 1 ORDER BY 2 DESC, 1"""
            )
        )
        examples = _dicts(
            connection.execute(
                f"""SELECT * FROM negatives WHERE language IN (SELECT unnest($languages))
                    QUALIFY row_number() OVER (PARTITION BY language ORDER BY md5(query_id)) <= {EXAMPLES}
                    ORDER BY language, md5(query_id)""",
                {"languages": [row["language"] for row in languages]},
            )
        )
    if not languages:
        return None
    shown = "".join(_example(row) for row in examples)
    return _PAGE.format(
        languages=_table(languages), guards=_table(guards), examples=shown, shown=SHOWN, style=_STYLE, each=EXAMPLES
    )


def _dicts(result: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>none</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _example(row: Mapping[str, Any]) -> str:
    negatives = zip(row["negatives"], row["neg_scores"], row["bm25_scores"], strict=True)
    lines = [_line("positive", row["positive"], f"{row['pos_score']:.3f}")]
    lines += [_line("", text, f"{score:.3f} · BM25 {bm25:.1f}") for text, score, bm25 in list(negatives)[:SHOWN]]
    language = escape(row["language"])
    return (
        f'<section><h3 dir="auto" lang="{language}"><small>{language}</small> {escape(row["query"])}</h3>'
        f"<table>{''.join(lines)}</table></section>"
    )


def _line(kind: str, text: str, scores: str) -> str:
    return f'<tr class="{kind}"><td>{scores}</td><td dir="auto">{escape(text)}</td></tr>'


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1f2933; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { padding: .25rem .8rem; text-align: left }
td { border-top: 1px solid #e2e8f0; vertical-align: top } td:first-child { white-space: nowrap }
tr.positive td { background: #ecfdf5 } small { color: #c2410c } h3 { margin-bottom: 0 }
"""

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hard negatives</title><style>{style}</style>
<h1>Hard negatives</h1><img src="negatives.png" alt="Scores of positives and negatives" width="760">
<p>Medians are of the scorer; <code>best</code> is each query's highest negative.</p>{languages}
<h2>What guards ruled out</h2>{guards}
<h2>Examples</h2><p>{each} queries of each language, chosen by hash: the answer (green), then the {shown} negatives that score
highest. A negative that answers the question is a false one.</p>{examples}</html>
"""
