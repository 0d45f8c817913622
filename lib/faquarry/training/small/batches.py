"""Batches of translations: which texts, in which language pairs, joined to longer ones, with subwords left out or split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.training.small.recipe import BatchSettings
from faquarry.training.small.texts import Texts

__all__ = ["Bags", "Batch", "Batches"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bags:
    """Texts as bags: `ids`, and where the bag of each text begins."""

    ids: Ints
    starts: Ints


@dataclass(frozen=True)
class Batch:
    """Two sides that are translations row by row; rows of one group are not each other's negatives."""

    left: Bags
    right: Bags
    group: npt.NDArray[np.int32]


class Batches:
    """Draws batches; number `step` is the same whenever it is drawn, so that a resumed run goes on as it would have.

    Args:
        texts: what to draw from.
        fine: the subwords written with short ones, and their offsets (`vocabulary.finer`).
        settings: sizes and probabilities.
        seed: of all draws.
    """

    def __init__(
        self, texts: Texts, fine: tuple[npt.NDArray[np.int32], Ints], settings: BatchSettings, seed: int
    ) -> None:
        self._texts, self._settings, self._seed = texts, settings, seed
        self._fine, self._fine_offsets = fine
        self._lengths = np.diff(texts.offsets)
        foreign = np.arange(len(texts) - len(texts.english))
        self._foreign = foreign[self._lengths[foreign] > 0]
        self._cumulated = np.cumsum(_weights(texts, self._foreign, settings))
        self._members = np.argsort(texts.group, kind="stable")
        self._firsts = np.searchsorted(texts.group[self._members], np.arange(len(texts.english) + 1))

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self._seed, step))
        place = rng.random(self._settings.size) * self._cumulated[-1]
        drawn = self._foreign[np.minimum(np.searchsorted(self._cumulated, place), len(self._foreign) - 1)]
        left, right = [drawn], [self._translations(rng, drawn)]
        # Answers are longer than sentences: some rows are joined with the sentences that follow, now and then without one.
        followers = rng.integers(1, self._settings.joined_at_most, len(drawn))
        followers[int(len(drawn) * self._settings.joined) :] = 0
        for number in range(1, self._settings.joined_at_most):
            following, there = self._following(drawn, number)
            there &= followers >= number
            translated = self._translations(rng, following)
            left.append(np.where(there & (rng.random(len(drawn)) >= self._settings.lost), following, -1))
            right.append(np.where(there & (rng.random(len(drawn)) >= self._settings.lost), translated, -1))
        return Batch(self._bags(rng, left), self._bags(rng, right), self._texts.group[drawn])

    def _following(self, drawn: Ints, number: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        texts = self._texts
        following = np.minimum(drawn + number, len(texts) - 1)
        there = (texts.language[following] == texts.language[drawn]) & (texts.source[following] == texts.source[drawn])
        return following, there & (self._lengths[following] > 0)

    def _translations(self, rng: np.random.Generator, drawn: Ints) -> Ints:
        """Of each text one in English, or in any other language of its group."""
        texts = self._texts
        group = texts.group[drawn]
        size = self._firsts[group + 1] - self._firsts[group]
        found = self._members[self._firsts[group] + (rng.random(len(drawn)) * size).astype(np.int64)]
        english = (rng.random(len(drawn)) < self._settings.english) | (texts.language[found] == texts.language[drawn])
        return np.where(english, texts.english[group], found)

    def _bags(self, rng: np.random.Generator, parts: Sequence[Ints]) -> Bags:
        """Each row joins its parts (-1: none): at most `longest` subwords of each, cut out at random."""
        settings, texts = self._settings, self._texts
        stacked = np.stack(parts, axis=1)
        lengths = np.where(stacked >= 0, np.minimum(self._lengths[stacked], settings.longest), 0)
        spare = np.maximum(self._lengths[stacked] - settings.longest, 0)
        begins = texts.offsets[stacked] + (rng.random(stacked.shape) * (spare + 1)).astype(np.int64)
        ids = texts.ids[_ranges(begins.ravel(), lengths.ravel())].astype(np.int64)
        row = np.repeat(np.arange(len(stacked)), lengths.sum(axis=1))
        kept = rng.random(len(ids), dtype=np.float32) >= settings.dropped
        ids, row = ids[kept], row[kept]
        sizes = self._fine_offsets[ids + 1] - self._fine_offsets[ids]
        split = (sizes > 1) & (rng.random(len(ids), dtype=np.float32) < settings.split)
        sizes = np.where(split, sizes, 1)
        written = self._fine[_ranges(np.where(split, self._fine_offsets[ids], 0), sizes)].astype(np.int64)
        ids = np.where(np.repeat(split, sizes), written, np.repeat(ids, sizes))
        return Bags(ids, np.searchsorted(np.repeat(row, sizes), np.arange(len(stacked))))


def _ranges(begins: Ints, lengths: Ints) -> Ints:
    """``begin, begin + 1, …`` for each pair, one after the other.

    >>> _ranges(np.array([5, 20]), np.array([2, 3])).tolist()
    [5, 6, 20, 21, 22]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(begins - before, lengths) + np.arange(lengths.sum())


def _weights(texts: Texts, rows: Ints, settings: BatchSettings) -> npt.NDArray[np.float64]:
    """Languages by (their size)^alpha, whole sentences and clauses in the given shares."""
    whole = rows < texts.whole
    sizes = np.bincount(texts.language[rows[whole]], minlength=len(texts.languages))
    weights = np.maximum(sizes[texts.language[rows]], 1).astype(np.float64) ** (settings.alpha - 1)
    if whole.all() or not whole.any():
        return weights
    weights[whole] *= (1 - settings.clauses) / weights[whole].sum()
    weights[~whole] *= settings.clauses / weights[~whole].sum()
    return weights
