"""The languages that meet: a matrix of bitexts, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.bitext.release import language_pairs
from faquarry.lake import Lake
from faquarry.report.pictures import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

_MOST = 60
_NUMBERED = 24


def draw(lake: Lake) -> Figure | None:
    """Bitexts by languages: kept ones under the diagonal, published ones above it; logarithmic colours.

    At most the 60 languages with the most bitexts. None where there are none.
    """
    counts = language_pairs(lake)
    if not counts:
        return None
    totals: dict[str, int] = {}
    for pair, (kept, _) in counts.items():
        for language in pair:
            totals[language] = totals.get(language, 0) + kept
    shown = sorted(totals, key=lambda language: (-totals[language], language))[:_MOST]
    place = {language: number for number, language in enumerate(shown)}
    matrix = np.full((len(shown), len(shown)), np.nan)
    for (one, other), (kept, published) in counts.items():
        if one in place and other in place:
            low, high = sorted((place[one], place[other]))
            matrix[high, low] = kept
            if published:
                matrix[low, high] = published
    which = f", the {_MOST} most common of {len(totals)}" if len(totals) > len(shown) else ""
    return _picture(matrix, shown, which)


def _picture(matrix: npt.NDArray[np.float64], languages: list[str], which: str) -> Figure:
    from matplotlib.colors import LogNorm

    size = max(4.0, 1.8 + 0.26 * len(languages))
    picture = figure(size + 1, size)
    axes = picture.add_subplot()
    most = float(np.nanmax(matrix))
    image = axes.imshow(matrix, cmap="viridis", norm=LogNorm(vmin=1, vmax=max(2.0, most)))
    axes.set_xticks(range(len(languages)), languages, rotation=90, fontsize=8)
    axes.set_yticks(range(len(languages)), languages, fontsize=8)
    axes.set_title(f"Bitexts by languages{which}\nbelow the diagonal: kept, above: published", fontsize=10)
    if len(languages) <= _NUMBERED:
        for row, column in zip(*np.nonzero(np.isfinite(matrix)), strict=True):
            value = float(matrix[row, column])
            colour = "white" if value < most**0.5 else "black"
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=6, color=colour)
    picture.colorbar(image, ax=axes, label="pairs")
    return picture
