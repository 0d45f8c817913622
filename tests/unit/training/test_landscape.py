"""Loss landscapes of a model whose loss is known in closed form, and pictures of a run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faquarry.report.training import course, draw_run, groups_page, trajectories  # noqa: E402
from faquarry.training.landscape import around, between, direction  # noqa: E402


class Bowl(torch.nn.Module):
    """A matrix whose loss is its squared distance from another, and a bias that must not move."""

    def __init__(self, value: float = 1.0) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((3, 4), value))
        self.bias = torch.nn.Parameter(torch.ones(3))

    def loss(self) -> float:
        return float((self.weight - 1).square().sum())


def test_directions_have_the_length_of_the_filters() -> None:
    weights = {"a": torch.randn(5, 7) * torch.arange(1, 6)[:, None], "b": torch.randn(5)}
    drawn = direction(weights, 3)
    assert torch.allclose(drawn["a"].norm(dim=1), weights["a"].norm(dim=1), rtol=1e-5)
    assert drawn["b"].abs().sum() == 0
    scaled = direction({"a": weights["a"] * 10, "b": weights["b"]}, 3)
    assert torch.allclose(scaled["a"], drawn["a"] * 10, rtol=1e-4)


def test_the_loss_around_the_bottom_of_a_bowl() -> None:
    bowl = Bowl()
    seen: list[int] = []
    found = around(bowl, bowl.loss, reach=0.3, points=5, done=seen.append)
    assert found.loss.argmin() == 12
    assert found.loss[2, 2] == 0
    first = direction({"weight": torch.ones(3, 4), "bias": torch.ones(3)}, 0)["weight"]
    assert found.loss[4, 2] == pytest.approx(float((0.3 * first).square().sum()), rel=1e-4)
    assert torch.equal(bowl.weight, torch.ones(3, 4))
    assert seen == list(range(1, 26))


def test_the_plane_through_two_models() -> None:
    one, other = Bowl(0.0), Bowl(1.0)
    found = between(one, dict(other.named_parameters()), one.loss, points=5)
    assert found.across.tolist() == [-0.5, 0.0, 0.5, 1.0, 1.5]
    assert found.loss[:, 2].tolist() == pytest.approx([27.0, 12.0, 3.0, 0.0, 3.0])
    with pytest.raises(ValueError, match="same parameters"):
        between(one, {"weight": torch.ones(2, 2)}, one.loss)


def test_pictures_of_a_run(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    with (logs / "groups.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "group", "size", "weight", "loss", "shown"])
        writer.writerows([[5, "<b>low", 9, 0.4, 1.0, 3], [5, "high", 9, 0.6, 2.0, 3]])
        writer.writerows([[10, "<b>low", 9, 0.3, "", 0], [10, "high", 9, 0.7, 2.0, 3]])
    (logs / "steps.csv").write_text("step,task,loss\n5,pairs,2.0\n10,pairs,1.0\n")
    found = trajectories(tmp_path)
    assert found is not None
    assert [found.names[place] for place in found.ranked] == ["high", "<b>low"]
    assert np.isnan(found.loss[1]).tolist() == [True, False]
    page = groups_page(found, {"high": [("what? <script>alert(1)</script>", "because")]})
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>low" not in page
    drawn = {path.name for path in draw_run(tmp_path)}
    assert drawn == {"course.png", "groups.png", "groups-examples.html"}
    assert course(tmp_path / "nothing") is None
