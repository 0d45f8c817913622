"""How close questions and their answers are, by language: where a model cannot follow a language, and which pairs stand out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.lake import Lake
from faquarry.lake.ask import connected
from faquarry.report.pictures import ACCENT, INK, PALE, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Spread", "draw", "spreads"]

BINS = 60
LANGUAGES = 24


@dataclass(frozen=True)
class Spread:
    """Similarities of one language: pairs, their median, the share marked as low, and a histogram over [edges]."""

    language: str
    pairs: int
    median: float
    low: float
    counts: npt.NDArray[np.int64]


def spreads(lake: Lake) -> tuple[str, npt.NDArray[np.float64], list[Spread]]:
    """-> the model, the edges of the bins, and the languages with the most pairs, largest first (the rest as `others`).

    Of several models that a lake has similarities of, the one that was written last.
    """
    if lake.version("similarity") is None or lake.version("qa") is None:
        return "", np.zeros(0), []
    with connected(lake, ("similarity", "qa")) as connection:
        last = connection.execute(
            "SELECT model, revision FROM similarity ORDER BY run_id DESC, model LIMIT 1"
        ).fetchone()
        if last is None:
            return "", np.zeros(0), []
        scored = connection.execute(
            """SELECT language, score, low FROM similarity JOIN qa USING (id)
               WHERE model = $model AND revision = $revision""",
            {"model": last[0], "revision": last[1]},
        ).fetchnumpy()
    languages, scores, low = scored["language"].astype(np.str_), scored["score"], scored["low"].astype(bool)
    if not len(scores):
        return "", np.zeros(0), []
    edges = np.linspace(math.floor(scores.min() * 10) / 10, 1.0, BINS + 1)
    names, sizes = np.unique(languages, return_counts=True)
    largest = names[np.lexsort((names, -sizes))]
    found = [_spread(name, languages == name, scores, low, edges) for name in largest[:LANGUAGES].tolist()]
    rest = np.isin(languages, largest[LANGUAGES:])
    if rest.any():
        found.append(_spread("others", rest, scores, low, edges))
    return f"{last[0]} {last[1]}", edges, found


def _spread(
    name: str,
    mine: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.float32],
    low: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.float64],
) -> Spread:
    values = scores[mine]
    counts = np.histogram(values.clip(max=edges[-1]), edges)[0]
    return Spread(name, len(values), float(np.median(values)), float(low[mine].mean()), counts)


def draw(lake: Lake) -> Figure | None:
    """A row a language: its distribution, its median, and the share of pairs that are marked as low; None without any."""
    model, edges, rows = spreads(lake)
    if not rows:
        return None
    return drawn(model, edges, rows)


def drawn(model: str, edges: npt.NDArray[np.float64], rows: Sequence[Spread]) -> Figure:
    """The picture of `spreads`."""
    picture = figure(7, 1.2 + 0.32 * len(rows))
    axes = picture.subplots()
    middles = (edges[1:] + edges[:-1]) / 2
    for place, row in enumerate(rows):
        height = 0.85 * row.counts / max(1, row.counts.max())
        axes.fill_between(middles, place, place - height, color=PALE, linewidth=0, step="mid")
        axes.plot([row.median] * 2, [place, place - 0.85], color=INK, linewidth=1.5)
        axes.text(edges[-1], place - 0.1, f" {row.low:.1%}", color=ACCENT, va="bottom", ha="left", fontsize=8)
    axes.text(edges[-1], -1.0, " low", color=ACCENT, va="bottom", ha="left", fontsize=8)
    axes.set_yticks(np.arange(len(rows)) - 0.3, [f"{row.language}  {row.pairs:,}" for row in rows], fontsize=8)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(len(rows) - 0.5, -1.2), xlabel="cosine of question and answer")
    axes.set_title(f"Question and answer, {model} (line: median)", fontsize=9, color=INK)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    return picture
