"""Loss landscapes of training runs, all on one scale of colours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.report.page.markup import Html, cut, h, join
from faquarry.report.page.parts import note, number, subhead
from faquarry.report.page.plots import plot, ticks

__all__ = ["landscapes"]

SIDE = 1000
FLAT = 1.5  # times the lowest loss


def landscapes(found: Mapping[str, Any]) -> Html | None:
    """Pictures of ``landscape.json``: {name: {across, along, loss}}; None where there are none."""
    surfaces = {
        name: one for name, one in found.items() if isinstance(one, dict) and {"across", "along", "loss"} <= one.keys()
    }
    if not surfaces:
        return None
    finite = np.concatenate([np.ravel(np.asarray(one["loss"], np.float64)) for one in surfaces.values()])
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return None
    low = max(float(finite.min()), 1e-6)
    high = max(float(finite.max()), low * 1.01)
    return join(
        subhead("Loss landscape"),
        note(
            "The loss in two random directions around a model (Li et al. 2018), in lengths of its filters. The stronger the "
            f"colour, the lower, on one logarithmic scale from {number(low, 3)} to {number(high, 3)}. Outlined: at most {FLAT} "
            "times the lowest of its picture; a wide outline is a flat valley."
        ),
        h("div", [_picture(name, one, low, high) for name, one in surfaces.items()], class_="landscapes"),
    )


def _picture(name: str, one: Mapping[str, Any], low: float, high: float) -> Html:
    loss = np.nan_to_num(np.asarray(one["loss"], np.float64), nan=high, posinf=high)  # it may have burst
    across, along = list(one["across"]), list(one["along"])
    flat = loss <= FLAT * loss.min()
    plane = across[-1] > 1  # from one model to another
    models = [0.0, 1.0] if plane else [0.0]
    left, right = _reach(across)
    spots = [
        h("ellipse", cx=round(SIDE * (at - left) / (right - left), 1), cy=SIDE / 2, rx=16, ry=16, class_="spot")
        for at in models
    ]
    return plot(
        join(list(_cells(loss, across, along, low, high)), list(_rim(flat)), spots),
        f"Loss landscape of {name}: {number(float(flat.mean()) * 100)} % of it within {FLAT} times its lowest loss.",
        x=ticks(left, right, 4),
        y=ticks(*_reach(along), 4),
        high=SIDE,
        kind="square",
        x_title="first model (0) to second (1)" if plane else "first direction",
        caption=f"{cut(name, 60)}: {number(float(flat.mean()) * 100)} % flat",
    )


def _reach(places: Sequence[float]) -> tuple[float, float]:
    """From the outer edge of the first cell to that of the last."""
    half = (places[-1] - places[0]) / max(1, len(places) - 1) / 2 or 0.5
    return places[0] - half, places[-1] + half


def _cells(
    loss: npt.NDArray[np.float64], across: Sequence[float], along: Sequence[float], low: float, high: float
) -> Iterator[Html]:
    width, height = SIDE / len(across), SIDE / len(along)
    for i, a in enumerate(across):
        for j, b in enumerate(along):
            value = float(loss[i, j])
            depth = 1 - math.log(max(value, low) / low) / math.log(high / low)
            yield h(
                "rect",
                x=round(i * width, 1),
                y=round(SIDE - (j + 1) * height, 1),
                width=round(width + 0.6, 1),
                height=round(height + 0.6, 1),
                class_="cell",
                style=f"--v:{depth:.3f}",
                data_tip=f"{a:+.2f}, {b:+.2f}\nloss {value:.3f}",
            )


def _rim(flat: npt.NDArray[np.bool_]) -> Iterator[Html]:
    """The outline of the flat cells: every side that a cell which is not flat, or the frame, lies beyond."""
    width, height = SIDE / flat.shape[0], SIDE / flat.shape[1]
    around = np.pad(flat, 1)
    for i, j in np.argwhere(flat):
        x, y = i * width, SIDE - (j + 1) * height
        for beyond, x1, y1, x2, y2 in (
            (around[i, j + 1], x, y, x, y + height),
            (around[i + 2, j + 1], x + width, y, x + width, y + height),
            (around[i + 1, j], x, y + height, x + width, y + height),
            (around[i + 1, j + 2], x, y, x + width, y),
        ):
            if not beyond:
                yield h("line", x1=round(x1, 1), y1=round(y1, 1), x2=round(x2, 1), y2=round(y2, 1), class_="rim")
