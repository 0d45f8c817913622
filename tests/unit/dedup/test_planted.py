"""Planted duplicates in twelve languages: what must be found is, and nothing else."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.dedup.planted import LANGUAGES, Copy, Pair, copies, groups, near_pairs, similarity

from faquarry.dedup.jaccard import jaccards
from faquarry.dedup.shingles import character_grams, word_shingles

Texts = dict[str, list[Pair]]
A_LANGUAGE = 30


def sample() -> Texts:
    expected = json.loads((files("faquarry.sample") / "expected.json").read_text(encoding="utf-8"))
    found: Texts = defaultdict(list)
    planted = {pair["near"] for pair in expected["near_duplicates"]}
    for pair in sorted(expected["pairs"], key=lambda pair: pair["id"]):
        if pair["key"] not in planted:
            found[pair["language"]].append((pair["question"], pair["answer"]))
    return {language: list(dict.fromkeys(found[language]))[:A_LANGUAGE] for language in LANGUAGES}


def real(data: Path) -> Texts:
    found: Texts = defaultdict(list)
    with gzip.open(data / "web" / "faq-aligned.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found[row["language"]].append((row["question"], row["answer"]))
    return {language: list(dict.fromkeys(found[language]))[:120] for language in LANGUAGES}


def recall(planted: Sequence[Copy], jaccard: np.ndarray) -> dict[str, float]:
    """Of copies that reach 0.8, the share that stands in one group with its original: by language, and over all."""
    originals = list(dict.fromkeys(copy.original for copy in planted))
    pairs = list(dict.fromkeys([*originals, *(copy.edited for copy in planted)]))
    place = {pair: number for number, pair in enumerate(pairs)}
    group = groups(near_pairs(pairs), len(pairs))
    hits: dict[str, list[bool]] = defaultdict(list)
    for copy, reached in zip(planted, jaccard >= 0.8, strict=True):
        if reached and copy.original != copy.edited:
            found = bool(group[place[copy.original]] == group[place[copy.edited]])
            hits[copy.language].append(found)
            hits["all"].append(found)
    return {language: float(np.mean(found)) for language, found in hits.items()}


def grams(one: Sequence[Pair], other: Sequence[Pair]) -> np.ndarray:
    """Jaccard of character 5-grams."""
    sides = [[character_grams(pa.array([pair[side] for pair in pairs])) for side in (0, 1)] for pairs in (one, other)]
    return jaccards(sides[0], sides[1])


def words(one: Sequence[Pair], other: Sequence[Pair]) -> np.ndarray:
    sides = [[word_shingles(pa.array([pair[side] for pair in pairs])) for side in (0, 1)] for pairs in (one, other)]
    return jaccards(sides[0], sides[1])


MEASURES = {"ours": similarity, "words": words, "character 5-grams": grams}


@pytest.mark.parametrize("measure", MEASURES)
def test_planted_duplicates_are_found(measure: str) -> None:
    planted = list(copies(sample()))
    jaccard = MEASURES[measure]([copy.original for copy in planted], [copy.edited for copy in planted])
    assert (jaccard >= 0.8).sum() > 1200
    found = recall(planted, jaccard)
    assert set(found) == {*LANGUAGES, "all"}
    assert found.pop("all") >= 0.98
    assert min(found.values()) >= 0.95, found


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
def test_planted_duplicates_of_real_texts_are_found(measure: str, data: Path) -> None:
    planted = list(copies(real(data)))
    jaccard = MEASURES[measure]([copy.original for copy in planted], [copy.edited for copy in planted])
    found = recall(planted, jaccard)
    print(measure, {language: round(value, 4) for language, value in found.items()}, int((jaccard >= 0.8).sum()))
    assert found.pop("all") >= 0.98
    assert min(found.values()) >= 0.95, found


def test_no_false_group() -> None:
    """A copy is grouped with its original, with other copies of it, and with nobody else."""
    texts = sample()
    planted = list(copies(texts))
    pairs = list(dict.fromkeys([copy.original for copy in planted] + [copy.edited for copy in planted]))
    origin = {copy.edited: copy.original for copy in planted} | {copy.original: copy.original for copy in planted}
    false = [
        tuple(pairs[row] for row in edge) for edge in near_pairs(pairs) if len({origin[pairs[row]] for row in edge}) > 1
    ]
    assert false == []


def test_clean_texts_are_left_alone() -> None:
    texts = [pair for pairs in sample().values() for pair in pairs]
    assert near_pairs(texts) == set()


def test_every_pair_above_the_threshold_is_found_and_none_below() -> None:
    """Against all pairs of a language compared one by one."""
    planted = [copy for copy in copies(sample()) if copy.language in ("eng", "zho")][::4]
    pairs = list(dict.fromkeys([copy.edited for copy in planted]))
    every = list(combinations(range(len(pairs)), 2))
    jaccard = similarity([pairs[one] for one, _ in every], [pairs[other] for _, other in every])
    reached = jaccard.astype(np.float32) >= np.float32(0.8)
    wanted = {frozenset(edge) for edge, reaches in zip(every, reached, strict=True) if reaches}
    found = near_pairs(pairs, question=0.0, cap=1000)
    assert found <= wanted
    assert len(found) >= 0.97 * len(wanted)


def test_one_answer_under_two_questions_is_no_duplicate() -> None:
    answer = (
        "Write to us within two weeks and name the number of your order; we look at every letter on the day it comes, "
        "call back in the afternoon, and send what is owed by the next post, without a fee and without further questions."
    )
    shop = ("Where can I collect my boots after the repair?", answer)
    fees = ("Who pays the postage to Norway?", answer)
    typo = ("Where can I colect my boots after the repair?", answer)
    assert similarity([shop], [fees])[0] >= 0.75
    assert near_pairs([shop, fees, typo], threshold=0.7) == {frozenset((0, 2))}
    assert near_pairs([shop, fees], threshold=0.7, question=0.0) == {frozenset((0, 1))}


def test_the_same_question_for_another_product_is_no_duplicate() -> None:
    windows = (
        "How do I install it on Windows?",
        "Run setup.exe and follow the assistant; restart when it asks you to.",
    )
    mac = ("How do I install it on a Mac?", "Open the disk image and drag the icon onto your programs folder.")
    assert near_pairs([windows, mac]) == set()
