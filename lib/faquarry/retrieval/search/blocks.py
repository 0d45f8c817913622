"""What a worker does to search: the queries of a task, then the blocks of its language one after the other. No Spark.

Only the best of each query are kept from block to block, so that a task needs the memory of its queries and of one block,
however large the language is. Documents are told by their whole ids: which blocks they stand in changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from faquarry.retrieval.bm25 import Block, WeightedTerms
from faquarry.retrieval.search.index import BLOCK, block_of, ids_of

__all__ = ["HITS", "QUERY", "SEARCH", "Formula", "searched"]

QUERY = pa.schema([("query_id", pa.string()), ("asked", pa.list_(pa.string())), ("idf", pa.list_(pa.float32()))])
"""A query's terms, repeats included, and the idf of each in the whole language."""

SEARCH = pa.schema(
    [
        ("task", pa.int32()),
        ("kind", pa.int32()),  # 0 a query, 1 a block
        ("average_length", pa.float64()),  # of a query's language: tokens of an answer
        *QUERY,
        *BLOCK,
    ]
)
"""What a task is given: rows in the order of task, kind, block and query."""

HITS = pa.schema(
    [
        ("language", pa.string()),
        ("query_id", pa.string()),
        ("ids", pa.list_(pa.string())),
        ("bm25_scores", pa.list_(pa.float32())),
    ]
)

STRETCH = 2048  # queries whose hits leave at a time


@dataclass(frozen=True)
class Formula:
    """The constants of BM25, and how many answers of a query are wanted."""

    k1: float
    b: float
    depth: int


class _Best:
    """The best `depth` documents of every query so far."""

    def __init__(self, language: str, queries: list[tuple[str, WeightedTerms]], depth: int) -> None:
        self.language, self.queries = language, queries
        shape = (len(queries), depth)
        self.scores = np.zeros(shape, np.float32)
        self.heads, self.tails = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)

    def add(self, block: Block, ids: bytes, average_length: float, formula: Formula) -> None:
        from faquarry.retrieval.kernel import merge

        halves = np.frombuffer(ids, dtype=">u8").reshape(-1, 2).astype(np.uint64)
        impacts = block.impacts(average_length, formula.k1, formula.b)
        for start in range(0, len(self.queries), STRETCH):
            rows = slice(start, start + STRETCH)
            asked = [query for _, query in self.queries[rows]]
            least = self.scores[rows, -1]  # what enters a full list at all
            numbers, scores = block.search(impacts, asked, formula.depth, np.ascontiguousarray(least))
            found = np.maximum(numbers, 0)  # an absent one scores 0, whatever its id
            heads, tails = halves[found, 0], halves[found, 1]
            merge(self.scores[rows], self.heads[rows], self.tails[rows], scores, heads, tails)

    def rows(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self.queries), STRETCH):
            rows = slice(start, start + STRETCH)
            names = [name for name, _ in self.queries[rows]]
            hits = self.scores[rows] > 0
            ends = np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int32)
            ids = ids_of(self.heads[rows][hits], self.tails[rows][hits])
            columns = [
                pa.array([self.language] * len(names)),
                pa.array(names),
                pa.ListArray.from_arrays(ends, pa.array(ids, pa.string())),
                pa.ListArray.from_arrays(ends, pa.array(self.scores[rows][hits])),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=HITS)


def searched(batches: Iterable[pa.RecordBatch], formula: Formula) -> Iterator[pa.RecordBatch]:
    """Rows of `SEARCH` -> a row of `HITS` for every query, best first, equal scores in the order of ids."""
    task: int | None = None
    average_length = 0.0
    queries: list[tuple[str, WeightedTerms]] = []
    best: _Best | None = None
    for row in _rows(batches):
        if row["task"] != task:
            if best is not None:
                yield from best.rows()
            task, queries, best = row["task"], [], None
        if row["kind"] == 0:
            queries.append((row["query_id"], (row["asked"] or (), row["idf"] or ())))
            average_length = row["average_length"]
            continue
        if best is None:
            best = _Best(row["language"], queries, formula.depth)
        best.add(block_of(row), row["ids"], average_length, formula)
    if best is not None:
        yield from best.rows()


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Rows one at a time; large columns are not copied before their turn."""
    for batch in batches:
        for number in range(batch.num_rows):
            yield {name: _value(column[number]) for name, column in zip(batch.schema.names, batch.columns, strict=True)}


def _value(cell: pa.Scalar) -> Any:
    if isinstance(cell, pa.BinaryScalar) and not isinstance(cell, pa.StringScalar):
        return cell.as_buffer()
    return cell.as_py()
