"""Loss landscapes: the loss around a model, in two directions, for one model or for two in one plane.

Source: Li et al. 2018. A direction is drawn from the normal distribution and scaled, filter by filter (row by row of a weight
matrix), to the length of the model's own filter; biases and norms are left where they are. So a step of 0.3 changes every
filter by 30 % of itself, and models of different scale can be laid side by side. WebDRO (figure 4) looks at ±0.3.

For two models the plane goes through both: from the first to the second, and a random direction across it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Landscape", "around", "between", "direction"]

Weights = Mapping[str, Tensor]
Loss = Callable[[], float]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landscape:
    """Losses on a grid: ``loss[i, j]`` at ``across[i]`` in the first direction and ``along[j]`` in the second."""

    across: Floats
    along: Floats
    loss: Floats

    @property
    def flat_share(self) -> float:
        """Share of the grid whose loss is at most 1.5 times that of the lowest point: larger is flatter."""
        return float((self.loss <= 1.5 * self.loss.min()).mean())


def direction(weights: Weights, seed: int) -> dict[str, Tensor]:
    """A random direction, filter-normalised (Li et al. 2018, section 4). The same seed draws the same signs for any model."""
    draw = torch.Generator().manual_seed(seed)
    found = {}
    for name in sorted(weights):
        value = weights[name]
        noise = torch.randn(value.shape, generator=draw)
        if value.ndim < 2 or not value.is_floating_point():
            found[name] = torch.zeros_like(value, dtype=torch.float32)
            continue
        rows, own = noise.flatten(1), value.detach().float().cpu().flatten(1)
        scaled = rows * (own.norm(dim=1, keepdim=True) / rows.norm(dim=1, keepdim=True).clamp_min(1e-12))
        found[name] = scaled.view(value.shape)
    return found


def around(
    module: torch.nn.Module,
    loss: Loss,
    *,
    reach: float = 0.3,
    points: int = 11,
    seed: int = 0,
    done: Callable[[int], None] = lambda count: None,
) -> Landscape:
    """The loss around a model in two random directions, ±`reach`. The module is as it was afterwards.

    Args:
        module: what `loss` looks at.
        loss: the mean loss over the same samples at every call.
        points: of a side of the grid; odd, so that the model stands in its middle.
        done: told the number of points after each.
    """
    start = {name: value.detach().clone() for name, value in module.named_parameters()}
    first, second = direction(start, seed), direction(start, seed + 1)
    steps = np.linspace(-reach, reach, points)
    return _grid(module, start, first, second, steps, steps, loss, done)


def between(
    module: torch.nn.Module,
    other: Weights,
    loss: Loss,
    *,
    reach: float = 0.3,
    points: int = 11,
    seed: int = 0,
    done: Callable[[int], None] = lambda count: None,
) -> Landscape:
    """The plane through a model (0 in the first direction) and another of the same shape (1), and a random one across.

    Raises:
        ValueError: the two have other parameters.
    """
    start = {name: value.detach().clone() for name, value in module.named_parameters()}
    if {name: value.shape for name, value in start.items()} != {name: value.shape for name, value in other.items()}:
        raise ValueError("the two models do not have the same parameters")
    way = {name: other[name].detach().float().cpu() - value.float().cpu() for name, value in start.items()}
    across = np.linspace(-0.5, 1.5, points)
    return _grid(module, start, way, direction(start, seed), across, np.linspace(-reach, reach, points), loss, done)


def _grid(
    module: torch.nn.Module,
    start: Weights,
    first: Weights,
    second: Weights,
    across: Floats,
    along: Floats,
    loss: Loss,
    done: Callable[[int], None],
) -> Landscape:
    found = np.empty((len(across), len(along)))
    parameters = dict(module.named_parameters())
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            for i, a in enumerate(across):
                base = {name: start[name] + a * first[name].to(start[name]) for name in start}
                for j, b in enumerate(along):
                    for name, value in parameters.items():
                        value.copy_(base[name] + b * second[name].to(value))
                    found[i, j] = loss()
                    done(i * len(along) + j + 1)
    finally:
        with torch.no_grad():
            for name, value in parameters.items():
                value.copy_(start[name])
        module.train(training)
    return Landscape(across, along, found)
