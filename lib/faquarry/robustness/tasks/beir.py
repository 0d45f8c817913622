"""Folders in the form of BEIR: corpus.jsonl, queries.jsonl and qrels/test.tsv.

Beside ``queries.jsonl`` there may be ``queries_HOW.jsonl``: the same queries as people wrote them otherwise, which are a
perturbation of that name. ``queries_clean.jsonl`` is another name of the plain ones.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faquarry.config.settings import LanguageSettings
from faquarry.errors import NothingToRead, SourceError
from faquarry.language import Hints, languages_of
from faquarry.robustness.collection import Collection, sharing
from faquarry.robustness.tasks.task import Place

__all__ = ["Beir", "XquadDisfluent"]

_PLAIN = ("queries", "queries_clean")
_LOOKED_AT = 200  # queries by which the language is told


@dataclass(frozen=True)
class Beir:
    """A folder in one language; queries that share relevant documents are a cluster."""

    name: str
    folder: Path
    language: str | None = None

    @classmethod
    def at(cls, argument: str, place: Place) -> Beir:
        folder = Path(argument).expanduser()
        if not folder.is_dir():
            raise NothingToRead(f"There is no folder {argument}: give beir: a folder with corpus.jsonl, queries.jsonl.")
        return cls(f"beir:{folder.absolute().name}", folder, place.language)

    def languages(self) -> Sequence[str]:
        return [self.language or self._identified()]

    def read(self, language: str) -> Collection:
        documents = sorted(
            (str(row["_id"]), f"{row.get('title') or ''} {row.get('text') or ''}".strip())
            for row in self._rows("corpus")
        )
        places = {name: place for place, (name, _) in enumerate(documents)}
        judged = self._judged()
        asked = sorted((str(row["_id"]), str(row["text"])) for row in self._rows(self._plain()))
        rows = [
            (name, text, gains)
            for name, text in asked
            if (gains := {places[one]: gain for one, gain in judged.get(name, {}).items() if one in places})
        ]
        if not rows:
            raise NothingToRead(f"No query of {self.folder} has a relevant document in its corpus (qrels/test.tsv).")
        ids, queries, relevant = zip(*rows, strict=True)
        variants = {how: self._variant(path, ids) for how, path in self._written_otherwise().items()}
        return Collection(
            self.name, language, ids, queries, sharing(relevant), relevant, [text for _, text in documents], variants
        )

    def _identified(self) -> str:
        texts = [str(row["text"]) for row, _ in zip(self._rows(self._plain()), range(_LOOKED_AT), strict=False)]
        found = Counter(languages_of(texts, [Hints()] * len(texts), LanguageSettings()))
        found.pop("und", None)
        return found.most_common(1)[0][0] if found else "und"

    def _plain(self) -> str:
        for name in _PLAIN:
            if _file(self.folder, name) is not None:
                return name
        raise NothingToRead(f"The folder {self.folder} holds no queries.jsonl.")

    def _written_otherwise(self) -> dict[str, str]:
        stems = {path.name.partition(".jsonl")[0] for path in self.folder.glob("queries_*.jsonl*")} - set(_PLAIN)
        return {stem.removeprefix("queries_"): stem for stem in sorted(stems)}

    def _variant(self, stem: str, ids: Sequence[str]) -> list[str | None]:
        texts = {str(row["_id"]): str(row["text"]) for row in self._rows(stem)}
        return [texts.get(name) for name in ids]

    def _rows(self, stem: str) -> Iterator[dict[str, Any]]:
        path = _file(self.folder, stem)
        if path is None:
            raise NothingToRead(f"The folder {self.folder} holds no {stem}.jsonl.")
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    known = "_id" in row and ("text" in row or stem == "corpus")
                except (ValueError, TypeError):
                    known = False
                if not known:
                    raise SourceError(f"{path}, line {number}, is no JSON object with _id and text.")
                yield row

    def _judged(self) -> dict[str, dict[str, float]]:
        path = self.folder / "qrels" / "test.tsv"
        if not path.is_file():
            raise NothingToRead(f"The folder {self.folder} holds no judgements: qrels/test.tsv is looked for.")
        found: dict[str, dict[str, float]] = {}
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
                if number == 1 and row[:1] == ["query-id"]:
                    continue
                try:
                    query, document, gain = row[0], row[1], float(row[2])
                except (IndexError, ValueError):
                    raise SourceError(f"{path}, line {number}, is not query-id, corpus-id, score with tabs.") from None
                if gain > 0:
                    found.setdefault(query, {})[document] = gain
        return found


@dataclass(frozen=True)
class XquadDisfluent(Beir):
    """Questions over XQuAD's paragraphs with the disfluent versions that people made of them (Gupta et al. 2021).

    The perturbation is called ``disfluent``.
    """

    @classmethod
    def at(cls, argument: str, place: Place) -> XquadDisfluent:
        return cls("xquad-disfl", place.folder("xquad-disfl", "xquad", "xquad-disfl"), "eng")

    def read(self, language: str) -> Collection:
        found = super().read(language)
        return replace(found, clusters=[f"paragraph{cluster}" for cluster in found.clusters])


def _file(folder: Path, stem: str) -> Path | None:
    return next((path for end in (".jsonl", ".jsonl.gz") if (path := folder / f"{stem}{end}").is_file()), None)


def _opened(path: Path) -> Any:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
