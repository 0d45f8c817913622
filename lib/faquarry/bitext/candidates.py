"""Which pairs of pairs are looked at: near neighbours in either direction, and what linked pages hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.bitext.links import PageLinks
from faquarry.bitext.side import Ints, Side
from faquarry.vectors.search import TopK, dots

__all__ = ["Candidates", "candidates"]

_PAGE_CELLS = 1_000_000
_PAGE_BEST = 2


@dataclass(frozen=True)
class Candidates:
    """Left pair i and right pair j with their exact cosine, in the order of (i, j), each once."""

    i: Ints
    j: Ints
    similarity: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.i)


def candidates(left: Side, right: Side, forth: TopK, back: TopK, links: PageLinks | None) -> Candidates:
    """Every neighbour of either side; of linked pages the nearest inside them, and the pairs at equal places.

    Pages too large to be multiplied out give nothing of their own: their pairs come through the lists.
    """
    found = [_listed(forth), _listed(back)[::-1]]
    if links is not None:
        ours, theirs = _rows_of(left), _rows_of(right)
        for p, q in sorted(set(links.linked) | links.twins):
            a, b = ours.get(p), theirs.get(q)
            if a is not None and b is not None and len(a) * len(b) <= _PAGE_CELLS:
                found.append(_inside(left, right, a, b))
    i = np.concatenate([pair[0] for pair in found])
    j = np.concatenate([pair[1] for pair in found])
    cells = np.unique(i * np.int64(max(1, len(right))) + j)
    i, j = np.divmod(cells, np.int64(max(1, len(right))))
    return Candidates(i, j, dots(left.vectors, right.vectors, i, j))


def _listed(lists: TopK) -> tuple[Ints, Ints]:
    rows, places = np.nonzero(lists.indices >= 0)
    return rows.astype(np.int64), lists.indices[rows, places]


def _rows_of(side: Side) -> dict[int, Ints]:
    """The rows of each page, by position."""
    order = np.lexsort((np.arange(len(side)), side.position, side.page))
    pages, starts = np.unique(side.page[order], return_index=True)
    return dict(zip(pages.tolist(), np.split(order, starts[1:]), strict=True))


def _inside(left: Side, right: Side, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Rows a of one page against rows b of another: the nearest of each, and equal positions."""
    cosines = left.vectors[a].astype(np.float64) @ right.vectors[b].astype(np.float64).T  # exact: see vectors.search
    chosen = left.position[a][:, None] == right.position[b][None, :]
    for axis in (0, 1):
        best = np.argsort(-cosines, axis=axis, kind="stable")
        top = best[:_PAGE_BEST] if axis == 0 else best[:, :_PAGE_BEST]
        np.put_along_axis(chosen, top, True, axis=axis)
    x, y = np.nonzero(chosen)
    return a[x], b[y]
