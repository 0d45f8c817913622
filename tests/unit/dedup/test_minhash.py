"""Signatures estimate Jaccard similarities, bands find what they promise, buckets and exact measures by hand."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.dedup.buckets import Entries, pairs_in_buckets, parted, repeated
from faquarry.dedup.components import components
from faquarry.dedup.hashing import mixed
from faquarry.dedup.jaccard import jaccards
from faquarry.dedup.minhash import Bands, band_hashes, bands_for, least_agreement, signatures, sketches
from faquarry.dedup.shingles import Shingles


def sets_of(rows: list[list[int]]) -> Shingles:
    flat = mixed(np.array([value for row in rows for value in row], np.uint64))
    return Shingles(flat, np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64))


def overlapping(count: int, size: int, jaccard: float) -> tuple[Shingles, Shingles]:
    """`count` pairs of sets of `size` members each, that share as many as the similarity wants."""
    common = round(2 * size * jaccard / (1 + jaccard))
    rows = np.arange(count * 2 * size).reshape(count, 2 * size).tolist()
    first = [row[:size] for row in rows]
    second = [row[:common] + row[size : 2 * size - common] for row in rows]
    return sets_of(first), sets_of(second)


@pytest.mark.parametrize("size", [19, 30, 100])
@pytest.mark.parametrize("jaccard", [0.5, 0.8, 0.9])
def test_signatures_estimate(size: int, jaccard: float) -> None:
    one, other = overlapping(600, size, jaccard)
    exact = jaccards([one], [other])
    agree = (signatures(one) == signatures(other)).mean(axis=0)
    assert abs(agree.mean() - exact.mean()) < 0.01
    assert agree.std() < 1.25 * np.sqrt(exact[0] * (1 - exact[0]) / 128)


@pytest.mark.parametrize("jaccard", [0.6, 0.7, 0.8, 0.9])
def test_bands_find_what_they_promise(jaccard: float) -> None:
    cut = bands_for(0.8)
    one, other = overlapping(2000, 45, jaccard)
    exact = jaccards([one], [other])[0]
    hit = (band_hashes(signatures(one), cut) == band_hashes(signatures(other), cut)).any(axis=1)
    assert hit.mean() == pytest.approx(cut.recall(exact), abs=0.03)


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_for_a_threshold(threshold: float) -> None:
    cut = bands_for(threshold)
    assert cut.bands * cut.rows <= 128
    assert cut.recall(threshold) >= 0.98


def test_a_text_without_shingles_takes_no_part() -> None:
    found = signatures(sets_of([[], [1, 2], [], [], [3], []]))
    alone = signatures(sets_of([[1, 2], [3]]))
    assert (found[:, [0, 2, 3, 5]] == 0xFFFFFFFF).all()
    assert (found[:, [1, 4]] == alone).all()
    assert signatures(sets_of([[], []])).shape == (128, 2)
    assert signatures(sets_of([])).shape == (128, 0)


def test_signatures_do_not_depend_on_the_batch() -> None:
    rows = [np.random.default_rng(i).integers(0, 1 << 40, i % 700).tolist() for i in range(900)]
    whole = signatures(sets_of(rows))
    for first in range(0, 900, 300):
        assert (signatures(sets_of(rows[first : first + 300])) == whole[:, first : first + 300]).all()


def test_bands_differ_from_one_another() -> None:
    same = np.zeros((126, 1), np.uint32)
    assert len(set(band_hashes(same, Bands(18, 7))[0].tolist())) == 18


@given(st.lists(st.tuples(st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12))), max_size=8))
def test_jaccards_are_exact(pairs: list[tuple[set[int], set[int]]]) -> None:
    first, second = (sets_of([sorted(pair[side]) for pair in pairs]) for side in (0, 1))
    found = jaccards([first, first], [second])  # what comes twice counts once
    assert found.tolist() == [len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs]


def entries_of(rows: list[tuple[int, int]], sketch: int = 0) -> Entries:
    hashes, keys = (np.array([row[side] for row in rows], np.uint64) for side in (0, 1))
    return Entries(hashes, keys, np.full(len(rows), sketch, np.uint64))


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 9)), max_size=40), st.integers(1, 7))
def test_parts_hold_every_entry_once_and_whole_buckets(rows: list[tuple[int, int]], parts: int) -> None:
    found = list(parted(entries_of(rows), parts))
    told = [(h, k) for _, part in found for h, k in zip(part.hashes.tolist(), part.keys.tolist(), strict=True)]
    assert sorted(told) == sorted((h % 2**32, k) for h, k in rows)
    assert {number: len(part.hashes) for number, part in found} == Counter((h >> 32) * parts >> 32 for h, _ in rows)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=40), st.randoms(use_true_random=False))
def test_pairs_of_buckets(rows: list[tuple[int, int]], shuffled: random.Random) -> None:
    members: dict[int, set[int]] = {}
    for bucket, key in rows:
        members.setdefault(bucket, set()).add(key)
    wanted = {pair for keys in members.values() for pair in combinations(sorted(keys), 2)}
    shuffled.shuffle(rows)
    found = pairs_in_buckets(entries_of(rows), cap=64, agreement=64)
    assert {tuple(pair) for pair in found.pairs.tolist()} == wanted
    assert (found.hot, found.crowd) == (0, 0)


def test_texts_that_met_by_chance_are_told_apart_by_their_sketches() -> None:
    sketches_ = np.array([0, 0b111, 2**64 - 1], np.uint64)
    found = pairs_in_buckets(
        Entries(np.zeros(3, np.uint64), np.arange(3, dtype=np.uint64), sketches_), 64, agreement=61
    )
    assert found.pairs.tolist() == [[0, 1]]


@pytest.mark.parametrize("jaccard", [0.1, 0.5, 0.8])
def test_sketches_estimate(jaccard: float) -> None:
    one, other = overlapping(1000, 45, jaccard)
    exact = jaccards([one], [other])[0]
    agree = 64 - np.bitwise_count(sketches(signatures(one)) ^ sketches(signatures(other)))
    assert agree.mean() / 64 == pytest.approx((1 + exact) / 2, abs=0.01)
    assert (agree >= least_agreement(exact)).mean() >= 0.99


def test_a_hot_bucket_costs_its_share_and_stays_connected() -> None:
    keys = mixed(np.arange(5000, dtype=np.uint64))
    found = pairs_in_buckets(entries_of([(7, key) for key in keys.tolist()]), 64, agreement=64)
    assert (found.hot, found.crowd) == (1, 5000)
    assert len(found.pairs) == 5000 * 16
    places = np.searchsorted(np.sort(keys), found.pairs).astype(np.int64)
    assert set(components(places[:, 0], places[:, 1], 5000).tolist()) == {0}
    backwards = pairs_in_buckets(entries_of([(7, key) for key in keys[::-1].tolist()]), 64, agreement=64)
    assert {tuple(pair) for pair in backwards.pairs.tolist()} == {tuple(pair) for pair in found.pairs.tolist()}


def test_repeated() -> None:
    found = repeated(entries_of([(3, 10), (1, 11), (3, 12), (2, 13), (1, 14), (3, 15)]))
    assert found.hashes.tolist() == [1, 1, 3, 3, 3]
    assert sorted(found.keys.tolist()) == [10, 11, 12, 14, 15]
    assert len(repeated(entries_of([])).keys) == 0
