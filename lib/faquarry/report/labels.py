"""What the pairs of a lake are about, and what kinds of questions they ask: shares by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.labels.taxonomy import TAXONOMIES
from faquarry.lake import Lake
from faquarry.lake.ask import ask
from faquarry.report.pictures import INK, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw", "shares"]

LANGUAGES = 20
_COLOURS = ("#1d4ed8", "#c2410c", "#15803d", "#a21caf", "#b45309", "#64748b", "#0e7490", "#be123c")


def shares(lake: Lake, taxonomy: str) -> tuple[list[str], list[int], npt.NDArray[np.float64]]:
    """-> languages with the most labelled pairs, largest first after `all`; their pairs; shares (languages, labels).

    Of several heads that a lake has labels of, the one that was applied last.
    """
    names = TAXONOMIES[taxonomy].labels
    if lake.version("labels") is None or lake.version("qa") is None:
        return [], [], np.zeros((0, len(names)))
    query = """WITH mine AS (SELECT * FROM labels WHERE taxonomy = $taxonomy),
                    last AS (SELECT model, revision FROM mine ORDER BY run_id DESC, model LIMIT 1)
               SELECT language, label, count(*) FROM mine JOIN last USING (model, revision) JOIN qa USING (id)
               GROUP BY ALL"""
    rows = ask(lake, ("labels", "qa"), query, {"taxonomy": taxonomy})
    counts: dict[str, npt.NDArray[np.float64]] = {}
    for language, label, count in rows:
        for group in ("all", language or "und"):
            counts.setdefault(group, np.zeros(len(names)))[names.index(label)] += count
    shown = sorted(counts, key=lambda name: (name != "all", -counts[name].sum(), name))[: LANGUAGES + 1]
    totals = [int(counts[name].sum()) for name in shown]
    matrix = np.array([counts[name] / counts[name].sum() for name in shown]).reshape(len(shown), len(names))
    return shown, totals, matrix


def draw(lake: Lake) -> Figure | None:
    """A bar a language for each taxonomy that the lake has labels of; None without any."""
    found = [(name, *shares(lake, name)) for name in TAXONOMIES]
    found = [one for one in found if one[1]]
    if not found:
        return None
    height = max(len(languages) for _, languages, _, _ in found)
    picture = figure(6.5 * len(found), 2.4 + 0.3 * height)
    panels = picture.subplots(1, len(found), squeeze=False)[0]
    for axes, (name, languages, totals, matrix) in zip(panels, found, strict=True):
        left = np.zeros(len(languages))
        for label, column, colour in zip(TAXONOMIES[name].labels, matrix.T, _COLOURS, strict=True):
            axes.barh(range(len(languages)), column, left=left, color=colour, label=label, height=0.8)
            left += column
        axes.set_yticks(
            range(len(languages)),
            [f"{one}  {total:,}" for one, total in zip(languages, totals, strict=True)],
            fontsize=8,
        )
        axes.set(xlim=(0, 1), ylim=(len(languages) - 0.4, -0.6), xticks=[0, 0.5, 1])
        axes.set_xticklabels(["0", "50 %", "100 %"], fontsize=8)
        axes.set_title(name.replace("_", " "), fontsize=10, color=INK)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncol=2, fontsize=7, frameon=False)
        axes.tick_params(length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return picture
