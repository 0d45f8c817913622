"""A training run to be looked at: losses and scores, the weights of its groups as they moved, landscapes around its model.

Everything is drawn from the run's own files (``logs/*.csv``, ``landscape.json``), so it can be drawn again at any time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.report.pictures import ACCENT, INK, PALE, figure, save_file
from faquarry.training.data.examples import Examples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Trajectories", "course", "draw_run", "groups_page", "landscapes", "logged", "trajectories", "weights"]

Floats = npt.NDArray[np.float64]

SHOWN = 5  # groups at either end
TEXTS = 4  # examples of a group
LEVELS = 12


@dataclass(frozen=True, eq=False)
class Trajectories:
    """What groups went through: a row a window, a column a group; `loss` is nan where a window did not show a group."""

    steps: npt.NDArray[np.int64]
    names: Sequence[str]
    sizes: npt.NDArray[np.int64]
    weight: Floats
    loss: Floats

    @property
    def ranked(self) -> npt.NDArray[np.intp]:
        """Groups by their last weight, highest first."""
        return np.argsort(-self.weight[-1], kind="stable")


def draw_run(folder: Path) -> list[Path]:
    """Draws all there is to see of a run into ``pictures/``. -> the files"""
    pictures: dict[str, Figure | str | None] = {"course": course(folder)}
    found = trajectories(folder)
    if found is not None:
        pictures["groups"] = weights(found)
        pictures["groups-examples"] = groups_page(found, _examples(folder, found))
    with suppress(FileNotFoundError):
        pictures["landscape"] = landscapes(json.loads((folder / "landscape.json").read_text(encoding="utf-8")))
    return [save_file(picture, folder / "pictures", name) for name, picture in pictures.items() if picture is not None]


def course(folder: Path) -> Figure | None:
    """Loss over steps, and nDCG@10 of the evaluations, by language."""
    steps = logged(folder / "logs" / "steps.csv")
    if not steps:
        return None
    picture = figure(7, 3.4)
    axes = picture.add_subplot()
    tasks = sorted({row["task"] for row in steps})
    for number, task in enumerate(tasks):
        mine = [row for row in steps if row["task"] == task]
        axes.plot(
            [int(row["step"]) for row in mine],
            [float(row["loss"]) for row in mine],
            color=(INK, "#64748b", "#94a3b8")[number % 3],
            linewidth=1,
            label=f"loss: {task}",
        )
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss")
    scored = [row for row in logged(folder / "logs" / "evaluations.csv") if row["measure"] == "ndcg@10"]
    by_step: dict[int, list[float]] = {}
    for row in scored:
        by_step.setdefault(int(row["step"]), []).append(float(row["value"]))
    ended = _ended(folder)
    if ended is not None:
        by_step[int(steps[-1]["step"])] = [ended]
    if len(by_step) > 1:
        other = axes.twinx()
        other.plot(
            sorted(by_step),
            [float(np.mean(by_step[step])) for step in sorted(by_step)],
            "o-",
            color=ACCENT,
            markersize=4,
        )
        other.set_ylabel("nDCG@10, dev, mean of languages", color=ACCENT)
    axes.legend(frameon=False, loc="upper right")
    axes.set_title(f"{int(steps[-1]['step']):,} steps", loc="left", color=INK)
    return picture


def _ended(folder: Path) -> float | None:
    """nDCG@10 on dev at the end, the mean over languages."""
    with suppress(FileNotFoundError):
        dev = json.loads((folder / "end.json").read_text(encoding="utf-8")).get("dev", {})
        if dev:
            return float(np.mean([np.mean(measures["ndcg@10"]) for measures in dev.values()]))
    return None


def trajectories(folder: Path) -> Trajectories | None:
    """The group weights that a run has recorded; None where it has none."""
    rows = logged(folder / "logs" / "groups.csv")
    if not rows:
        return None
    steps = sorted({int(row["step"]) for row in rows})
    sizes = {row["group"]: int(row["size"]) for row in rows}
    names = sorted(sizes)
    at, of = {step: place for place, step in enumerate(steps)}, {name: place for place, name in enumerate(names)}
    weight, loss = np.full((len(steps), len(names)), np.nan), np.full((len(steps), len(names)), np.nan)
    for row in rows:
        place = at[int(row["step"])], of[row["group"]]
        weight[place] = float(row["weight"])
        if row["loss"]:
            loss[place] = float(row["loss"])
    return Trajectories(np.array(steps), names, np.array([sizes[name] for name in names]), weight, loss)


def weights(found: Trajectories) -> Figure:
    """All groups as a heat map, highest last weight on top, and the course of those at both ends."""
    picture = figure(9, 4.2)
    heat, lines, names = picture.subplots(1, 3, width_ratios=(1, 1, 0.35))
    names.set_axis_off()  # room for the names of the lines
    order, count = found.ranked, len(found.names)
    times = found.weight[:, order].T * count
    shown = heat.imshow(
        np.log2(times), aspect="auto", cmap="PuOr_r", interpolation="nearest", vmin=-_reach(times), vmax=_reach(times)
    )
    heat.set_xticks(*_ticks(found.steps))
    heat.set_yticks(range(count) if count <= 20 else [], [found.names[place] for place in order] if count <= 20 else [])
    heat.tick_params(labelsize=7)
    heat.set_xlabel("optimizer step")
    bar = picture.colorbar(shown, ax=heat, location="bottom", shrink=0.8)
    bar.set_label("weight over the uniform one, log₂")
    ends = [*order[:SHOWN], *order[max(SHOWN, count - SHOWN) :]]
    steps = np.concatenate([[0], found.steps])
    for place in ends:
        top = place in order[:SHOWN]
        values = np.concatenate([[1.0], found.weight[:, place] * count])
        lines.plot(steps, values, color=ACCENT if top else "#475569", linewidth=1.2)
        lines.annotate(
            found.names[place][:28],
            (steps[-1], values[-1]),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=7,
            va="center",
            annotation_clip=False,
            color=ACCENT if top else "#475569",
        )
    lines.axhline(1, color=PALE, linewidth=1, zorder=0)
    lines.set_xlim(0, steps[-1])
    lines.spines[["right", "top"]].set_visible(False)
    if _reach(times) > 1:
        lines.set_yscale("log")
    lines.yaxis.set_major_formatter("{x:.3g}")
    lines.yaxis.set_minor_formatter("")
    lines.set_xlabel("optimizer step")
    lines.set_ylabel("weight over the uniform one")
    picture.suptitle(f"{count} groups, highest and lowest weights", x=0.01, ha="left", color=INK, fontsize=11)
    return picture


def _reach(times: Floats) -> float:
    return float(max(0.01, np.abs(np.log2(times)).max()))


def _ticks(steps: npt.NDArray[np.int64]) -> tuple[list[int], list[str]]:
    places = np.unique(np.linspace(0, len(steps) - 1, 5).astype(int)).tolist()
    return places, [f"{steps[place]:,}" for place in places]


def landscapes(found: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Losses around each model, one scale of colours for all."""
    picture = figure(4.2 * len(found), 3.8)
    panels = np.atleast_1d(picture.subplots(1, len(found)))
    every = np.concatenate([np.ravel(one["loss"]) for one in found.values()])
    levels = np.unique(
        np.quantile(every, np.linspace(0, 1, LEVELS))
    )  # as many points between two lines as between others
    if len(levels) < 2:
        levels = np.array([every.min(), every.min() + 1e-6])
    shown = None
    for axes, (name, one) in zip(panels, found.items(), strict=True):
        loss = np.asarray(one["loss"]).T
        shown = axes.contourf(one["across"], one["along"], loss, levels=levels, cmap="viridis", extend="both")
        axes.contour(one["across"], one["along"], loss, levels=[1.5 * loss.min()], colors=ACCENT, linewidths=1.2)
        plane = one["across"][-1] > 1
        axes.plot([0, 1] if plane else [0], [0, 0] if plane else [0], "o", color="white", markersize=4)
        axes.set_title(name, fontsize=9, color=INK)
        axes.set_xlabel("from the first model (0) to the second (1)" if plane else "first direction")
        axes.set_ylabel("second direction")
    assert shown is not None
    picture.colorbar(shown, ax=list(panels), label="loss (line: 1.5 × the lowest)")
    return picture


