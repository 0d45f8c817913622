"""Group distributionally robust optimisation: weights of groups that follow their losses.

Source: WebDRO (Han et al. 2024), section 3.3, over Sagawa et al. 2019. A pair of group k costs ``ℓ · n · w_k · C_k`` with
``C_k = mean_j(N_j) / N_k`` (equations 2 and 3); every `every` optimizer steps ``w_k ← w_k · exp(η · G_k)``, normalised
(equations 4 and 6). What G_k is, the paper and its code say differently; both readings are here, on one scale:

* ``mean`` (default): ``G_k = T/K · mean loss of group k`` over the window of T steps. A group that the window did not
  show keeps a moving average of its means, so that small groups neither stand still nor jump.
* ``sum`` (the authors' code): ``G_k = C_k · Σ_t S_k,t / B_t`` with S the sum of the group's losses in step t and B the
  batch. Its expectation is the same; its spread grows as groups get smaller.

Weights are kept as logarithms. All state is `state()`, mid-window too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["GroupDRO", "GroupRecord"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GroupRecord:
    """What a window ended with: one number a group. `loss` is nan where the window did not show the group."""

    step: int
    weight: Floats
    loss: Floats
    shown: Ints


class GroupDRO:
    """Weights of groups.

    Groups are numbered from 0. Pairs of group -1 (the merged small groups, or none at all) are not reweighted: their
    factor is `merged`, 1 unless something else is asked for.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        rate: float = 3e-4,
        every: int = 500,
        statistic: Literal["mean", "sum"] = "mean",
        memory: float = 0.5,
        ceiling: float | None = None,
        temperature: float = 1.0,
        merged: float = 1.0,
    ) -> None:
        """
        Args:
            sizes: N_k, pairs of each group in the training data.
            rate: η.
            every: T, optimizer steps of a window.
            statistic: what G_k is.
            memory: ``mean``: share of a group's old average when a new mean comes in.
            ceiling: a weight is at most so many times 1/K; what is cut off goes to the others in proportion.
            temperature: weights in use are ``softmax(log w / temperature)``; above 1 they are flatter.
            merged: factor of pairs of group -1.

        Raises:
            ValueError: a group is empty, or there is none.
        """
        self.sizes = np.asarray(sizes, np.int64)
        if not len(self.sizes) or self.sizes.min() < 1:
            raise ValueError("GroupDRO needs groups, and a pair in each of them")
        if ceiling is not None and ceiling < 1:
            raise ValueError("a ceiling below 1 cannot be kept: weights add up to 1")
        self.rate, self.every, self.statistic, self.memory = rate, every, statistic, memory
        self.ceiling, self.temperature, self.merged = ceiling, temperature, merged
        count = len(self.sizes)
        self.size_factor: Floats = self.sizes.mean() / self.sizes
        self.log_weights: Floats = np.full(count, -np.log(count))
        self.steps = 0
        self._sums, self._shares, self._shown = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
        self._average, self._known = np.zeros(count), np.zeros(count, bool)
        self._factors = self._found_factors()

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def weights(self) -> Floats:
        """The weights in use: after temperature and ceiling. Their sum is 1. -> (K,)"""
        found: Floats = _softmax(self.log_weights / self.temperature)
        return found if self.ceiling is None else _capped(found, self.ceiling / len(found))

    @property
    def ends_window(self) -> bool:
        """Whether the step that comes now is the last of its window: `observe` will change the weights."""
        return (self.steps + 1) % self.every == 0

    def factors(self, groups: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """What the loss of each pair is multiplied with: ``n · w_k · C_k``. (b,) → (b,)"""
        return self._factors[np.asarray(groups, np.int64)]

    def observe(self, groups: npt.ArrayLike, losses: npt.ArrayLike) -> GroupRecord | None:
        """Takes the losses of all pairs of one optimizer step, before the model is updated.

        -> what the window ended with, when this step is its last: the weights are new then.
        """
        groups, losses = np.asarray(groups, np.int64), np.asarray(losses, np.float64)
        mine = groups >= 0
        count = len(self.sizes)
        sums = np.bincount(groups[mine], losses[mine], minlength=count)
        self._sums += sums
        self._shares += sums / max(1, len(groups))
        self._shown += np.bincount(groups[mine], minlength=count)
        self.steps += 1
        return self._close() if self.steps % self.every == 0 else None

    def _close(self) -> GroupRecord:
        seen = self._shown > 0
        means = np.divide(self._sums, self._shown, out=np.full(len(self), np.nan), where=seen)
        if seen.any():
            if self.statistic == "sum":
                grown = self.size_factor * self._shares
            else:
                kept = np.where(self._known, self.memory * self._average + (1 - self.memory) * means, means)
                self._average = np.where(seen, kept, self._average)
                self._known |= seen
                # A group that was never shown goes with the others: it neither gains nor loses.
                unknown = self._average[self._known].mean()
                means_now = np.where(seen, means, np.where(self._known, self._average, unknown))
                grown = self.every / len(self) * means_now
            self.log_weights = self.log_weights + self.rate * grown
            self.log_weights -= np.logaddexp.reduce(self.log_weights)
        record = GroupRecord(self.steps, self.weights, means, self._shown.copy())
        self._sums[:], self._shares[:], self._shown[:] = 0, 0, 0
        self._factors = self._found_factors()
        return record

    def _found_factors(self) -> npt.NDArray[np.float32]:
        """Factors by group; the last one is that of group -1."""
        found = len(self) * self.weights * self.size_factor
        return np.append(found, self.merged).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs, as plain arrays and numbers."""
        return {
            "steps": self.steps,
            "sizes": self.sizes.copy(),
            "log_weights": self.log_weights.copy(),
            "sums": self._sums.copy(),
            "shares": self._shares.copy(),
            "shown": self._shown.copy(),
            "average": self._average.copy(),
            "known": self._known.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on where `state` was taken.

        Raises:
            ValueError: it is the state of other groups.
        """
        if not np.array_equal(state["sizes"], self.sizes):
            raise ValueError("this is the state of other groups")
        self.steps = int(state["steps"])
        self.log_weights = np.array(state["log_weights"], np.float64)
        self._sums, self._shares = np.array(state["sums"], np.float64), np.array(state["shares"], np.float64)
        self._shown = np.array(state["shown"], np.int64)
        self._average, self._known = np.array(state["average"], np.float64), np.array(state["known"], bool)
        self._factors = self._found_factors()


def _softmax(logs: Floats) -> Floats:
    found: Floats = np.exp(logs - np.logaddexp.reduce(logs))
    return found


def _capped(weights: Floats, most: float) -> Floats:
    """Weights of sum 1 with none above `most`; what is cut off goes to the others in proportion to their weights."""
    weights = weights.copy()
    capped = np.zeros(len(weights), bool)
    while (over := (weights > most * (1 + 1e-12)) & ~capped).any():
        capped |= over
        weights[capped] = most
        rest = ~capped
        if rest.any():
            weights[rest] *= (1 - most * capped.sum()) / weights[rest].sum()
    return weights
