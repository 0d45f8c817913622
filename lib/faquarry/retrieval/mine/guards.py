"""What says that a candidate may be right as well, before any model is asked.

A candidate is judged by every pair that gives its answer: their groups of `duplicates`, their questions, pages and sites. It is
out when it shares one of them with the right answer of the query.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.config.settings import MineSettings

__all__ = ["GUARDS", "NOBODY", "SHARED", "SIMILAR", "Sets", "guards_of", "spoken"]

SHARED = {"duplicates": "groups", "same_question": "questions", "same_page": "pages", "same_site": "sites"}
"""Name of a guard, and of the setting that switches it off -> what an answer has a set of."""

GUARDS = ("positive", *SHARED, "similar_question")
"""Everything that speaks, in its order: first that a candidate is the right answer itself (nothing switches this off), last the
one that compares vectors."""

NOBODY, SIMILAR = -1, len(GUARDS) - 1
"""Numbers in `GUARDS`."""

Ints = npt.NDArray[np.int64]


def guards_of(settings: MineSettings) -> tuple[str, ...]:
    """Those of `SHARED` that are on, in their order."""
    return tuple(name for name in SHARED if getattr(settings, name))


class Sets:
    """A set of whole numbers for each of several answers.

    >>> sets = Sets(pa.array([[7, 8], None, [8], [9]], pa.list_(pa.int64())))
    >>> sets.meet(np.array([1, 2, 3, 0]), np.array([0, 0, 0, 3])).tolist()
    [False, True, False, False]
    """

    def __init__(self, column: pa.ListArray) -> None:
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        # Numbers of their own, so that one with the number of an answer beside it stays one whole number.
        names, values = np.unique(column.flatten().to_numpy(zero_copy_only=False), return_inverse=True)
        self._names = max(1, len(names))
        self._values = pa.ListArray.from_arrays(np.append(0, np.cumsum(lengths)).astype(np.int32), pa.array(values))

    def meet(self, one: Ints, other: Ints) -> npt.NDArray[np.bool_]:
        """Whether the sets of answers one[i] and other[i] have something in common. -> (n,)"""
        found = np.zeros(len(one), bool)
        right, place = np.unique(other, return_inverse=True)
        numbers, values = self._values_of(right)
        known = pa.array(numbers * self._names + values)
        rows, values = self._values_of(one)
        both = pc.is_in(pa.array(place[rows] * self._names + values), value_set=known)
        found[rows[both.to_numpy(zero_copy_only=False)]] = True
        return found

    def _values_of(self, answers: Ints) -> tuple[Ints, Ints]:
        """(places among `answers`, values) of all their values."""
        found = self._values.take(pa.array(answers))
        return pc.list_parent_indices(found).to_numpy(), found.flatten().to_numpy()


def spoken(
    guards: tuple[str, ...], sets: Mapping[str, Sets], candidates: Ints, positives: Ints
) -> npt.NDArray[np.int8]:
    """The first guard that speaks against each candidate, as its number in `GUARDS`, or `NOBODY`. -> (n,)

    Args:
        guards: those of `SHARED` that are on.
        sets: by the names that `SHARED` gives.
        candidates, positives: (n,) numbers of answers: the candidate, and the right answer of its query.
    """
    told = np.where(candidates == positives, 0, NOBODY).astype(np.int8)
    for name in guards:
        left = np.flatnonzero(told == NOBODY)
        told[left[sets[SHARED[name]].meet(candidates[left], positives[left])]] = GUARDS.index(name)
    return told
