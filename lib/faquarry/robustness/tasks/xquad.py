"""XQuAD: 1,190 questions over 240 paragraphs, translated into each of its languages; and its sentences (XQuAD-R).

Sources: Artetxe et al. 2020 (XQuAD); Roy et al. 2020 (LAReQA, which made XQuAD-R). The relevant paragraph is the one the
question was asked about, the relevant sentence the one that its answer stands in.
"""

from __future__ import annotations

import gzip
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from faquarry.errors import NothingToRead, SourceError
from faquarry.language.codes import to_iso639_3
from faquarry.robustness.collection import Collection
from faquarry.robustness.tasks.task import Place

__all__ = ["Xquad", "XquadSentences"]

_FILE = re.compile(r"(?:xquad\.)?([a-z]{2,3})\.json(?:\.gz)?")


@dataclass(frozen=True)
class Xquad:
    """Question → paragraph."""

    files: dict[str, Path]  # by language

    name: ClassVar[str] = "xquad"
    place: ClassVar[tuple[str, ...]] = ("xquad", "xquad")

    @classmethod
    def at(cls, argument: str, place: Place) -> Xquad:
        folder = place.folder(cls.name, *cls.place)
        files = {}
        for path in sorted(folder.iterdir()):
            match = _FILE.fullmatch(path.name)
            language = to_iso639_3(match[1]) if match else None
            if language is not None:
                files[language] = path
        if not files:
            raise NothingToRead(f"{folder} holds no file of the task {cls.name} (as in xquad.en.json or en.json.gz).")
        return cls(files)

    def languages(self) -> Sequence[str]:
        return sorted(self.files)

    def read(self, language: str) -> Collection:
        corpus: list[str] = []
        rows: list[tuple[str, str, str, int]] = []
        try:
            for cluster, paragraph in _paragraphs(self.files[language]):
                texts, place_of = self.texts(paragraph)
                for asked in paragraph["qas"]:
                    right = len(corpus) + place_of(int(asked["answers"][0]["answer_start"]))
                    rows.append((str(asked["id"]), asked["question"], cluster, right))
                corpus += texts
        except (KeyError, IndexError, TypeError, ValueError, EOFError) as error:
            raise SourceError(f"{self.files[language]} is not in the form of {self.name}: {error!r}.") from error
        rows.sort()
        ids, queries, clusters, right_ones = zip(*rows, strict=True) if rows else ((), (), (), ())
        relevant = [{place: 1.0} for place in right_ones]
        return Collection(self.name, language, ids, queries, clusters, relevant, corpus)

    def texts(self, paragraph: dict[str, Any]) -> tuple[list[str], Any]:
        """What is looked for in a paragraph, and which of these an answer that begins at a character stands in."""
        return [paragraph["context"]], lambda start: 0


@dataclass(frozen=True)
class XquadSentences(Xquad):
    """Question → sentence."""

    name: ClassVar[str] = "xquad-r"
    place: ClassVar[tuple[str, ...]] = ("xquad", "xquad-r")

    def texts(self, paragraph: dict[str, Any]) -> tuple[list[str], Any]:
        starts = [start for start, _ in paragraph["sentence_breaks"]]
        return paragraph["sentences"], lambda start: max(0, bisect_right(starts, start) - 1)


def _paragraphs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each paragraph with its cluster, ``article#number``: the same in every translation."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        articles = json.load(file)["data"]
    number = 0
    for article in articles:
        for paragraph in article["paragraphs"]:
            yield f"{article['title']}#{number:03}", paragraph
            number += 1
