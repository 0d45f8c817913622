"""Which examples are tried together: those that say nearly the same never stand on both sides of a split."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faquarry.vectors.topk_numpy import NumpyNeighbours

__all__ = ["folds_of", "groups_of"]

Ints = npt.NDArray[np.intp]

NEIGHBOURS = 10


def groups_of(vectors: npt.NDArray[np.float32], named: Sequence[str | None], threshold: float) -> list[str]:
    """The group of every example: joined are those of one name, and those whose texts are near.

    Args:
        vectors: unit vectors of whole texts, (n, dim); of a multilingual encoder, so that translations are near too.
        named: groups that the data name; None where they name none.
        threshold: cosine from which two texts say the same.
    """
    parent = list(range(len(vectors)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    near = NumpyNeighbours().topk(vectors, vectors, min(NEIGHBOURS, len(vectors)))
    links = [(i, int(j)) for i, j in zip(*np.nonzero(near.scores >= threshold), strict=True)]
    first: dict[str, int] = {}
    for one, other in [(i, int(near.indices[i, j])) for i, j in links]:
        parent[max(root(one), root(other))] = min(root(one), root(other))
    for place, name in enumerate(named):
        if name is not None:
            other = first.setdefault(name, place)
            parent[max(root(place), root(other))] = min(root(place), root(other))
    return [str(root(place)) for place in range(len(vectors))]


def folds_of(groups: Sequence[str], targets: Ints, count: int, seed: int = 0) -> Ints:
    """The fold of every example, 0..count-1: groups whole, classes spread evenly, the same for the same input. -> (n,)

    Largest groups first, each into the fold that has the fewest of its commonest class, then the fewest examples.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)

    def ticket(group: str) -> str:
        return hashlib.sha256(f"{seed} {group}".encode()).hexdigest()

    folds = np.zeros(len(groups), np.intp)
    counts = np.zeros((count, int(targets.max()) + 1 if len(targets) else 1), np.int64)
    for group in sorted(members, key=lambda group: (-len(members[group]), ticket(group))):
        kinds = np.bincount(targets[members[group]], minlength=counts.shape[1])
        fold = min(range(count), key=lambda f: (counts[f, kinds.argmax()], counts[f].sum(), f))
        folds[members[group]] = fold
        counts[fold] += kinds
    return folds
