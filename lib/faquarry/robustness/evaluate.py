"""Measures a system over a collection, cell by cell: the rows of the table `evaluations`.

Cells are taken some at a time, so that their queries are encoded in large batches; what two cells make of a query alike
(another seed, an operation that found no place) is encoded and ranked once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faquarry.lake.tables import EVALUATIONS
from faquarry.retrieval.measures import MEASURES, judgements, measured_at
from faquarry.robustness.cells import Asked, Cell, asked
from faquarry.robustness.collection import Collection
from faquarry.robustness.systems import Ranker, System

__all__ = ["Evaluation", "Measured"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_QUERIES = 65_536  # asked together: some hundred MB of texts, vectors and scores
_KEPT = 1_000_000  # perturbed queries kept for the next system; others are made again


@dataclass(frozen=True)
class Measured:
    """Some cells, measured: `rows` are of `EVALUATIONS`."""

    cells: Sequence[Cell]
    rows: pa.Table


@dataclass(eq=False)
class Evaluation:
    """All systems over one collection; what a query becomes is found once for all of them, as far as memory goes."""

    collection: Collection
    run_id: str
    _made: dict[Cell, list[Asked]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._documents, self._gains = judgements(self.collection.relevant)

    def of(self, system: System, cells: Sequence[Cell]) -> Iterator[Measured]:
        """The cells in order, some at a time."""
        ranker = system.over(self.collection)
        step = max(1, _QUERIES // max(1, len(self.collection.ids)))
        for start in range(0, len(cells), step):
            part = cells[start : start + step]
            yield Measured(part, self._rows(system, part, [self._asked(cell, ranker) for cell in part], ranker))

    def _asked(self, cell: Cell, ranker: Ranker) -> list[Asked]:
        if cell.perturbation.startswith("worst-of-"):  # of this system: no other shares it
            return asked(self.collection, cell, partial(self._score, ranker))
        found = self._made.get(cell)
        if found is None:
            found = asked(self.collection, cell, _no_score)
            if len(self._made) * len(found) < _KEPT:
                self._made[cell] = found
        return found

    def _score(self, ranker: Ranker, texts: Sequence[str], owners: Sequence[int]) -> Sequence[float]:
        """What an adversary brings down: the reciprocal rank, as far as rankings go."""
        rows = np.asarray(owners, np.int64)
        places = ranker.places(texts, self._documents[rows])
        scores: list[float] = measured_at(places, self._gains[rows], ["mrr@100"])["mrr@100"].tolist()
        return scores

    def _rows(self, system: System, cells: Sequence[Cell], ways: Sequence[list[Asked]], ranker: Ranker) -> pa.Table:
        values, place = self._measured(ways, ranker)
        count, queries = len(cells) * len(MEASURES), len(self.collection.ids)
        edits = [one.edits for way in ways for one in way]
        of_cell = np.repeat(np.arange(len(cells)), len(MEASURES) * queries)
        of_query = np.tile(np.arange(queries), count)
        asked_at = of_cell * queries + of_query
        measure = np.tile(np.repeat(np.arange(len(MEASURES)), queries), len(cells))

        def each(values_: Sequence[object], rows: npt.NDArray[np.integer], kind: pa.DataType) -> pa.Array:
            return pa.array(values_, kind).take(pa.array(rows))

        size = count * queries
        columns = {
            "model": pa.repeat(system.name, size),
            "task": pa.repeat(self.collection.task, size),
            "language": pa.repeat(self.collection.language, size),
            "perturbation": each([cell.perturbation for cell in cells], of_cell, pa.string()),
            "strength": each([cell.strength for cell in cells], of_cell, pa.string()),
            "seed": each([cell.seed for cell in cells], of_cell, pa.int32()),
            "metric": each(MEASURES, measure, pa.string()),
            "query_id": each(self.collection.ids, of_query, pa.string()),
            "cluster_id": each(self.collection.clusters, of_query, pa.string()),
            "revision": pa.repeat(system.revision, size),
            "task_version": pa.repeat(self.collection.version, size),
            "value": pa.array(values[measure, place[asked_at]]),
            "edits": each(edits, asked_at, pa.int32()),
            "run_id": pa.repeat(self.run_id, size),
            "changed": each([one.changed for way in ways for one in way], asked_at, pa.bool_()),
        }
        return pa.table([columns[name] for name in EVALUATIONS.columns], schema=EVALUATIONS.schema)

    def _measured(self, ways: Sequence[list[Asked]], ranker: Ranker) -> tuple[Floats, Ints]:
        """-> measures of the distinct (query, text), (measures, d); which of these each query of each way is, (ways * n,)"""
        known: dict[tuple[int, str], int] = {}
        place = [known.setdefault((row, one.text), len(known)) for way in ways for row, one in enumerate(way)]
        rows = np.fromiter((row for row, _ in known), np.int64, len(known))
        places = ranker.places([text for _, text in known], self._documents[rows])
        found = measured_at(places, self._gains[rows])
        return np.stack([found[name] for name in MEASURES]), np.asarray(place, np.int64)


def _no_score(texts: Sequence[str], owners: Sequence[int]) -> Sequence[float]:
    raise AssertionError("only an adversary asks for scores")
