"""Charts as SVG that stretches with the page; their words are HTML, so that they stay readable on a phone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from faquarry.report.page.markup import Html, embedded, h, join
from faquarry.report.page.parts import legend, number, percent

__all__ = ["histogram", "lines", "plot", "ridges", "ticks"]

WIDE, HIGH = 1000, 300
FACTOR = 3  # from which on a logarithmic axis has round numbers to show

Tick = tuple[float, str]


def ticks(low: float, high: float, about: int = 5) -> list[Tick]:
    """Round numbers between two, with their place from 0 to 1.

    >>> ticks(0, 1, 4)
    [(0.0, '0'), (0.25, '0.25'), (0.5, '0.5'), (0.75, '0.75'), (1.0, '1')]
    """
    if not high > low:
        return [(0.5, f"{low:g}")]
    raw = (high - low) / about
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [
        (round((place * step - low) / (high - low), 5), _short(place * step, step)) for place in range(first, last + 1)
    ]


def _short(value: float, step: float) -> str:
    if abs(value) >= 10_000:
        for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:g}{name}"
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) + (
        1 if step / 10 ** math.floor(math.log10(step)) == 2.5 else 0
    )
    return f"{round(value, digits):,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def plot(
    inner: Html,
    told: str,
    *,
    x: Iterable[Tick] = (),
    y: Iterable[Tick] = (),
    x_title: str = "",
    y_title: str = "",
    caption: str | None = None,
    high: int = HIGH,
    kind: str = "",
    hover: str | None = None,
) -> Html:
    """A frame with its ticks around SVG drawn on 1000 × `high`.

    Args:
        told: what a person sees who does not see it.
        hover: name of the embedded data whose values the script shows over the pointer.
    """
    y = list(y)
    grid = join(
        [
            h("line", x1=0, x2=WIDE, y1=round(high * (1 - at), 1), y2=round(high * (1 - at), 1), class_="grid")
            for at, _ in y
        ]
    )
    picture = h(
        "svg",
        grid,
        inner,
        viewBox=f"0 0 {WIDE} {high}",
        preserveAspectRatio="none",
        role="img",
        aria_label=told,
    )
    return h(
        "figure",
        h("figcaption", caption) if caption else None,
        h("div", y_title, class_="y-title") if y_title else None,
        h(
            "div",
            h(
                "div",
                [h("span", text, style=f"bottom:{at * 100:.2f}%") for at, text in y],
                class_="y",
                aria_hidden="true",
            ),
            h("div", picture, class_="canvas", data_hover=hover, style=f"--high:{high}px"),
            h(
                "div",
                [h("span", text, style=f"left:{at * 100:.2f}%") for at, text in x],
                class_="x",
                aria_hidden="true",
            ),
            h("div", x_title, class_="x-title") if x_title else None,
            class_="frame",
        ),
        class_=f"plot {kind}".strip(),
    )


def histogram(
    counts: Mapping[str, Sequence[float]],
    edges: Sequence[float],
    told: str,
    *,
    x_title: str,
    caption: str | None = None,
    shares: bool = False,
    digits: int = 2,
) -> Html:
    """Bars over bins; of several series the first is filled, the others are drawn as steps.

    Args:
        counts: name to a number a bin.
        edges: one more than there are bins.
        shares: each series as shares of itself.
    """
    drawn = {name: [one / (sum(row) or 1) for one in row] if shares else list(row) for name, row in counts.items()}
    most = max((max(row) for row in drawn.values() if row), default=0) or 1
    bins = len(edges) - 1
    width = WIDE / bins
    shapes = []
    for place, row in enumerate(drawn.values()):
        if place == 0:
            shapes += [
                _rect(at * width, HIGH * (1 - value / most), width, HIGH * value / most, "c1 fill")
                for at, value in enumerate(row)
                if value
            ]
        else:
            points = [f"{at * width:.1f},{HIGH * (1 - value / most):.1f}" for at, value in _steps(row)]
            shapes.append(h("polyline", points=" ".join(points), class_=f"c{place + 1} line"))

    def shown(value: float) -> str:
        return percent(value) if shares else number(value)

    for at in range(bins):
        tip = [f"{edges[at]:.{digits}f} to {edges[at + 1]:.{digits}f}"]
        tip += [f"{name}: {shown(row[at])}" if len(drawn) > 1 else shown(row[at]) for name, row in drawn.items()]
        shapes.append(
            h(
                "rect",
                x=round(at * width, 2),
                y=0,
                width=round(width, 2),
                height=HIGH,
                class_="hit",
                data_tip="\n".join(tip),
            )
        )
    y = ticks(0, most * 100) if shares else ticks(0, most)
    made = plot(
        join(shapes),
        told,
        x=ticks(edges[0], edges[-1]),
        y=[(at, f"{text} %") for at, text in y] if shares else y,
        x_title=x_title,
        caption=caption,
    )
    return join(made, legend(list(counts)) if len(counts) > 1 else None)


def _steps(row: Sequence[float]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for at, value in enumerate(row):
        found += [(at, value), (at + 1, value)]
    return found


def _rect(x: float, y: float, width: float, height: float, kind: str, **more: str) -> Html:
    return h("rect", x=round(x, 2), y=round(y, 2), width=round(width, 2), height=round(height, 2), class_=kind, **more)


def ridges(
    rows: Sequence[tuple[Html, Sequence[float], float, str, str]], edges: Sequence[float], told: str, x_title: str
) -> Html:
    """A small distribution a row: (name, a number a bin, median, what stands behind it, language), in one scale across."""
    low, high = edges[0], edges[-1]
    bins = len(edges) - 1
    body = []
    for name, counts, median, beside, key in rows:
        most, total = max(counts) or 1, sum(counts) or 1
        area = " ".join(f"{at * WIDE / bins:.1f},{60 * (1 - value / most):.1f}" for at, value in _steps(counts))
        at = WIDE * (median - low) / (high - low)
        hits = [
            h(
                "rect", x=round(place * WIDE / bins, 1), y=0, width=round(WIDE / bins, 1), height=60, class_="hit",
                data_tip=f"{edges[place]:.2f} to {edges[place + 1]:.2f}\n{number(value)} pairs, {percent(value / total)}",
            )
            for place, value in enumerate(counts) if value
        ]  # fmt: skip
        picture = h(
            "svg",
            h("polygon", points=f"0,60 {area} {WIDE},60", class_="c1 area"),
            h("line", x1=round(at, 1), x2=round(at, 1), y1=0, y2=60, class_="median"),
            hits,
            viewBox=f"0 0 {WIDE} 60",
            preserveAspectRatio="none",
            aria_hidden="true",
        )
        body.append(
            h(
                "tr",
                h("th", name, scope="row"),
                h("td", picture, class_="ridge"),
                h("td", number(median, 2), class_="n"),
                h("td", beside, class_="n soft"),
                data_language=key,
            )
        )
    axis = h("div", [h("span", text, style=f"left:{at * 100:.2f}%") for at, text in ticks(low, high)], class_="x")
    foot = h("tfoot", h("tr", h("td"), h("td", axis, h("div", x_title, class_="x-title")), h("td"), h("td")))
    head = h("thead", h("tr", h("th", "language", scope="col"), h("th", h("span", told, class_="away"), scope="col"),
                        h("th", "median", scope="col", class_="n"), h("th", "", scope="col")))  # fmt: skip
    return h("table", head, h("tbody", body), foot, class_="ridges")


def lines(
    name: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    told: str,
    *,
    x_title: str,
    y_title: str = "",
    caption: str | None = None,
    log: bool = False,
    tones: Mapping[str, int] | None = None,
    digits: int = 3,
) -> Html:
    """Courses over one axis: name to points (x, y); the script tells the values at the pointer.

    Args:
        name: of the embedded data; once a page.
        log: the height is logarithmic, where the values differ by a factor.
        tones: colours by name, where the order does not say it.
    """
    series = {one: [(x, y) for x, y in row if math.isfinite(y)] for one, row in series.items()}
    points = [point for row in series.values() for point in row]
    if not points:
        return h("p", "There is no number to draw.", class_="note")
    log = log and max(y for _, y in points) > FACTOR * max(1e-9, min(y for _, y in points))
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    heights = [math.log10(max(y, 1e-9)) if log else y for _, y in points]
    low, high = min(heights), max(heights)
    if not log:
        low, high = (0.0, high) if 0 <= low < 0.5 * high else (low, high)
        pad = (high - low) * 0.06 or abs(high) * 0.1 or 1
        low, high = (low if low == 0 else low - pad), high + pad
    else:
        pad = (high - low) * 0.06 or 0.1
        low, high = low - pad, high + pad
    across, up = (right - left) or 1, high - low

    def place(x: float, y: float) -> tuple[float, float]:
        value = math.log10(max(y, 1e-9)) if log else y
        return round(WIDE * (x - left) / across, 1), round(HIGH * (1 - (value - low) / up), 1)

    shapes, kept = [], {}
    for at, (one, row) in enumerate(series.items()):
        tone = (tones or {}).get(one, at % 8 + 1)
        where = [place(x, y) for x, y in row]
        kept[one] = {"tone": tone, "x": [x for x, _ in row], "y": [round(y, 5) for _, y in row]}
        shapes.append(h("polyline", points=" ".join(f"{x},{y}" for x, y in where), class_=f"c{tone} line"))
    y_ticks = _log_ticks(low, high) if log else ticks(low, high, 4)
    data = {"left": left, "right": right, "digits": digits, "what": x_title, "series": kept}
    return join(
        plot(
            join(shapes),
            told,
            x=ticks(left, right),
            y=y_ticks,
            x_title=x_title,
            y_title=y_title,
            caption=caption,
            hover=name,
        ),
        embedded(name, data),
    )


def _log_ticks(low: float, high: float) -> list[Tick]:
    found = [
        value * 10.0**power
        for power in range(math.floor(low), math.ceil(high) + 1)
        for value in ((1, 2, 5) if high - low < 2.5 else (1,))
    ]
    return [((math.log10(one) - low) / (high - low), f"{one:g}") for one in found if low <= math.log10(one) <= high]
