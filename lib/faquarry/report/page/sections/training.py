"""Training runs: what each gained over its start, the course of its losses, the weights of its groups, its landscape."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faquarry.report.page.markup import Html, cut, h, join
from faquarry.report.page.parts import Column, figures, note, number, subhead, table
from faquarry.report.page.plots import lines
from faquarry.report.page.reader import Reader
from faquarry.report.page.sections.landscape import landscapes
from faquarry.report.training import Trajectories, logged, trajectories

__all__ = ["draw"]

POINTS = 200  # of a curve
ENDS = 5  # groups at either end
WINDOWS = 36  # columns of the heat map
MEASURE = "ndcg@10"
FEW = 6  # languages with a curve each; of more, their mean


def draw(reader: Reader) -> Html | None:
    if not reader.runs:
        return None
    return join(_compared(reader.runs), [_run(folder, place) for place, folder in enumerate(reader.runs)])


def _read(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a run; {} where it is not there or was cut short."""
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _compared(runs: Sequence[Path]) -> Html | None:
    """All runs beside each other, on the queries that no training saw."""
    rows = []
    for folder in runs:
        scores = _read(folder, "scores.json")
        split = "test" if "test" in scores else "dev"
        told = scores.get(split, {}).get("all", {}).get(MEASURE)
        if told:
            rows.append((cut(folder.name, 60), split, told["queries"], *_told(told)))
    if not rows:
        return None
    return join(
        subhead("Gained over the start", f"{MEASURE}, all languages"),
        table((Column("run"), Column("split"), Column("queries", True), *_TOLD), rows, "Runs"),
        note("Intervals: 95 %, bootstrap over sites. p: sign-flip test. Bold: the interval leaves out 0."),
    )


_TOLD = (
    Column("start", True), Column("now", True), Column("difference", True), Column("95 % interval"), Column("p", True),
)  # fmt: skip


def _told(one: Mapping[str, Any]) -> tuple[Any, ...]:
    shown = f"{one['mean']:+.4f}"
    sure = one["low"] > 0 or one["high"] < 0
    return (
        (one["start"], number(one["start"], 4)), (one["now"], number(one["now"], 4)),
        (one["mean"], h("b", shown) if sure else shown), f"{one['low']:+.4f} to {one['high']:+.4f}",
        (one["p"], number(one["p"], 4)),
    )  # fmt: skip


def _run(folder: Path, place: int) -> Html:
    recipe = _read(folder, "run.json").get("recipe", {})
    tasks = ", ".join(
        f"{name} ({part.get('loss', '?')})"
        for name, part in (recipe.get("tasks") or {}).items()
        if isinstance(part, dict)
    )
    model = recipe.get("model") or {}
    found = trajectories(folder)
    return h(
        "article",
        h("h3", cut(folder.name, 80), h("small", "training run")),
        note(f"from {model.get('start', '?')}; tasks: {tasks or '?'}; seed {recipe.get('seed', '?')}")
        if recipe
        else None,
        _course(folder, place),
        _groups(found, place) if found is not None and len(found.names) > 1 else None,
        landscapes(_read(folder, "landscape.json")),
        _scores(_read(folder, "scores.json")),
        class_="run",
    )


def _course(folder: Path, place: int) -> Html | None:
    steps = logged(folder / "logs" / "steps.csv")
    if not steps:
        return note("It has not logged a step yet.")
    losses: dict[str, list[tuple[float, float]]] = {}
    for row in steps:
        if row["loss"]:  # a run at work may have written half a line
            losses.setdefault(row["task"] or "loss", []).append((float(row["step"]), float(row["loss"])))
    scored: dict[str, dict[float, float]] = {}
    for row in logged(folder / "logs" / "evaluations.csv"):
        if row["measure"] == MEASURE and row["value"]:
            scored.setdefault(row["language"], {})[float(row["step"])] = float(row["value"])
    for language, measures in _read(folder, "end.json").get("dev", {}).items():
        if measures.get(MEASURE) and language in scored:
            scored[language][float(steps[-1]["step"])] = float(np.mean(measures[MEASURE]))
    courses = {language: sorted(found.items()) for language, found in sorted(scored.items()) if len(found) > 1}
    if len(courses) > FEW:
        courses = {"mean of languages": _mean(scored)}
    smooth = {task: thinned(points) for task, points in sorted(losses.items())}
    loss = lines(
        f"loss-{place}", smooth, f"Loss over {steps[-1]['step']} steps.", x_title="optimizer step", y_title="loss",
        caption=f"Loss, {int(steps[-1]['step']):,} steps",
    )  # fmt: skip
    score = (
        lines(f"score-{place}", courses, f"{MEASURE} on dev queries over steps.",
              x_title="optimizer step", y_title=MEASURE, caption=f"{MEASURE} on dev queries")
        if courses else None
    )  # fmt: skip
    return figures(h("div", loss, _names(smooth)), h("div", score, _names(courses)) if score else None)


