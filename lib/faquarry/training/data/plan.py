"""Which rows make which batch: a pure function of seed and step, so that a resumed run, or any number of readers, see the
same batches.

Rows come in streams (a task in a language). An epoch has as many batches as its rows fill; streams share them by
(rows)^α (Conneau et al. 2020, equation 1; α = 1 is in proportion). A stream goes through its rows in passes, each in an
order of its own, cut into batches of texts of about one length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Plan", "Stream"]

Ints = npt.NDArray[np.int64]

WINDOW = 64
"""Batches among which texts of about one length are brought together: more pad less, and mix less."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Rows that share batches.

    Args:
        name: for people.
        rows: their numbers. (n,)
        lengths: how long they are, in any unit. (n,)
        weight: the stream counts as ``weight · n^α``.
    """

    name: str
    rows: Ints
    lengths: Ints
    weight: float = 1.0


class Plan:
    """The batches of a training run."""

    def __init__(self, streams: Sequence[Stream], size: int, *, seed: int = 0, alpha: float = 1.0) -> None:
        """`size` rows make a batch; a stream with fewer gives all it has.

        Raises:
            ValueError: no stream has rows.
        """
        self.streams = [stream for stream in streams if len(stream.rows)]
        if not self.streams:
            raise ValueError("there are no rows to plan batches of")
        self.size, self.seed = size, seed
        counts = np.array([len(stream.rows) for stream in self.streams], np.float64)
        shares = np.array([stream.weight for stream in self.streams]) * counts**alpha
        self.shares: npt.NDArray[np.float64] = shares / shares.sum()
        self.steps_per_epoch = max(1, int(counts.sum()) // size)
        self._turns: dict[int, tuple[Ints, Ints]] = {}
        self._passes: dict[int, tuple[int, Ints]] = {}

    def batch(self, step: int) -> tuple[int, Ints]:
        """The stream and the rows of a step, counted from 0. -> number in `streams`, (size,)"""
        epoch, place = divmod(step, self.steps_per_epoch)
        order, before = self._epoch(epoch)
        number = int(order[place])
        turn = int(before[number]) + int(np.count_nonzero(order[:place] == number))
        return number, self._rows(number, turn)

    def steps(self, first: int, last: int) -> Iterator[tuple[int, int, Ints]]:
        """(step, stream, rows) of the steps from `first` up to `last`, which is left out."""
        for step in range(first, last):
            yield step, *self.batch(step)

    def _epoch(self, epoch: int) -> tuple[Ints, Ints]:
        """The stream of each batch of an epoch, and how many batches each stream gave before it."""
        if epoch not in self._turns:
            before = np.zeros(len(self.streams), np.int64)
            if epoch:
                order, earlier = self._epoch(epoch - 1)
                before = earlier + np.bincount(order, minlength=len(self.streams))
            draw = np.random.default_rng([self.seed, 1, epoch])
            # Systematic sampling: each stream gets its share rounded up or down, without bias.
            edges = np.floor(np.cumsum(self.shares) * self.steps_per_epoch + draw.random()).astype(np.int64)
            edges[-1] = self.steps_per_epoch
            counts = np.diff(np.minimum(edges, self.steps_per_epoch), prepend=0)
            order = draw.permutation(np.repeat(np.arange(len(self.streams)), counts))
            self._turns = {key: kept for key, kept in self._turns.items() if key >= epoch - 1}
            self._turns[epoch] = order, before
        return self._turns[epoch]

    def _rows(self, number: int, turn: int) -> Ints:
        """The rows of a stream's batch, counted from its first."""
        stream = self.streams[number]
        per_pass = max(1, len(stream.rows) // self.size)
        passed, place = divmod(turn, per_pass)
        kept = self._passes.get(number)
        if kept is None or kept[0] != passed:
            kept = self._passes[number] = passed, self._pass(number, passed, per_pass)
        rows: Ints = kept[1][place]
        return rows

    def _pass(self, number: int, passed: int, batches: int) -> Ints:
        """All batches of a stream's pass. -> (batches, size)"""
        stream = self.streams[number]
        draw = np.random.default_rng([self.seed, 2, number, passed])
        order = draw.permutation(len(stream.rows))[: batches * self.size]
        found = []
        for start in range(0, len(order), WINDOW * self.size):
            window = order[start : start + WINDOW * self.size]
            window = window[np.argsort(stream.lengths[window], kind="stable")]
            found.append(window.reshape(-1, min(self.size, len(window))))
        rows: Ints = stream.rows[draw.permutation(np.concatenate(found))]
        return rows
