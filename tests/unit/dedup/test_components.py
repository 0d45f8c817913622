"""Connected components: against scipy, on chains, in any order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from faquarry.dedup.components import components, spanning_forest

CHAIN = 100_000


@pytest.mark.parametrize("seed", range(60))
def test_as_scipy_finds_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, edges = int(rng.integers(1, 60)), int(rng.integers(0, 80))
    first, second = rng.integers(0, nodes, (2, edges))
    count, labels = connected_components(coo_matrix((np.ones(edges), (first, second)), (nodes, nodes)))
    found = components(first, second, nodes)
    smallest = [min(np.flatnonzero(labels == label)) for label in labels]
    assert found.tolist() == smallest
    forest = spanning_forest(first, second, nodes)
    assert forest.sum() == nodes - count
    assert components(first[forest], second[forest], nodes).tolist() == smallest


@pytest.mark.parametrize("order", ["along", "shuffled", "names shuffled"])
def test_a_chain_of_a_hundred_thousand(order: str) -> None:
    rng = np.random.default_rng(0)
    names = rng.permutation(CHAIN) if order == "names shuffled" else np.arange(CHAIN)
    edges = np.stack([names[:-1], names[1:]])
    if order != "along":
        edges = edges[:, rng.permutation(CHAIN - 1)]
    assert not components(edges[0], edges[1], CHAIN).any()
    assert spanning_forest(edges[0], edges[1], CHAIN).all()


def test_order_and_direction_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    edges = rng.integers(0, 3000, (2, 2500))
    wanted = components(edges[0], edges[1], 3000)
    for _ in range(5):
        edges = edges[:, rng.permutation(2500)]
        turned = np.where(rng.random(2500) < 0.5, edges, edges[::-1])
        assert (components(turned[0], turned[1], 3000) == wanted).all()
