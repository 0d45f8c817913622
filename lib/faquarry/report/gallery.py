"""Which pictures a stage's tables have, drawn after the stage has changed them.

A picture is a convenience: one that cannot be written (a full disk, a lake that takes only tables) is named, and ends
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from faquarry.config.settings import Settings
from faquarry.lake import Lake
from faquarry.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_after"]

Draw = Callable[[Lake, Settings], "Figure | str | None"]


def _judged(lake: Lake, settings: Settings) -> Figure | None:
    from faquarry.judge.stage import curve
    from faquarry.report import judged

    rows = curve(lake, settings)
    return judged.draw(rows, settings.judge.model or "") if rows else None


def _similarity(lake: Lake, settings: Settings) -> Figure | None:
    from faquarry.report import similarity

    return similarity.draw(lake)


def _languages(lake: Lake, settings: Settings) -> Figure | None:
    from faquarry.report import languages

    return languages.draw(lake)


def _negatives(lake: Lake, settings: Settings) -> Figure | None:
    from faquarry.report import mined

    return mined.draw(lake)


def _examples(lake: Lake, settings: Settings) -> str | None:
    from faquarry.report import mined

    return mined.page(lake)


def _labels(lake: Lake, settings: Settings) -> Figure | None:
    from faquarry.report import labels

    return labels.draw(lake)


PICTURES: Mapping[str, Mapping[str, Draw]] = {
    "embed": {"similarity": _similarity},
    "label": {"labels": _labels},
    "align": {"languages": _languages},
    "judge": {"judge": _judged},
    "mine": {"negatives": _negatives, "negatives-examples": _examples},
}


def draw_after(stage: str, settings: Settings) -> None:
    """Draws the pictures of a stage into ``LAKE/_pictures`` and says where they lie."""
    from faquarry.report.pictures import save

    lake, progress = Lake(settings.lake), Progress(settings.log)
    for name, draw in PICTURES.get(stage, {}).items():
        try:
            picture = draw(lake, settings)
            if picture is not None:
                progress.say(f"{stage}: picture {save(picture, lake, name)}")
        except OSError as error:
            progress.say(f"{stage}: the picture {name} could not be written: {error.strerror or error}.")
