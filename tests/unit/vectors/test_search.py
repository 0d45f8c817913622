"""Nearest neighbours: exact, ordered, the same however the corpus is cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.vectors.search import TopK, dots, empty, merge, neighbours, rescored, shifted
from faquarry.vectors.topk_faiss import FaissNeighbours, IvfNeighbours
from faquarry.vectors.topk_numpy import NumpyNeighbours
from faquarry.vectors.topk_torch import TorchNeighbours

ENGINES = {
    "numpy": NumpyNeighbours(),
    "numpy in small tiles": NumpyNeighbours(rows=7, columns=11),
    "torch": TorchNeighbours("cpu"),
    "torch in small tiles": TorchNeighbours("cpu", rows=7, columns=11),
    "faiss": FaissNeighbours(),
}


def unit(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((n, dim))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def by_hand(queries: np.ndarray, corpus: np.ndarray, k: int) -> TopK:
    """Every cosine in float64, a full sort."""
    scores = queries.astype(np.float64) @ corpus.astype(np.float64).T
    places = np.broadcast_to(np.arange(len(corpus)), scores.shape)
    order = np.lexsort((places, -scores), axis=1)[:, :k]
    return TopK(order, np.take_along_axis(scores, order, axis=1).astype(np.float32))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 40), (40, 3), (57, 130), (300, 600)])
def test_engines_find_the_same_neighbours_in_both_directions(engine: str, n: int, m: int) -> None:
    left, right, k = unit(n, seed=1), unit(m, seed=2), 4
    forth, back = ENGINES[engine].both(left, right, k + 4)
    one_way = ENGINES[engine].topk(left, right, k + 4)
    for found, queries, corpus in ((forth, left, right), (back, right, left), (one_way, left, right)):
        exact, wanted = rescored(found, queries, corpus, k), by_hand(queries, corpus, k)
        known = min(k, len(corpus))
        assert (exact.indices[:, :known] == wanted.indices).all()
        assert (exact.scores[:, :known] == wanted.scores).all()
        assert (exact.indices[:, known:] == -1).all()
        assert np.isneginf(exact.scores[:, known:]).all()


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "faiss"])
def test_equal_scores_come_in_the_order_of_their_indices(engine: str) -> None:
    corpus = np.eye(4, dtype=np.float16)[[2, 0, 1, 0, 2, 0, 3, 0]]
    found = ENGINES[engine].topk(np.eye(4, dtype=np.float16)[:1], corpus, 4)
    assert found.indices.tolist() == [[1, 3, 5, 7]]


def test_at_the_end_of_a_list_the_smaller_index_wins() -> None:
    corpus = np.eye(4, dtype=np.float16)[[2, 0, 1, 0, 2, 0, 3, 0]]
    for engine in (NumpyNeighbours(), NumpyNeighbours(rows=1, columns=3)):
        assert engine.topk(np.eye(4, dtype=np.float16)[:1], corpus, 5).indices.tolist() == [[1, 3, 5, 7, 0]]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-4, 4)), max_size=24, unique_by=lambda entry: entry[0]))
def test_merging_does_not_depend_on_order_or_grouping(entries: list[tuple[int, int]]) -> None:
    k = 3

    def lists(part: list[tuple[int, int]]) -> TopK:
        best = sorted(part, key=lambda entry: (-entry[1], entry[0]))[:k]
        found = empty(1, k)
        for place, (index, score) in enumerate(best):
            found.indices[0, place], found.scores[0, place] = index, score / 4
        return found

    whole = lists(entries)
    parts = [lists(entries[start::3]) for start in range(3)]
    for a, b, c in itertools.permutations(parts):
        for merged in (merge(merge(a, b), c), merge(a, merge(b, c)), merge(merge(a, b), merge(b, c))):
            assert merged.indices.tolist() == whole.indices.tolist()
            assert merged.scores.tolist() == whole.scores.tolist()


def test_lists_over_shards_merge_to_the_list_over_all() -> None:
    queries, corpus, k = unit(20, seed=3), unit(90, seed=4), 5
    found = empty(len(queries), k)
    for start in (60, 0, 30):
        found = merge(shifted(neighbours().topk(queries, corpus[start : start + 30], k), start), found)
    assert (rescored(found, queries, corpus, k).indices == by_hand(queries, corpus, k).indices).all()


def test_products_of_float16_vectors_are_exact() -> None:
    """Adding in another order changes no bit."""
    vectors = unit(50, dim=768, seed=5)
    i, j = np.divmod(np.arange(50 * 50), 50)
    shuffled = np.random.default_rng(0).permutation(768)
    assert (dots(vectors, vectors, i, j) == dots(vectors[:, shuffled], vectors[:, shuffled], i, j)).all()


def test_an_inverted_file_finds_most_and_small_corpora_exactly() -> None:
    rng = np.random.default_rng(6)
    centres = unit(40, seed=7).astype(np.float32)
    corpus = centres[rng.integers(40, size=3000)] + 0.1 * rng.standard_normal((3000, 16)).astype(np.float32)
    corpus = (corpus / np.linalg.norm(corpus, axis=1, keepdims=True)).astype(np.float16)
    exact = by_hand(corpus[:200], corpus, 4)
    approximate = IvfNeighbours(cells=16, probes=4, exact_below=100).topk(corpus[:200], corpus, 4)
    recall = np.mean([len(set(a) & set(b)) / 4 for a, b in zip(approximate.indices, exact.indices, strict=True)])
    assert recall > 0.9
    again = IvfNeighbours(cells=16, probes=4, exact_below=100).topk(corpus[:200], corpus, 4)
    assert (again.indices == approximate.indices).all()
    assert (
        rescored(IvfNeighbours().topk(corpus[:50], corpus, 8), corpus[:50], corpus, 4).indices == exact.indices[:50]
    ).all()
