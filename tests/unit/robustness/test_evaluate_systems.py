"""Systems: ties, places without lists, fusions that can be worked out by hand, names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faquarry.config.settings import Settings
from faquarry.errors import UsageError
from faquarry.retrieval.measures import BEYOND, places_in
from faquarry.robustness.collection import Collection, sharing
from faquarry.robustness.systems import DEPTH, system_named
from faquarry.robustness.systems.dense import LargeIndex, SmallIndex, exact
from faquarry.robustness.systems.encoding import Encoding
from faquarry.robustness.systems.hybrid import joined
from faquarry.robustness.systems.ranker import ordered
from faquarry.vectors.search import TopK
from faquarry.vectors.small import info

TEXTS = [
    "Print a label and hand the parcel in.",
    "We are open from nine to five.",
    "We are open from nine to five.",
    "Cut marble with a wet saw.",
    "The pond is forty metres deep.",
]
QUERIES = ["When are you open?", "How deep is the pond?", "How do I cut marble?", ""]
COLLECTION = Collection(
    "t", "eng", list("abcd"), QUERIES, list("abcd"), [{2: 1.0}, {4: 1.0}, {3: 1.0}, {0: 1.0}], TEXTS
)
SYSTEMS = (
    "faquarry-small",
    "bm25",
    "hybrid-rrf:faquarry-small",
    "hybrid-sum:faquarry-small",
    "rerank:faquarry-small-scorer@bm25",
)


@pytest.mark.parametrize("name", SYSTEMS)
def test_places_are_those_of_the_lists(name: str) -> None:
    system = system_named(name, Settings())
    assert system.name == name
    ranker = system.over(COLLECTION)
    lists = ranker.lists(QUERIES)
    assert lists.indices.shape[0] == 4
    documents = np.tile(np.array([[1, 2, 4, -1]]), (4, 1))
    np.testing.assert_array_equal(ranker.places(QUERIES, documents), places_in(lists.indices, documents))
    # Equal texts score alike, and the smaller id goes first.
    first = ranker.places(QUERIES[:1], np.array([[1, 2]]))[0]
    assert first.tolist() == [0, 1]
    assert (np.diff(np.nan_to_num(lists.scores, neginf=-1e9), axis=1) <= 0).all()


def test_both_indexes_and_any_company_give_the_same() -> None:
    draw = np.random.default_rng(4)
    unit = draw.normal(size=(500, 32))
    corpus = (unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(np.float16)
    corpus[7] = corpus[3]
    encoding = Encoding(replace(info(), dim=32), Settings().embed)
    encoding.vectors = lambda texts, field: np.stack([corpus[int(text)] for text in texts])  # type: ignore[method-assign]
    asked = [str(number) for number in range(0, 400, 3)]
    small, large = SmallIndex(encoding, corpus), LargeIndex(encoding, corpus)
    np.testing.assert_array_equal(small.lists(asked).indices, large.lists(asked).indices)
    assert small.lists(["3"]).indices[0, :2].tolist() == [3, 7]
    documents = draw.integers(0, 500, (len(asked), 3))
    np.testing.assert_array_equal(small.places(asked, documents), large.places(asked, documents))
    alone = np.concatenate([small.places([one], documents[row : row + 1]) for row, one in enumerate(asked)])
    np.testing.assert_array_equal(small.places(asked, documents), alone)
    assert exact(corpus[:2], corpus).k == DEPTH


def test_fusions_by_hand() -> None:
    one = TopK(np.array([[4, 2, -1]]), np.array([[0.9, 0.1, -np.inf]], np.float32))
    other = TopK(np.array([[2, 7, 5]]), np.array([[8.0, 6.0, 4.0]], np.float32))
    ranks = joined([one, other], "rrf")
    assert ranks.indices[0].tolist() == [2, 4, 7, 5, -1, -1]
    np.testing.assert_allclose(ranks.scores[0, :2], [1 / 61 + 1 / 62, 1 / 61])
    sums = joined([one, other], "sum")
    assert sums.indices[0].tolist() == [2, 4, 7, 5, -1, -1]  # 2 and 4 both 0.5: the smaller place first
    np.testing.assert_allclose(sums.scores[0, :4], [0.5, 0.5, 0.25, 0.0])


def test_an_empty_list_adds_nothing() -> None:
    nothing = TopK(np.array([[-1, -1]]), np.full((1, 2), -np.inf, np.float32))
    one = TopK(np.array([[3, -1]]), np.array([[2.0, -np.inf]], np.float32))
    for how in ("rrf", "sum"):
        assert joined([nothing, one], how).indices[0].tolist() == [3, -1, -1, -1]


def test_ordered_fills_up() -> None:
    found = ordered(np.array([[0.2, 0.9, 0.2]]), 5)
    assert found.indices.tolist() == [[1, 0, 2, -1, -1]]


def test_nothing_beyond_the_depth_counts() -> None:
    texts = [f"the pond number {number}" for number in range(DEPTH + 20)]
    collection = Collection("t", "eng", ["a"], ["the pond"], ["a"], [{0: 1.0}], texts)
    places = system_named("bm25", Settings()).over(collection).places(["pond"], np.arange(len(texts))[None])
    assert sorted(places[0])[DEPTH - 1 : DEPTH + 1] == [DEPTH - 1, BEYOND]


def test_names_that_are_given_and_sentences(tmp_path: Path) -> None:
    assert system_named("mine=bm25", Settings()).name == "mine"
    assert system_named("x=hybrid-rrf:faquarry-small", Settings()).name == "x"
    for written, sentence in (
        ("hybrid-rrf:", "lacks what it is made of"),
        ("rerank:faquarry-small-scorer", "does not say what is re-ranked"),
        ("no-such-model", "There is no model no-such-model"),
        (str(tmp_path), "modules.json"),
    ):
        with pytest.raises(UsageError, match=sentence):
            system_named(written, Settings())


def test_queries_that_share_answers_are_a_cluster() -> None:
    assert sharing([{1: 1.0, 2: 1.0}, {5: 1.0}, {2: 1.0, 3: 1.0}, {3: 1.0}]) == ["1", "5", "1", "1"]
