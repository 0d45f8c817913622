"""Duplicates that are planted: copies of texts with a share of their characters or words edited; and what is found of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.dedup.components import components
from faquarry.dedup.jaccard import near_similarity
from faquarry.dedup.minhash import bands_for, least_agreement
from faquarry.dedup.tasks import FOUND, SCORED, cut, find, score, sign

__all__ = ["LANGUAGES", "RATES", "Copy", "Pair", "copies", "groups", "id_of", "near_pairs", "similarity"]

LANGUAGES = ("eng", "deu", "fra", "spa", "rus", "ara", "hin", "kor", "vie", "zho", "jpn", "tha")
UNSPACED = frozenset(("zho", "jpn", "tha"))
RATES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)

Pair = tuple[str, str]  # question, answer


@dataclass(frozen=True)
class Copy:
    original: Pair
    edited: Pair
    language: str
    unit: str  # characters or words
    rate: float


def id_of(pair: Pair) -> str:
    return hashlib.md5(" ".join(pair).encode()).hexdigest()


def copies(texts: dict[str, Sequence[Pair]], seed: int = 0) -> Iterator[Copy]:
    """Every pair once a rate and unit: of its question and of its answer that share is replaced, deleted or added to."""
    rng = random.Random(seed)
    for language, pairs in texts.items():
        everything = " ".join(text for pair in pairs for text in pair)
        units = {"characters": sorted(set(everything)), "words": sorted(set(everything.split()))}
        if language in UNSPACED:
            del units["words"]
        for pair in pairs:
            for unit, choice in units.items():
                for rate in RATES:
                    edited = tuple(_edited(text, unit, rate, choice, rng) for text in pair)
                    yield Copy(pair, (edited[0], edited[1]), language, unit, rate)


def _edited(text: str, unit: str, rate: float, choice: Sequence[str], rng: random.Random) -> str:
    parts = list(text) if unit == "characters" else text.split()
    times = int(rate * len(parts) + rng.random())  # rounded at random, so that short texts get their share
    for _ in range(times):
        place = rng.randrange(len(parts))
        match rng.randrange(3):
            case 0:
                parts[place] = rng.choice(choice)
            case 1 if len(parts) > 1:
                del parts[place]
            case _:
                parts.insert(place, rng.choice(choice))
    return ("" if unit == "characters" else " ").join(parts)


def near_pairs(
    pairs: Sequence[Pair], threshold: float = 0.8, question: float = 0.3, cap: int = 64
) -> set[frozenset[int]]:
    """Row numbers of pairs that the steps of `deduplicate` link, one step after the other, without Spark."""
    ids = [id_of(pair) for pair in pairs]
    questions, answers = (pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1))
    place = pa.array(np.zeros(len(pairs), np.int64))
    batch = pa.record_batch({"id": pa.array(ids), "place": place, "question": questions, "answer": answers})
    agreement = least_agreement(threshold - 0.1)
    found = pa.Table.from_batches(find(cut(sign([batch], bands_for(threshold), "run"), 4), cap, agreement), FOUND)
    near = found.filter(pc.equal(found.column("what"), "near"))
    keys = np.array([int(id_[:16], 16) for id_ in ids], np.uint64)
    order = np.argsort(keys)
    both = [
        order[np.searchsorted(keys[order], near.column(name).to_numpy().view(np.uint64))]
        for name in ("first", "second")
    ]
    rows = np.unique(np.sort(np.stack(both, axis=1), axis=1), axis=0)
    one, other = (pa.array(rows[:, side]) for side in (0, 1))
    columns = {"id1": pa.array(ids).take(one), "id2": pa.array(ids).take(other)}
    for side, taken in ((1, one), (2, other)):
        columns |= {f"question{side}": questions.take(taken), f"answer{side}": answers.take(taken)}
    scored = pa.Table.from_batches(score([pa.record_batch(columns)], threshold), SCORED)
    asked, similar = (scored.column(name).to_numpy() for name in ("asked", "similarity"))
    kept = (similar >= np.float32(threshold)) & (asked >= np.float32(question))
    return {frozenset(row) for row in rows[kept].tolist()}


def groups(edges: set[frozenset[int]], nodes: int) -> np.ndarray:
    ends = np.array([sorted(edge) for edge in edges], np.int64).reshape(-1, 2)
    return components(ends[:, 0], ends[:, 1], nodes)


def similarity(one: Sequence[Pair], other: Sequence[Pair], threshold: float = 0.8) -> np.ndarray:
    sides = [tuple(pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)) for pairs in (one, other)]
    return near_similarity(sides[0], sides[1], threshold)[0]  # type: ignore[arg-type]
