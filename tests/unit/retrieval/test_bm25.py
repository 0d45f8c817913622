"""BM25: Lucene's formula by hand and beside a peer, and the same answer however the corpus is cut."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from faquarry.retrieval import BM25
from faquarry.retrieval.analyzer import Analyzer, analyzer
from faquarry.retrieval.bm25 import Block, Statistics, WeightedTerms
from faquarry.retrieval.kernel import merge

WORDS = [f"w{number}" for number in range(300)]


def corpus(size: int, seed: int) -> list[list[str]]:
    """Texts with frequent and rare words, repeats, and some that are equal."""
    generator = random.Random(seed)
    texts = [
        generator.choices(WORDS, [1 / (rank + 1) for rank in range(300)], k=generator.randint(0, 30))
        for _ in range(size)
    ]
    return texts + texts[:5]


def weighted(queries: list[list[str]], statistics: Statistics) -> list[WeightedTerms]:
    return [(query, [statistics.idf(term) for term in query]) for query in queries]


def test_the_formula_by_hand() -> None:
    index = BM25(["stone stone dust", "stone", "dust dust water"], analyzer_=Analyzer(), k1=0.9, b=0.4)
    numbers, scores = index.search(["stone"], k=3)
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    average = 7 / 3
    first = idf * 2 / (2 + 0.9 * (1 - 0.4 + 0.4 * 3 / average))
    second = idf * 1 / (1 + 0.9 * (1 - 0.4 + 0.4 * 1 / average))
    assert numbers.tolist() == [[0, 1, -1]]
    assert scores[0] == pytest.approx([first, second, 0.0], rel=1e-6)


def test_a_word_asked_twice_counts_twice_and_an_unknown_one_nothing() -> None:
    index = BM25(["stone", "dust"], analyzer_=Analyzer())
    once, twice = index.search(["stone", "stone stone marble"], k=1)[1][:, 0]
    assert twice == pytest.approx(2 * once)
    assert index.search(["marble", ""], k=2)[0].tolist() == [[-1, -1], [-1, -1]]


def test_equal_scores_stand_in_the_order_of_the_texts() -> None:
    index = BM25(["b stone", "stone a", "stone c", "stone d"], analyzer_=Analyzer())
    assert index.search(["stone"], k=3)[0].tolist() == [[0, 1, 2]]


def test_equal_documents_in_two_lists_stand_in_the_order_of_their_ids() -> None:
    scores = np.array([[2.0, 1.0, 0.0]], np.float32)
    heads, tails = np.array([[1, 7, 0]], np.uint64), np.array([[0, 9, 0]], np.uint64)
    more = np.array([[2.0, 1.0, 1.0]], np.float32)
    merge(scores, heads, tails, more, np.array([[0, 7, 8]], np.uint64), np.array([[5, 8, 0]], np.uint64))
    assert scores.tolist() == [[2.0, 2.0, 1.0]]
    assert heads.tolist() == [[0, 1, 7]]
    assert tails.tolist() == [[5, 0, 8]]


def test_the_best_k_are_those_of_a_full_sort() -> None:
    texts, queries = corpus(300, 3), corpus(40, 4)
    statistics, block = Statistics.of(texts), Block.of(texts)
    impacts, asked = block.impacts(statistics.average_length, 1.2, 0.75), weighted(queries, statistics)
    everything, all_scores = block.search(impacts, asked, len(texts))
    for k in (1, 2, 7, 100):
        numbers, scores = block.search(impacts, asked, k)
        np.testing.assert_array_equal(numbers, everything[:, :k])
        np.testing.assert_array_equal(scores, all_scores[:, :k])
    for row, found in zip(all_scores, everything, strict=True):
        there = [(-score, number) for score, number in zip(row.tolist(), found.tolist(), strict=True) if number >= 0]
        assert there == sorted(there)


def test_statistics_of_parts_add_up_to_those_of_the_whole() -> None:
    texts = corpus(100, 5)
    assert Statistics.of(texts[:30]) + Statistics.of(texts[30:]) == Statistics.of(texts)


@pytest.mark.real
@pytest.mark.parametrize("name", ["cranfield", "stackfaq"])
def test_scores_are_those_of_bm25s_with_the_same_analyzer(data: Path, name: str) -> None:
    import bm25s

    folder = data / "retrieval" / name
    texts = [json.loads(line)["text"] for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    queries = [
        json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    ][:300]
    english = analyzer("eng")
    peer = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    peer.index([english.tokens(text) for text in texts], show_progress=False)
    numbers, scores = BM25(texts, "eng").search(queries, k=100)
    for query, found, ours in zip(queries, numbers, scores, strict=True):
        theirs = peer.get_scores(english.tokens(query))
        there = found >= 0
        np.testing.assert_allclose(ours[there], theirs[found[there]], atol=1e-5)
        assert np.sort(theirs)[::-1][: there.sum()] == pytest.approx(ours[there], abs=1e-5)


def test_what_scores_less_than_asked_for_is_left_out() -> None:
    texts, queries = corpus(300, 6), [*corpus(20, 7), ["w250"]]  # frequent words and a rare one
    statistics, block = Statistics.of(texts), Block.of(texts)
    impacts, asked = block.impacts(statistics.average_length, 0.9, 0.4), weighted(queries, statistics)
    numbers, scores = block.search(impacts, asked, 40)
    least = np.array([row[row > 0][len(row[row > 0]) // 2] if row.any() else 0 for row in scores], np.float32)
    fewer, higher = block.search(impacts, asked, 40, least)
    kept = (scores >= least[:, None]) & (scores > 0)
    assert 0 < kept.sum() < (scores > 0).sum()
    np.testing.assert_array_equal(np.where(kept, numbers, -1), fewer)
    np.testing.assert_array_equal(np.where(kept, scores, 0), higher)


@pytest.mark.real
@pytest.mark.parametrize(("name", "expected"), [("cranfield", 0.4934054), ("stackfaq", 0.6742977)])
def test_ndcg_is_that_of_bm25s_with_the_same_analyzer(data: Path, name: str, expected: float) -> None:
    import bm25s

    folder = data / "retrieval" / name
    corpus_, queries = (
        [json.loads(line) for line in (folder / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]
        for part in ("corpus", "queries")
    )
    judged: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query_id, corpus_id, score = line.split("\t")
        judged.setdefault(query_id, {})[corpus_id] = max(int(score), 0)
    queries = [query for query in queries if query["_id"] in judged]
    texts = [f"{document['title']} {document['text']}" for document in corpus_]
    names = [document["_id"] for document in corpus_]
    english = analyzer("eng")
    peer = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    peer.index([english.tokens(text) for text in texts], show_progress=False)

    def ndcg(ranking: np.ndarray, relevant: dict[str, int]) -> float:
        gains = [relevant.get(names[number], 0) for number in ranking if number >= 0]
        best = sorted(relevant.values(), reverse=True)[:10]
        dcg, ideal = (sum(gain / math.log2(place + 2) for place, gain in enumerate(row)) for row in (gains, best))
        return dcg / ideal if ideal else 0.0

    ours, theirs = [], []
    for query, ranking in zip(
        queries, BM25(texts, "eng").search([query["text"] for query in queries], 10)[0], strict=True
    ):
        scores = np.round(peer.get_scores(english.tokens(query["text"])), 5)  # equal ones in the order of the texts
        places = np.argsort(-scores, kind="stable")[:10]
        ours.append(ndcg(ranking, judged[query["_id"]]))
        theirs.append(ndcg(places[scores[places] > 0], judged[query["_id"]]))
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=1e-6)
    assert np.mean(ours) == pytest.approx(expected, abs=1e-6)
