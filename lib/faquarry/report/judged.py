"""Precision, recall and F1 of the aligned pairs by threshold, as a picture with its intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from faquarry.judge.measures import AtThreshold
from faquarry.report.pictures import ACCENT, INK, PALE, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]


def draw(rows: Sequence[AtThreshold], judge: str) -> Figure:
    """Three curves over the similarity threshold; bands are 95 % intervals, bars the rows that would be released."""
    picture = figure(7, 4)
    axes = picture.add_subplot()
    beside = axes.twinx()
    known = [row for row in rows if not math.isnan(row.precision.value)]
    places = [row.threshold for row in known]
    beside.bar(places, [row.pairs for row in known], width=0.03, color=PALE, zorder=0)
    beside.set_ylabel("pairs from this threshold on", color="#64748b")
    axes.set_zorder(beside.get_zorder() + 1)
    axes.patch.set_visible(False)
    for name, color, style in (("precision", ACCENT, "-"), ("recall", INK, "--"), ("f1", "#0f766e", ":")):
        found = [getattr(row, name) for row in known]
        label = name if name != "f1" else "F1"
        axes.plot(places, [one.value for one in found], style, color=color, marker="o", markersize=4, label=label)
        axes.fill_between(places, [one.low for one in found], [one.high for one in found], color=color, alpha=0.15)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("similarity from")
    judged = max((row.judged for row in known), default=0)
    axes.set_title(f"Aligned pairs before {judge}: {judged:,} judged", loc="left", color=INK)
    axes.legend(loc="lower left", frameon=False)
    return picture
