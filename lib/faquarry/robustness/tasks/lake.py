"""The benchmark tables of a lake: test queries among all answers of their language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.retrieval.benchmark.read import languages, questions
from faquarry.robustness.collection import Collection
from faquarry.robustness.tasks.task import Place

__all__ = ["LakeBenchmark"]

_SPLIT = "test"


@dataclass(frozen=True)
class LakeBenchmark:
    """Question → answer; queries of a site are a cluster."""

    lake: str

    name: ClassVar[str] = "lake"

    @classmethod
    def at(cls, argument: str, place: Place) -> LakeBenchmark:
        if place.lake is None or not languages(Lake(place.lake), _SPLIT):
            raise NothingToRead(
                f"The lake {place.lake} holds no benchmark with {_SPLIT} queries: faquarry benchmark builds one."
            )
        return cls(place.lake)

    def languages(self) -> Sequence[str]:
        return languages(Lake(self.lake), _SPLIT)

    def read(self, language: str) -> Collection:
        found = questions(self.lake, _SPLIT, language=language)
        if not found:
            raise NothingToRead(f"The lake {self.lake} holds no judged {_SPLIT} queries in {language}.")
        one = found[0]
        return Collection("lake", language, one.ids, one.texts, one.sites, one.relevant, one.corpus)
