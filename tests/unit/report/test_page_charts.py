"""Charts: places of ticks, bars and lines; words stay words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.report.page.parts import Column, bars, heat_cell, stack, table
from faquarry.report.page.plots import histogram, lines, ticks
from faquarry.report.page.sections.broken import marked
from faquarry.report.page.sections.landscape import landscapes
from faquarry.report.page.sections.similarity import _median
from faquarry.report.page.sections.training import thinned


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 12
    assert all(-0.001 <= at <= 1.001 for at, _ in found)
    assert [at for at, _ in found] == sorted(at for at, _ in found)


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (0.2, 1, ["0.2", "0.4", "0.6", "0.8", "1"]),
        (0, 2e6, ["0", "500k", "1M", "1.5M", "2M"]),
    ],
)
def test_ticks_read_well(low: float, high: float, shown: list[str]) -> None:
    assert [text for _, text in ticks(low, high)] == shown


def test_nothing_between_two_equal_ends() -> None:
    assert ticks(3, 3) == [(0.5, "3")]


def test_the_longest_bar_takes_the_whole_width() -> None:
    made = bars([("a", 5, "5"), ("b", 10, "10"), ("c", 0, "0")], "counts")
    assert re.findall(r"--w:([0-9.]+)%", made) == ["50.00", "100.00", "0.00"]
    assert bars([], "counts").count("<tr") == 0


def test_parts_of_a_bar_make_the_whole() -> None:
    made = stack([("x", 1), ("y", 3), ("nothing", 0)], 4)
    assert re.findall(r"--w:([0-9.]+)%", made) == ["25.00", "75.00"]
    assert "nothing" not in made


def test_a_histogram_has_a_place_to_point_at_for_every_bin() -> None:
    made = histogram({"a": [0, 2, 1], "b": [1, 1, 0]}, [0, 1, 2, 3], "told", x_title="x")
    assert made.count('class="hit"') == 3
    assert made.count('class="c1 fill"') == 2  # an empty bin has no bar
    assert 'data-tip="1.00 to 2.00\na: 2\nb: 1"' in made


def test_shares_are_of_each_series() -> None:
    made = histogram({"a": [1, 3], "b": [0, 0]}, [0, 1, 2], "told", x_title="x", shares=True)
    assert "a: 75.0 %" in made
    assert "b: 0.0 %" in made


def test_lines_keep_what_they_show() -> None:
    made = lines("run-1", {"loss": [(0, 20.0), (10, 1.0)]}, "told", x_title="step", log=True)
    assert '"y":[20.0,1.0]' in made
    assert 'data-hover="run-1"' in made
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", re.search(r'points="([^"]+)"', made)[1])]  # type: ignore[index]
    assert heights[0] < heights[1]  # SVG counts downwards


def test_tables_carry_what_they_are_sorted_by() -> None:
    made = table(
        (Column("name"), Column("share", True)), [("a<b", (0.5, "50 %")), ("c", None)], "t", keys=["deu", "fra"]
    )
    assert '<th scope="row">a&lt;b</th><td class="n" data-v="0.5">50 %</td>' in made
    assert '<td class="n">–</td>' in made
    assert 'data-language="deu"' in made


def test_strong_cells_change_their_ink() -> None:
    assert 'class="heat dark"' in heat_cell(0.9, "x")
    assert 'class="heat"' in heat_cell(0.5, "x")
    assert "--v:1.000" in heat_cell(7, "x")


def test_a_median_from_bins_is_near_the_true_one() -> None:
    values = np.random.default_rng(0).beta(5, 2, 4001)
    edges = np.linspace(0, 1, 51)
    assert _median(np.histogram(values, edges)[0].tolist(), edges.tolist()) == pytest.approx(
        np.median(values), abs=0.01
    )


def test_thinned_curves_keep_their_mean() -> None:
    points = [(float(x), float(x * x)) for x in range(1000)]
    found = thinned(points, 100)
    assert len(found) == 100
    assert np.mean([y for _, y in found]) == pytest.approx(np.mean([y for _, y in points]))


@given(st.text("ab \u0301क्षि<>&", max_size=12), st.text("ab \u0301क्षि<>&", max_size=12))
def test_marks_hold_both_texts(before: str, after: str) -> None:
    import html

    made = marked(before, after)
    assert html.unescape(re.sub(r"<ins>.*?</ins>|</?del>", "", made)) == before
    assert html.unescape(re.sub(r"<del>.*?</del>|</?ins>", "", made)) == after


def test_a_landscape_outlines_its_flat_valley() -> None:
    loss = np.full((5, 5), 3.0)
    loss[1:4, 2] = 1.0  # three cells in a row: a rim of eight sides
    made = landscapes(
        {"run": {"across": [-2, -1, 0, 1, 2], "along": [-2, -1, 0, 1, 2], "loss": loss.tolist()}, "x": {}}
    )
    assert made is not None
    assert made.count('class="rim"') == 8
    assert made.count('class="cell"') == 25
    assert "12 % flat" in made
    assert landscapes({"broken": 3}) is None
