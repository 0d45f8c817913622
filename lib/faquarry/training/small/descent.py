"""The descent: both sides of a batch to vectors, the softmax over its rows, Adam on the subwords that the batch holds.

A batch of 2,048 rows holds a tenth of the vocabulary, so the table is never touched as a whole: the rows at hand are
taken out, their gradient is found, they are put back. First moments are kept by number, second moments by row: a row's
numbers live on one scale, and a row is seen too seldom to measure each of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.training.small.batches import Bags, Batches
from faquarry.training.small.recipe import FitSettings
from faquarry.vectors.small.table import normal_levels

if TYPE_CHECKING:
    import torch

__all__ = ["Descent"]

Floats = npt.NDArray[np.float32]

_FIRST, _SECOND = 0.9, 0.99  # how slowly the two moments forget
_WARM_UP = 20  # steps
_LAST = 0.02  # of the rate, at the end


class Descent:
    """The state of a training run: the table, its moments, and how many steps were made."""

    def __init__(self, vectors: Floats, settings: FitSettings, bits: int) -> None:
        """`bits` a number is what the table will be kept in."""
        import torch

        self._settings = settings
        self._levels = torch.from_numpy(normal_levels(bits))
        self.step = 0
        self._table = torch.from_numpy(vectors.copy())
        self._first = torch.zeros_like(self._table)
        self._second = torch.zeros(len(vectors))
        self._seen = torch.zeros(len(vectors))

    @property
    def vectors(self) -> Floats:
        found: Floats = self._table.numpy()
        return found

    def save(self, path: Path) -> None:
        """Writes all that a resumed run needs; a run that is killed while writing leaves the last checkpoint."""
        import torch

        state = {
            "step": self.step,
            "table": self._table,
            "first": self._first,
            "second": self._second,
            "seen": self._seen,
        }
        part = path.with_suffix(f".{os.getpid()}")
        torch.save(state, part)
        part.replace(path)

    def restore(self, path: Path) -> None:
        import torch

        state = torch.load(path, weights_only=True)
        self.step = state["step"]
        self._table, self._first = state["table"], state["first"]
        self._second, self._seen = state["second"], state["seen"]

    def run(self, batches: Batches, after: Callable[[float], None]) -> None:
        """Goes on to the last step; `after` is called with the loss once a step is made."""
        while self.step < self._settings.steps:
            loss = self._advance(batches)
            self.step += 1
            after(loss)

    def _advance(self, batches: Batches) -> float:
        import torch

        batch = batches.batch(self.step)
        ids, places = np.unique(np.concatenate((batch.left.ids, batch.right.ids)), return_inverse=True)
        rows = torch.from_numpy(ids)
        part = self._table.index_select(0, rows).requires_grad_()
        cut = len(batch.left.ids)
        seen = self._quantised(part) if self.step >= self._settings.steps * (1 - self._settings.quantised) else part
        left = _vectors(seen, places[:cut], batch.left)
        right = _vectors(seen, places[cut:], batch.right)
        loss = contrastive_loss(left, right, torch.from_numpy(batch.group), self._settings.scale).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        assert part.grad is not None
        self._update(rows, part.grad)
        return float(loss.detach())

    def _quantised(self, part: torch.Tensor) -> torch.Tensor:
        """Rows as they are after packing; the gradient passes as if nothing had been done (Bengio et al. 2013)."""
        import torch

        with torch.no_grad():
            scale = part.square().mean(1, keepdim=True).sqrt().clamp_min(1e-12)
            codes = torch.bucketize(part / scale, (self._levels[1:] + self._levels[:-1]) / 2)
            error = self._levels[codes] * scale - part
        return part + error

    def _update(self, rows: torch.Tensor, gradient: torch.Tensor) -> None:
        """Adam on some rows; a row's moments are corrected for the number of times it was seen."""
        import torch

        # index_select, index_copy_ and index_add_ take a fraction of the time of [] on tables of this size.
        seen = self._seen.index_add_(0, rows, torch.ones(len(rows))).index_select(0, rows)
        first = self._first.index_select(0, rows).lerp_(gradient, 1 - _FIRST)
        second = self._second.index_select(0, rows).lerp_(gradient.square().mean(1), 1 - _SECOND)
        self._first.index_copy_(0, rows, first)
        self._second.index_copy_(0, rows, second)
        size = self._rate() / ((1 - _FIRST**seen) * ((second / (1 - _SECOND**seen)).sqrt() + 1e-12))
        self._table.index_add_(0, rows, first.mul_(size[:, None]), alpha=-1)

    def _rate(self) -> float:
        """Warm restarts (Loshchilov & Hutter 2017): it falls to nearly zero in every cycle, each half as high."""
        settings = self._settings
        cycle, place = divmod(self.step * settings.cycles, settings.steps)
        fall = max(_LAST, 1 - place / settings.steps)
        return settings.rate * 0.5**cycle * min(1.0, (self.step + 1) / _WARM_UP) * fall


def contrastive_loss(left: torch.Tensor, right: torch.Tensor, group: torch.Tensor, scale: float) -> torch.Tensor:
    """The loss of each row: −log softmax of its own translation among those of the batch, both directions averaged.

    Args:
        left, right: unit vectors, (n, dim).
        group: rows of one group are translations of each other, hence no negatives; (n,).
        scale: of cosines.

    Returns:
        (n,)
    """
    import torch
    from torch.nn.functional import cross_entropy

    scores = scale * (left @ right.T)
    same = group[:, None] == group[None]
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, -1e4)
    own = torch.arange(len(left))
    return (cross_entropy(scores, own, reduction="none") + cross_entropy(scores.T, own, reduction="none")) / 2


def _vectors(part: torch.Tensor, places: npt.NDArray[np.int64], bags: Bags) -> torch.Tensor:
    import torch
    from torch.nn.functional import embedding_bag, normalize

    return normalize(embedding_bag(torch.from_numpy(places), part, torch.from_numpy(bags.starts), mode="sum"), dim=1)
