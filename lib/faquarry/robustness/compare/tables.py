"""Drops and contrasts as tables: aligned text or Markdown for people, flat rows (CSV, JSON) for everything else."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from faquarry.robustness.compare.drops import Contrast, Drop, Estimate, Worst
from faquarry.robustness.compare.scores import Condition

__all__ = ["FORMATS", "contrast_table", "drop_table", "flat"]

FORMATS = ("table", "csv", "json", "markdown")

_BESIDE = ("perturbation", "system", "drop of clean", "least", "worst language", "worst group", "to zero")
_STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_EXPLAINED = (
    "In brackets: 95 % intervals, whole clusters resampled (10,000 draws). Stars: sign-flip test over clusters, adjusted by "
    "Holm for the {tests} of this table: * p < 0.05, ** p < 0.01, *** p < 0.001. Seeds are averaged within a query; a query "
    "that a perturbation finds no place in is left out of its row."
)
_LEAST = "least: the smallest {what} that would have been told from 0 here (80 % power at 5 %)."


def drop_table(found: Sequence[Drop], form: str = "table") -> str:
    """Systems beside each other under each condition."""
    if form in ("csv", "json"):
        return _flat([flat(one) for one in found], form)
    systems = list(dict.fromkeys(one.system for one in found))
    rows: dict[Condition, dict[str, Drop]] = {}
    for one in found:
        rows.setdefault(one.condition, {})[one.system] = one
    lines = []
    for condition, of in rows.items():
        queries = sorted({one.queries for one in of.values()})
        cells = [_mean_and_drop(of[name]) if name in of else "" for name in systems]
        lines.append([str(condition), "–".join(f"{n:,}" for n in (queries[0], queries[-1])[: len(queries)]), *cells])
    beside = [
        [str(condition), name, *_beside(one)]
        for condition, of in rows.items()
        for name, one in of.items()
        if one.drop.p < 1
    ]
    tests = sum(not math.isnan(one.drop.holm) for one in found)
    return "\n".join(
        [
            _title(found[0]),
            "",
            _grid(["perturbation", "queries", *systems], lines, form),
            "",
            f"Mean, and the drop from clean on the same queries. {_EXPLAINED.format(tests=f'{tests} drops')}",
            "",
            _grid(_BESIDE, beside, form),
            "",
            f"{_LEAST.format(what='drop')} Worst: the lowest mean under the perturbation. To zero: share of the queries that "
            "scored something clean and nothing so.",
            "",
        ]
    )


def contrast_table(found: Sequence[Contrast], form: str = "table") -> str:
    """Two systems: which is ahead, and which breaks more."""
    if form in ("csv", "json"):
        return _flat([_flat_contrast(one) for one in found], form)
    one, other = found[0].one.system, found[0].other.system
    lines = [
        [
            str(row.condition),
            f"{row.one.queries:,}",
            _mean_and_drop(row.one, starred=False),
            _mean_and_drop(row.other, starred=False),
            _signed(row.ahead),
            "" if row.interaction is None else _signed(row.interaction),
            f"{(row.interaction or row.ahead).smallest:.3f}",
        ]
        for row in found
    ]
    beside = [[str(row.condition), side.system, *_beside(side)] for row in found for side in (row.one, row.other)]
    tests = sum(row.interaction is not None for row in found)
    family = f"{len(found)} differences of means and, apart, the {tests} differences of drops"
    return "\n".join(
        [
            f"A = {one}, B = {other}. {_title(found[0].one)}",
            "",
            _grid(["perturbation", "queries", "A", "B", "A − B", "drop A − drop B", "least"], lines, form),
            "",
            f"Above 0 in the column drop A − drop B: A breaks more than B. {_EXPLAINED.format(tests=family)} "
            + _LEAST.format(what="difference of drops (clean: of means)"),
            "",
            _grid(_BESIDE, beside, form),
            "",
        ]
    )


def flat(one: Drop, prefix: str = "") -> dict[str, Any]:
    """A drop as a row of plain values."""
    named = {
        "system": one.system,
        "clean": one.clean,
        "perturbed": one.perturbed,
        **_flat_estimate("drop", one.drop),
        **dict(zip(("relative", "relative_low", "relative_high"), one.relative, strict=True)),
        "zeroed": one.zeroed,
        **_flat_worst("worst_language", one.worst_language),
        **_flat_worst("worst_group", one.worst_group),
    }
    head = {
        "task": one.task,
        "metric": one.metric,
        "perturbation": one.condition.perturbation,
        "strength": one.condition.strength,
        "queries": one.queries,
        "clusters": one.clusters,
    }
    return {**head, **{f"{prefix}{name}": value for name, value in named.items()}}


def _flat_contrast(row: Contrast) -> dict[str, Any]:
    found = {**flat(row.one, "a_"), **flat(row.other, "b_"), **_flat_estimate("ahead", row.ahead)}
    nothing = Estimate(*[math.nan] * 5)
    return {**found, **_flat_estimate("interaction", row.interaction or nothing)}


def _flat_estimate(name: str, found: Estimate) -> dict[str, float | None]:
    values = zip(("", "_low", "_high", "_p", "_smallest", "_holm"), found, strict=True)
    return {f"{name}{end}": None if math.isnan(value) else value for end, value in values}


def _flat_worst(name: str, found: Worst | None) -> dict[str, Any]:
    return {name: found.name if found else None, f"{name}_mean": found.value if found else None}


def _flat(rows: Sequence[Mapping[str, Any]], form: str) -> str:
    if form == "json":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file = io.StringIO()
    table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def _title(one: Drop) -> str:
    return f"{one.metric} on {one.task}, {one.clusters:,} clusters."


def _mean_and_drop(one: Drop, *, starred: bool = True) -> str:
    if one.condition.perturbation == "clean":
        return f"{one.perturbed:.3f}"
    drop = one.drop
    stars = _stars(drop.holm) if starred else ""
    return f"{one.perturbed:.3f} {_sign(-drop.value)} [{_sign(-drop.high)}, {_sign(-drop.low)}]{stars}"


def _signed(found: Estimate) -> str:
    return f"{_sign(found.value)} [{_sign(found.low)}, {_sign(found.high)}]{_stars(found.holm)}"


def _sign(value: float) -> str:
    """With its sign, which nothing has none of.

    >>> _sign(-0.25), _sign(-0.0001)
    ('-0.250', '0.000')
    """
    return f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000"


def _stars(p: float) -> str:
    return next((stars for bar, stars in _STARS if p < bar), "")


def _beside(one: Drop) -> list[str]:
    value, low, high = one.relative
    worst = [f"{found.name} {found.value:.3f}" if found else "" for found in (one.worst_language, one.worst_group)]
    if one.condition.perturbation == "clean":
        return ["", "", *worst, ""]
    return [
        f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        f"{one.drop.smallest:.3f}",
        *worst,
        f"{100 * one.zeroed:.1f} %",
    ]


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> str:
    if form == "markdown":
        cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells))
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
