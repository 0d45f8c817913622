"""What the finished model's cosines mean: its thresholds, found on parallel text that it was not trained on.

Held-out sentences are put together into made-up sites: in each language some dozens of texts of several sentences, of which
a part has no counterpart in the other language, as on real sites. Their mutual nearest neighbours are right or wrong.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from faquarry.training.small.texts import Pair
from faquarry.vectors.model import Thresholds

__all__ = ["Judged", "judge", "thresholds"]

Floats = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]

_TEXTS = 60  # of a made-up site
_SENTENCES = 6  # of a text, at most
_ALONE = 0.3  # share of texts without a counterpart
_LANGUAGES = 8  # of a made-up site
_UNRELATED = 40_000  # pairs of texts that have nothing to do with each other
_PRECISION, _RECALL = 0.98, 0.95  # real sites repeat themselves more than made-up ones: hence not 0.95


@dataclass(frozen=True)
class Judged:
    """Mutual neighbours on made-up sites: their cosines, whether they are right, and how many could have been found."""

    cosines: Floats
    right: npt.NDArray[np.bool_]
    possible: int
    unrelated: Floats  # cosines of different texts of one language and source

    def f1(self) -> float:
        """At its best threshold."""
        order = np.argsort(-self.cosines, kind="stable")
        hits = np.cumsum(self.right[order])
        return float((2 * hits / (np.arange(1, len(hits) + 1) + self.possible)).max()) if len(hits) else 0.0


def judge(pairs: Sequence[Pair], encode: Encode, seed: int) -> Judged:
    """Builds sites from held-out `pairs` and finds their mutual neighbours."""
    rng = np.random.default_rng(seed)
    by_source: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for pair in pairs:
        by_source[pair.source][pair.language][pair.english] = pair.text
        by_source[pair.source]["eng"][pair.english] = pair.english
    cosines: list[float] = []
    right: list[bool] = []
    unrelated: list[Floats] = []
    possible = 0
    for source in sorted(by_source):
        spoken = sorted(by_source[source])
        for first in range(0, len(spoken), _LANGUAGES):
            site = {language: by_source[source][language] for language in {"eng", *spoken[first : first + _LANGUAGES]}}
            made = {language: _texts(rng, site[language]) for language in sorted(site)}
            vectors = {language: encode(list(texts.values())) for language, texts in made.items() if texts}
            unrelated += [_others(rng, found) for found in vectors.values()]
            for one, other in combinations(vectors, 2):
                keys, others = list(made[one]), list(made[other])
                scores = vectors[one] @ vectors[other].T
                best, back = scores.argmax(1), scores.argmax(0)
                for row in np.flatnonzero(back[best] == np.arange(len(keys))):
                    key, found = keys[row], others[best[row]]
                    if key == found or not set(key) & set(found):  # what overlaps is neither right nor wrong
                        cosines.append(float(scores[row, best[row]]))
                        right.append(key == found)
                possible += len(set(keys) & set(others))
    return Judged(
        np.array(cosines, np.float32), np.array(right, bool), possible, np.concatenate(unrelated)[:_UNRELATED]
    )


def _texts(rng: np.random.Generator, sentences: dict[str, str]) -> dict[tuple[str, ...], str]:
    """Texts of some sentences each, by what they say; in all languages the same, but for those that are missing."""
    # Order and cuts come from a sentence's own hash: the same in all languages, but where one lacks a sentence.
    said = sorted((hashlib.blake2b(english.encode(), digest_size=8).digest(), english) for english in sentences)
    made: dict[tuple[str, ...], str] = {}
    current: list[str] = []
    for drawn, english in said:
        current.append(english)
        if len(current) == _SENTENCES or drawn[-1] % 4 == 0:
            made[tuple(current)] = " ".join(sentences[part] for part in current)
            current = []
    kept = [key for key in made if rng.random() >= _ALONE]
    return {key: made[key] for key in kept[:_TEXTS]}


def _others(rng: np.random.Generator, vectors: Floats, draws: int = 400) -> Floats:
    if len(vectors) < 2:
        return np.zeros(0, np.float32)
    one = rng.integers(0, len(vectors), draws)
    other = (one + rng.integers(1, len(vectors), draws)) % len(vectors)
    found: Floats = np.einsum("ij,ij->i", vectors[one], vectors[other])
    return found


def thresholds(judged: Judged) -> Thresholds:
    """The model's own thresholds.

    * keep: of the right mutual neighbours, 95 % lie above it;
    * publish: from here up, 98 % of the mutual neighbours are right; at least `keep`;
    * semantic: one in a thousand pairs of unrelated texts of one language lies above it, at least `keep`;
    * low: four of five pairs of unrelated texts lie below it.
    """
    keep = float(np.quantile(judged.cosines[judged.right], 1 - _RECALL))
    order = np.argsort(-judged.cosines, kind="stable")
    precise = np.flatnonzero(np.cumsum(judged.right[order]) / np.arange(1, len(order) + 1) >= _PRECISION)
    publish = float(judged.cosines[order[precise[-1]]]) if len(precise) else 1.0
    return Thresholds(
        keep=round(keep, 2),
        publish=round(max(publish, keep), 2),
        semantic=round(max(float(np.quantile(judged.unrelated, 0.999)), keep), 2),
        low=round(float(np.quantile(judged.unrelated, 0.8)), 2),
    )