# -- texts of groups ------------------------------------------------------------------------------------------------


def _examples(folder: Path, found: Trajectories) -> dict[str, list[tuple[str, str]]]:
    """Questions and answers of the groups at both ends, drawn by the order of their ids."""
    ranked = [found.names[place] for place in found.ranked]
    wanted = dict.fromkeys([*ranked[:SHOWN], *ranked[-SHOWN:]])
    texts: dict[str, list[tuple[str, str]]] = {name: [] for name in wanted}
    for described in sorted((folder / "data").glob("*/examples.json")):
        examples = Examples(described.parent)
        for number, name in enumerate(examples.group_names):
            if name in texts and len(texts[name]) < TEXTS:
                rows = np.flatnonzero(examples.groups == number)[:TEXTS]
                texts[name] += zip(examples.queries(rows), examples.documents(rows), strict=True)
    return texts


def groups_page(found: Trajectories, texts: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """HTML of its own: weights as bars that move with a slider or play, and texts of the groups at both ends."""
    order = found.ranked
    data = {
        "steps": found.steps.tolist(),
        "names": [found.names[place] for place in order],
        "sizes": found.sizes[order].tolist(),
        "weight": np.round(found.weight[:, order] * len(order), 5).tolist(),
        "loss": [[None if np.isnan(one) else round(float(one), 4) for one in row] for row in found.loss[:, order]],
    }
    ranked = [found.names[place] for place in order]
    ends = list(dict.fromkeys([*ranked[:SHOWN], *ranked[-SHOWN:]]))
    last = dict(zip(ranked, found.weight[-1][order] * len(order), strict=True))
    sections = "".join(_section(name, last[name], texts.get(name, ())) for name in ends)
    plain = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return _PAGE.replace("%DATA%", plain).replace("%SECTIONS%", sections).replace("%COUNT%", str(len(ranked)))


def _section(name: str, weight: float, texts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><td dir="auto">{escape(query)}</td><td dir="auto">{escape(document[:400])}</td></tr>'
        for query, document in texts
    )
    return f"<section><h3>{escape(name)} <small>{weight:.3f} × uniform</small></h3><table>{rows}</table></section>"


def logged(file: Path) -> list[dict[str, str]]:
    """The rows of one of a run's logs; [] where it has none."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Groups of a training run</title>
<style>
:root { color-scheme: light dark; --ink: #1f2933; --accent: #c2410c; --pale: #cbd5e1; --paper: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e8f0; --accent: #fb923c; --pale: #334155; --paper: #0f172a } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem }
#bars { display: grid; grid-template-columns: minmax(6rem, 16rem) 1fr 9rem; gap: 2px .6rem; font-size: .85rem }
#bars b { font-weight: 400; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
#bars i { background: var(--accent); height: .8rem; align-self: center; border-radius: 2px }
#bars i.low { background: var(--pale) } #bars span { font-variant-numeric: tabular-nums }
table { border-collapse: collapse; width: 100% } td { padding: .25rem .8rem; border-top: 1px solid var(--pale);
  vertical-align: top; width: 50%; overflow-wrap: anywhere } small { color: var(--accent); font-weight: 400 }
.controls { display: flex; gap: .8rem; align-items: center; margin: 1rem 0; position: sticky; top: 0;
  background: var(--paper) } .controls input { flex: 1 }
</style>
<h1>%COUNT% groups, as training weighs them</h1>
<p>A bar is a group's weight over the uniform one; groups with the larger loss rise.
Beside it: weight, loss in the window, pairs.</p>
<div class="controls"><button id="play" type="button">play</button>
<label for="at">step</label><input id="at" type="range" min="0" value="0"><output id="step" for="at"></output></div>
<div id="bars" role="img" aria-label="Weights of groups at the chosen step"></div>
<h2>What rose, and what fell</h2>%SECTIONS%
<script type="application/json" id="data">%DATA%</script>
<script>
const data = JSON.parse(document.getElementById("data").textContent), bars = document.getElementById("bars");
const at = document.getElementById("at"), most = Math.max(...data.weight.flat());
const shown = data.names.length <= 60 ? data.names.map((_, i) => i)
  : [...Array(30).keys(), ...Array.from({length: 30}, (_, i) => data.names.length - 30 + i)];
const lines = shown.map(i => {
  const [name, bar, told] = ["b", "i", "span"].map(tag => bars.appendChild(document.createElement(tag)));
  name.textContent = name.title = data.names[i];
  return [i, bar, told];
});
function show() {
  const step = +at.value;
  document.getElementById("step").value = data.steps[step].toLocaleString("en");
  for (const [i, bar, told] of lines) {
    const weight = data.weight[step][i], loss = data.loss[step][i];
    bar.style.width = `${100 * weight / most}%`;
    bar.className = weight < 1 ? "low" : "";
    const lost = loss === null ? "–" : loss.toFixed(2);
    told.textContent = `${weight.toFixed(3)} · ${lost} · ${data.sizes[i].toLocaleString("en")}`;
  }
}
at.max = data.steps.length - 1;
at.value = at.max;
at.addEventListener("input", show);
let timer = null;
document.getElementById("play").addEventListener("click", event => {
  if (timer) { clearInterval(timer); timer = null; event.target.textContent = "play"; return; }
  if (at.value === at.max) at.value = 0;
  event.target.textContent = "stop";
  timer = setInterval(() => {
    if (at.value === at.max) { clearInterval(timer); timer = null; event.target.textContent = "play"; return; }
    at.value = +at.value + 1; show();
  }, 250);
});
show();
</script></html>
"""
