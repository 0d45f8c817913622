"""What a task is in one language: queries, what is relevant to each, and the texts they are looked for among."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

__all__ = ["MEASURED", "Collection", "sharing"]

MEASURED = "1"
"""Raised when the same texts would give other numbers: it is part of every version of a task."""


@dataclass(frozen=True, eq=False)
class Collection:
    """A task in one language.

    Attributes:
        clusters: of each query, what it rises and falls together with. Where clusters belong to larger groups the name is
            ``group#number``. Translations of one paragraph have one name in all languages.
        relevant: of each query, gains by place in `corpus`.
        corpus: in the order of ids, so that of equal scores the smaller id goes first.
        variants: the queries as people wrote them otherwise, by a name for how; None where nobody did.
    """

    task: str
    language: str
    ids: Sequence[str]
    queries: Sequence[str]
    clusters: Sequence[str]
    relevant: Sequence[Mapping[int, float]]
    corpus: Sequence[str]
    variants: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """16 hex digits that change when a text, a judgement or the way to measure does."""
        total = hashlib.sha256(f"{MEASURED}\0{self.task}\0{self.language}\0".encode())
        judged = (repr(sorted(one.items())) for one in self.relevant)
        written = (text or "" for name, texts in sorted(self.variants.items()) for text in (name, *texts))
        for text in chain(self.ids, self.queries, self.clusters, judged, self.corpus, written):
            total.update(text.encode("utf-8", "surrogatepass") + b"\0")
        return total.hexdigest()[:16]


def sharing(relevant: Iterable[Mapping[int, float]]) -> list[str]:
    """Clusters of queries that share relevant documents, in any number of steps; a name each.

    >>> sharing([{1: 1.0}, {2: 1.0}, {1: 1.0, 3: 1.0}])
    ['1', '2', '1']
    """
    leads: dict[int, int] = {}

    def root(place: int) -> int:
        while leads.setdefault(place, place) != place:
            leads[place] = leads[leads[place]]
            place = leads[place]
        return place

    judged = [sorted(one) for one in relevant]
    for places in judged:
        for place in places[1:]:
            one, other = sorted((root(places[0]), root(place)))
            leads[other] = one
    return [str(root(places[0])) if places else f"none{number}" for number, places in enumerate(judged)]
