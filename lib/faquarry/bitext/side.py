"""What is compared: the pairs of one language, with their pages and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Half", "Ints", "Page", "Side"]

Ints = npt.NDArray[np.int64]
Half = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Page:
    """What a page says of itself and of its versions in other languages. `alternates` are addresses."""

    page_id: str
    url: str
    canonical: str | None = None
    alternates: tuple[str, ...] = ()
    questions: int = 0


@dataclass(frozen=True)
class Side:
    """n pairs of one language in the order of their ids; `page` points into `pages`.

    `vectors` are those of question and answer together, by the model that aligns; those of the two apart may come from
    another model, and may be missing. `groups` are those of repeated
    questions (table `duplicates`), None for a pair in none.
    """

    language: str
    ids: Sequence[str]
    sites: Sequence[str]
    pages: Sequence[Page]
    page: Ints
    position: Ints
    questions: Sequence[str]
    answers: Sequence[str]
    vectors: Half
    question_vectors: Half | None = None
    answer_vectors: Half | None = None
    groups: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, rows: Ints) -> Side:
        """Some of the pairs; `rows` ascending."""

        def some(values: Sequence[Any]) -> Sequence[Any]:
            return [values[row] for row in rows.tolist()]

        def vectors(values: Any) -> Any:
            return None if values is None else values[rows]

        return replace(
            self,
            ids=some(self.ids),
            sites=some(self.sites),
            page=self.page[rows],
            position=self.position[rows],
            questions=some(self.questions),
            answers=some(self.answers),
            vectors=self.vectors[rows],
            question_vectors=vectors(self.question_vectors),
            answer_vectors=vectors(self.answer_vectors),
            groups=None if self.groups is None else some(self.groups),
        )
