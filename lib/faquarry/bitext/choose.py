"""One-to-one: of all candidates the best, each pair at most once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faquarry.bitext.side import Ints

__all__ = ["best_of_each", "one_to_one"]

Bools = npt.NDArray[np.bool_]


def one_to_one(i: Ints, j: Ints, score: npt.NDArray[np.float64], allowed: Bools, *, rounds: int | None = None) -> Bools:
    """Chooses candidates that are the best of both their sides, then of those that are left, until none is left.

    That is the one stable choice: no two pairs that are not chosen together would both gain by it. Equal scores are told
    apart by their place: candidates come in a fixed order. `rounds=1` keeps mutual bests only.
    """
    chosen = np.zeros(len(i), dtype=np.bool_)
    left = np.flatnonzero(allowed)
    order = left[np.argsort(-score[left], kind="stable")]
    done = 0
    while len(order) and (rounds is None or done < rounds):
        taken = order[best_of_each(i[order], j[order])]
        chosen[taken] = True
        free = ~(np.isin(i[order], i[taken]) | np.isin(j[order], j[taken]))
        order = order[free]
        done += 1
    return chosen


def best_of_each(i: Ints, j: Ints) -> Bools:
    """Of candidates ordered best first: those that come first for both their pairs."""
    first_i, first_j = np.zeros(len(i), dtype=np.bool_), np.zeros(len(i), dtype=np.bool_)
    first_i[np.unique(i, return_index=True)[1]] = True
    first_j[np.unique(j, return_index=True)[1]] = True
    return first_i & first_j
