"""Which aligned pairs are judged: a sample that says something of every language pair and every similarity.

A stratum is a language pair and a step of similarity. Within it the order is that of a hash, so the sample is the same
in every run, and most of it stays when the table grows: what was judged is seldom judged in vain.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["STEP", "Candidate", "Sampled", "Stratum", "draw", "stratum_of", "weights"]

STEP = 0.05

Stratum = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of `bitexts`, without its texts."""

    language1: str
    language2: str
    id1: str
    id2: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Sampled:
    """A candidate that is to be judged, and its stratum."""

    candidate: Candidate
    stratum: Stratum


def stratum_of(candidate: Candidate) -> Stratum:
    """Language pair and step of similarity.

    >>> stratum_of(Candidate("deu", "eng", "a", "b", 0.87))
    ('deu', 'eng', 17)
    """
    return candidate.language1, candidate.language2, int(candidate.similarity / STEP + 1e-6)


def draw(candidates: Iterable[Candidate], per_stratum: int, max_pairs: int) -> tuple[list[Sampled], Counter[Stratum]]:
    """A stratified sample, and the size of every stratum it was drawn from.

    When the strata together want more than `max_pairs`, each gets its first pair, then each its second, and so on.
    """
    strata: dict[Stratum, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        strata[stratum_of(candidate)].append(candidate)
    sizes: Counter[Stratum] = Counter({stratum: len(members) for stratum, members in strata.items()})
    turns = [
        (turn, _ticket(member), Sampled(member, stratum))
        for stratum, members in strata.items()
        for turn, member in enumerate(sorted(members, key=_ticket)[:per_stratum])
    ]
    turns.sort(key=lambda entry: entry[:2])
    return [sampled for _, _, sampled in turns[:max_pairs]], sizes


def weights(sampled: Sequence[Stratum], sizes: Counter[Stratum]) -> list[float]:
    """How many pairs of the table each sampled one stands for: size of its stratum over what was sampled of it."""
    drawn = Counter(sampled)
    return [sizes[stratum] / drawn[stratum] for stratum in sampled]


def _ticket(candidate: Candidate) -> str:
    return hashlib.sha256(f"{candidate.id1} {candidate.id2}".encode()).hexdigest()
