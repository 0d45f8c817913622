"""How much two texts have in common: the exact measure by which candidates are judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faquarry.dedup.hashing import mixed
from faquarry.dedup.shingles import Shingles, character_grams, word_shingles

__all__ = ["jaccards", "near_similarity"]

Scores = npt.NDArray[np.float64]

_SALT = np.uint64(0xA0761D6478BD642F)


def jaccards(first: Sequence[Shingles], second: Sequence[Shingles]) -> Scores:
    """|A ∩ B| / |A ∪ B| text by text, A and B the shingles of that text in any of `first`, of `second`. -> (texts,)

    Two texts without shingles: 0.
    """
    texts = len(first[0])
    hashes = np.concatenate([one.hashes for one in (*first, *second)])
    owners = np.concatenate([one.owners for one in (*first, *second)])
    sides = np.repeat(np.array([1, 2], np.uint8), [sum(len(one.hashes) for one in side) for side in (first, second)])
    # One sort for all pairs: a shingle of another pair is another number.
    salted = hashes ^ mixed(owners.view(np.uint64) ^ _SALT)
    order = np.argsort(salted)
    ordered = salted[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    standing = np.bitwise_or.reduceat(sides[order], starts) if len(starts) else sides
    owners = owners[order[starts]]
    common = np.bincount(owners[standing == 3], minlength=texts)
    return common / np.maximum(np.bincount(owners, minlength=texts), 1)


def near_similarity(
    first: tuple[pa.Array, pa.Array], second: tuple[pa.Array, pa.Array], threshold: float
) -> tuple[Scores, Scores]:
    """How similar pairs (questions, answers) are, row by row: question and answer together, and the questions alone.

    Together: the Jaccard similarity of words (runs of 5 characters in unspaced stretches), which edits of whole words leave
    high; where that stays below `threshold`, that of character 5-grams, which typing errors leave high, if it is larger.
    -> (rows,), (rows,)
    """
    (questions1, answers1), (questions2, answers2) = first, second
    words1, words2 = word_shingles(questions1), word_shingles(questions2)
    together = jaccards((words1, word_shingles(answers1)), (words2, word_shingles(answers2)))
    unsure = np.flatnonzero(together < threshold)
    if len(unsure):
        rows = pa.array(unsure)
        one = [character_grams(column.take(rows)) for column in (questions1, answers1)]
        other = [character_grams(column.take(rows)) for column in (questions2, answers2)]
        together[unsure] = np.maximum(together[unsure], jaccards(one, other))
    # Two characters in a row: of a short Chinese question one edit would take most runs of five.
    asked = jaccards([word_shingles(questions1, run=2)], [word_shingles(questions2, run=2)])
    return together, asked
