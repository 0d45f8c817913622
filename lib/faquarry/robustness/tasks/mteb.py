"""Retrieval tasks of mteb by their names (MIRACLRetrievalHardNegatives, MrTidyRetrieval …), where the hub can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from faquarry.errors import EnvironmentProblem, NothingToRead, UsageError
from faquarry.language.codes import to_iso639_3
from faquarry.robustness.collection import Collection, sharing
from faquarry.robustness.tasks.task import Place

__all__ = ["Mteb"]


@dataclass(frozen=True)
class Mteb:
    """A task that mteb (2 and later) loads."""

    called: str

    @property
    def name(self) -> str:
        return f"mteb:{self.called}"

    @classmethod
    def at(cls, argument: str, place: Place) -> Mteb:
        if find_spec("mteb") is None:
            raise UsageError("Tasks of mteb need the package mteb (2 or later), which is not installed.")
        return cls(argument)

    @cached_property
    def _task(self) -> Any:
        try:
            return import_module("mteb").get_task(self.called)
        except (KeyError, ValueError) as error:
            raise UsageError(f"mteb has no task {self.called}.") from error

    @cached_property
    def _subsets(self) -> dict[str, str]:
        """Subset of each language; those that mix two are left out."""
        spoken = self._task.metadata.eval_langs
        if not isinstance(spoken, Mapping):
            spoken = {"default": spoken}
        codes = {subset: {str(tag).partition("-")[0] for tag in tags} for subset, tags in spoken.items()}
        single = {subset: to_iso639_3(next(iter(found))) for subset, found in codes.items() if len(found) == 1}
        return {language: subset for subset, language in single.items() if language is not None}

    def languages(self) -> Sequence[str]:
        return sorted(self._subsets)

    def read(self, language: str) -> Collection:
        split = self._loaded()[self._subsets[language]]
        known = self._task.metadata.eval_splits
        part = split["test" if "test" in split and "test" in known else known[0]]
        documents = sorted((str(row["id"]), _text(row)) for row in part["corpus"])
        places = {name: place for place, (name, _) in enumerate(documents)}
        rows = []
        for row in part["queries"]:
            judged = part["relevant_docs"].get(row["id"], {})
            gains = {places[name]: float(gain) for name, gain in judged.items() if gain > 0 and name in places}
            if gains:
                rows.append((str(row["id"]), str(row["text"]), gains))
        if not rows:
            raise NothingToRead(f"The task {self.name} has no judged queries in {language}.")
        ids, queries, relevant = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
        corpus = [text for _, text in documents]
        return Collection(self.name, language, ids, queries, sharing(relevant), relevant, corpus)

    def _loaded(self) -> Any:
        try:
            self._task.load_data()
        except (OSError, ConnectionError) as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise EnvironmentProblem(f"The data of {self.name} cannot be fetched: {first}.") from error
        return self._task.dataset


def _text(row: Mapping[str, Any]) -> str:
    return f"{row.get('title') or ''} {row.get('text') or ''}".strip()
