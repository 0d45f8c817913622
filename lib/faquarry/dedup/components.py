"""Connected components of edges held in arrays: pointers that jump, in O(log n) rounds whatever the shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["components", "spanning_forest"]

Nodes = npt.NDArray[np.int64]


def components(first: Nodes, second: Nodes, nodes: int) -> Nodes:
    """The smallest node that each node is connected to. -> (nodes,)

    Every round hooks the root of each edge's larger side onto the smaller one, then lets every node point to its root
    (Shiloach and Vishkin 1982). Neither the order of the edges nor their direction matters.

    >>> components(np.array([3, 1]), np.array([4, 3]), 6).tolist()
    [0, 1, 2, 1, 1, 5]
    """
    parents = np.arange(nodes, dtype=np.int64)
    while True:
        one, other = parents[first], parents[second]
        apart = one != other
        if not apart.any():
            return parents
        first, second = first[apart], second[apart]
        low, high = np.minimum(one[apart], other[apart]), np.maximum(one[apart], other[apart])
        np.minimum.at(parents, high, low)
        while True:
            above = parents[parents]
            if np.array_equal(above, parents):
                break
            parents = above


def spanning_forest(first: Nodes, second: Nodes, nodes: int) -> npt.NDArray[np.bool_]:
    """Marks edges that connect what all of them connect, with no circle: at most nodes - 1. -> (edges,)

    >>> spanning_forest(np.array([0, 1, 0]), np.array([1, 2, 2]), 3).tolist()
    [True, False, True]
    """
    parents = np.arange(nodes, dtype=np.int64)
    kept = np.zeros(len(first), bool)
    edges = np.arange(len(first))
    while True:
        one, other = parents[first[edges]], parents[second[edges]]
        apart = one != other
        edges, one, other = edges[apart], one[apart], other[apart]
        if not len(edges):
            return kept
        low, high = np.minimum(one, other), np.maximum(one, other)
        # Of the edges that hook one root, the one to the smallest other root, then the first, stays.
        order = np.lexsort((edges, low, high))
        chosen = order[np.concatenate([[True], high[order][1:] != high[order][:-1]])]
        kept[edges[chosen]] = True
        parents[high[chosen]] = low[chosen]
        while True:
            above = parents[parents]
            if np.array_equal(above, parents):
                break
            parents = above
