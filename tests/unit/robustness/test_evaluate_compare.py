"""Drops and differences of drops from rows whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.lake.tables import EVALUATIONS
from faquarry.robustness.compare import contrast_table, contrasts, drop_table, drops, read_scores
from faquarry.robustness.compare.scores import ALL

QUERIES, SEEDS = 200, 2
CLEAN = {"strong": 0.8, "weak": 0.8}
LOSES = {("strong", "swap"): 0.1, ("weak", "swap"): 0.4, ("strong", "case"): 0.0, ("weak", "case"): 0.0}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two systems alike without perturbation, of which one loses more when letters swap."""
    import pyarrow as pa

    draw = np.random.default_rng(2)
    rows = []
    for model in CLEAN:
        for query in range(QUERIES):
            # Half of the queries are German, and one article of the two is harder.
            base = {
                "model": model, "task": "ponds", "language": "deu" if query % 2 else "eng", "query_id": f"q{query}",
                "cluster_id": f"{'hard' if query % 40 < 20 else 'easy'}#{query // 4}", "metric": "ndcg@10", "revision": model,
                "task_version": "v" + ("deu" if query % 2 else "eng"), "run_id": "r", "edits": 1, "changed": True,
            }  # fmt: skip
            clean = CLEAN[model] - (0.2 if query % 40 < 20 else 0.0) + 0.05 * draw.normal()
            rows.append(base | {"perturbation": "clean", "strength": "", "seed": 0, "value": clean, "edits": 0})
            for operation in ("swap", "case"):
                for seed in range(SEEDS):
                    lost = LOSES[model, operation] + 0.02 * draw.normal() * (operation == "swap")
                    value = 0.0 if operation == "swap" and query % 10 == 0 and seed == 0 else clean - lost
                    changed = not (operation == "case" and query < 50)
                    rows.append(base | {"perturbation": operation, "strength": "10%", "seed": seed, "value": value, "changed": changed})  # fmt: skip
    found = Lake(str(tmp_path / "lake"))
    found.replace("evaluations", pa.Table.from_pylist(rows, EVALUATIONS.schema), "task = 'ponds'")
    return found


def test_drops_are_paired_and_leave_out_what_did_not_change(lake: Lake) -> None:
    (scores,) = read_scores(lake, [], [])
    found = {(one.system, one.condition.perturbation): one for one in drops(scores, 2_000)}
    swap = found["strong", "swap"]
    # Seeds within a query: a tenth of the queries lose all in one seed of two.
    assert swap.drop.value == pytest.approx(0.9 * 0.1 + 0.1 * 0.5 * (0.1 + 0.7), abs=0.02)
    assert swap.drop.low < swap.drop.value < swap.drop.high
    assert swap.relative[0] == pytest.approx(swap.drop.value / swap.clean)
    assert swap.relative[1] < swap.relative[0] < swap.relative[2]
    assert swap.zeroed == pytest.approx(0.05)
    assert (swap.queries, swap.clusters) == (QUERIES, 50)
    case = found["weak", "case"]
    assert (case.queries, case.drop.value, case.drop.p, case.drop.holm) == (150, 0.0, 1.0, 1.0)
    assert swap.worst_group is not None
    assert swap.worst_group.name == "hard"
    assert swap.worst_language is not None
    pooled = found["strong", ALL]
    assert pooled.drop.value < swap.drop.value


def test_the_interaction_says_who_breaks_more(lake: Lake) -> None:
    (scores,) = read_scores(lake, ["ponds"], ["weak", "strong"])
    found = {row.condition.perturbation: row for row in contrasts(scores, "weak", "strong", 2_000)}
    assert list(found) == ["clean", "case", "swap", ALL]
    swap = found["swap"].interaction
    assert swap is not None
    assert swap.value == pytest.approx(0.3 * 0.95, abs=0.02)
    assert swap.low > 0.2
    assert swap.p == pytest.approx(1 / 2_001)
    assert swap.holm == pytest.approx(3 / 2_001)  # the family: three differences of drops
    assert 0 < swap.smallest < 0.05
    case = found["case"].interaction
    assert case is not None
    assert abs(case.value) < 1e-12
    assert found["clean"].interaction is None
    assert abs(found["clean"].ahead.value) < 0.02


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_tables_say_what_stars_and_brackets_are(lake: Lake, form: str) -> None:
    (scores,) = read_scores(lake, [], [])
    both = contrast_table(contrasts(scores, "weak", "strong", 1_000), form)
    one = drop_table(drops(scores, 1_000), form)
    assert "swap" in both
    assert "swap" in one
    if form in ("table", "markdown"):
        assert "adjusted by Holm for the 4 differences of means and, apart, the 3 differences of drops" in both
        assert "adjusted by Holm for the 6 drops" in one
        assert "drop A − drop B" in both
        assert "**" in both
        assert "hard 0." in one
    else:
        assert "interaction_low" in both
        assert "nan" not in both.lower()


def test_what_cannot_be_compared_is_said(lake: Lake, tmp_path: Path) -> None:
    import pyarrow as pa

    with pytest.raises(NothingToRead, match=r"no such evaluation of other \(there: strong, weak\)|of other"):
        read_scores(lake, [], ["other", "weak"])
    with pytest.raises(UsageError, match="There is no measure 'map'"):
        read_scores(lake, [], [], metric="map")
    with pytest.raises(NothingToRead, match="has no table evaluations"):
        read_scores(Lake(str(tmp_path / "none")), [], [])
    rows = [row | {"model": "other", "task_version": "w"} for row in lake.rows("evaluations") if row["model"] == "weak"]
    lake.replace("evaluations", pa.Table.from_pylist(rows, EVALUATIONS.schema), "model = 'other'")
    with pytest.raises(UsageError, match="different versions of ponds"):
        read_scores(lake, [], ["weak", "other"])