def _mean(scored: Mapping[str, Mapping[float, float]]) -> list[tuple[float, float]]:
    """Over the languages that were measured at a step."""
    steps = sorted({step for found in scored.values() for step in found})
    return [(step, float(np.mean([found[step] for found in scored.values() if step in found]))) for step in steps]


def _names(series: Mapping[str, object]) -> Html | None:
    if len(series) < 2:
        return None
    return h("ul", [h("li", h("i", class_=f"c{at % 8 + 1}"), name) for at, name in enumerate(series)], class_="legend")


def thinned(points: Sequence[tuple[float, float]], most: int = POINTS) -> list[tuple[float, float]]:
    """Means of neighbours, so that a curve has at most so many points.

    >>> thinned([(1, 2.0), (2, 4.0), (3, 6.0), (4, 8.0)], 2)
    [(1.5, 3.0), (3.5, 7.0)]
    """
    if len(points) <= most:
        return list(points)
    parts = np.array_split(np.asarray(points, np.float64), most)
    return [(round(float(part[:, 0].mean()), 2), round(float(part[:, 1].mean()), 6)) for part in parts]


def _groups(found: Trajectories, place: int) -> Html:
    order, count = found.ranked, len(found.names)
    times = found.weight * count
    ends = list(dict.fromkeys([*order[:ENDS].tolist(), *order[max(ENDS, count - ENDS) :].tolist()]))
    tones = {_named(found, at): 2 if rank < min(ENDS, count / 2) else 1 for rank, at in enumerate(ends)}
    series = {
        _named(found, at): thinned([(0.0, 1.0), *zip(found.steps.tolist(), times[:, at].tolist(), strict=True)])
        for at in ends
    }
    picture = lines(
        f"groups-{place}", series, f"Weights of the groups at both ends of {count}.", x_title="optimizer step",
        y_title="weight over the uniform one", caption="Highest (orange) and lowest (blue) at the end", log=True, tones=tones,
    )  # fmt: skip
    return join(
        subhead("Weights of groups", f"GroupDRO, {number(count)} groups"),
        figures(h("div", picture), h("div", _heat(found, times, ends))),
    )


def _named(found: Trajectories, at: int) -> str:
    return cut(str(found.names[at]), 40)


def _heat(found: Trajectories, times: Any, ends: Sequence[int]) -> Html:
    windows = np.unique(np.linspace(0, len(found.steps) - 1, WINDOWS).astype(int))
    reach = max(0.05, float(np.abs(np.log2(np.maximum(times[:, list(ends)], 1e-9))).max()))
    body = []
    for at in ends:
        cells = []
        for window in windows:
            value = float(times[window, at])
            strength = abs(math.log2(max(value, 1e-9))) / reach
            loss = found.loss[window, at]
            told = f"step {found.steps[window]:,}\n{_named(found, at)}: {value:.3f} × uniform"
            told += "" if np.isnan(loss) else f"\nloss {loss:.3f}"
            cells.append(
                h("td", class_=f"heat{'' if value >= 1 else ' away-from'}", style=f"--v:{strength:.3f}", data_tip=told)
            )
        last = f"{float(times[-1, at]):.2f}"
        name = h(
            "th", cut(str(found.names[at]), 26), h("small", f"{int(found.sizes[at]):,}", title="pairs"), scope="row"
        )
        body.append(h("tr", name, cells, h("td", last, class_="n")))
    caption = h(
        "caption",
        f"Weight over the uniform one, step {found.steps[0]:,} to {found.steps[-1]:,}; orange above, blue below",
    )
    return h("div", h("table", caption, h("tbody", body), class_="strip"), class_="scroll", tabindex="0", role="region",
             aria_label="Weights of groups over steps")  # fmt: skip


def _scores(scores: Mapping[str, Any]) -> Html | None:
    rows = [
        (split, language, measure, one["queries"], *_told(one))
        for split in sorted(scores, reverse=True)
        for language, measures in sorted(scores[split].items(), key=lambda item: (item[0] != "all", item[0]))
        for measure, one in measures.items()
    ]
    if not rows:
        return note("It has no scores: it is not finished, or the lake has no queries of its language to measure on.")
    columns = (Column("split"), Column("language"), Column("measure"), Column("queries", True), *_TOLD)
    return h("details", h("summary", f"Scores by language and measure ({len(rows)} rows)"), table(columns, rows, "Scores"),
             open=len(rows) <= 8)  # fmt: skip
