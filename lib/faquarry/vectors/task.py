"""What a worker does with its share of the texts: Arrow batches in, vectors out, without Spark.

Spark's Arrow batches have thousands of rows of any length. They are pooled up to a number of bytes, so that sorting by
length has enough to choose from and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from queue import Queue
from threading import Thread
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.vectors.batching import Budget, Encoded, encode_all
from faquarry.vectors.halves import binary_column, matrix_of
from faquarry.vectors.model import Encoder, Tokenised

__all__ = ["ENCODED", "SCORED", "TEXTS", "ahead", "encode_batches", "pooled", "scored_batches"]

Item = TypeVar("Item")

TEXTS = pa.schema([("text_hash", pa.string()), ("task", pa.string()), ("text", pa.string())])
ENCODED = pa.schema(
    [("text_hash", pa.string()), ("tokens", pa.int32()), ("padded", pa.int32()), ("vector", pa.binary())]
)
SCORED = pa.schema([("id", pa.string()), ("score", pa.float32())])
_UNSORTED_BYTES = 256 * 1024  # of a model that does not pad: what its tokens take stays near the core
_ROWS_OUT = 8192  # a batch given back to Spark: some megabytes of vectors


def encode_batches(
    batches: Iterable[pa.RecordBatch],
    encoder: Encoder,
    *,
    budget: Budget,
    pool_bytes: int,
    tokenise_ahead: bool = False,
    done: Callable[[int, int], None] = lambda texts, tokens: None,
) -> Iterator[pa.RecordBatch]:
    """Batches of `TEXTS` to batches of `ENCODED`, in the same order. `done` is told texts and tokens after each pool.

    `tokenise_ahead` tokenises the next pool in a thread of its own while this one is encoded (on a GPU).
    """

    def tokenised(pool: pa.Table) -> list[tuple[pa.Table, Tokenised]]:
        return [(part, encoder.tokenise(part.column("text").to_pylist(), task)) for task, part in _by_task(pool)]

    if not encoder.info.pads:
        pool_bytes = min(pool_bytes, _UNSORTED_BYTES)
    pools: Iterator[list[tuple[pa.Table, Tokenised]]] = map(tokenised, pooled(batches, pool_bytes))
    for parts in ahead(pools) if tokenise_ahead else pools:
        for part, tokens in parts:
            encoded = encode_all(tokens, budget, encoder.info.dim)
            yield from _rows(part, encoded)
            done(len(encoded.tokens), int(encoded.tokens.sum()))


def pooled(batches: Iterable[pa.RecordBatch], pool_bytes: int) -> Iterator[pa.Table]:
    """Joins batches, or cuts them, until they hold about `pool_bytes`; empty ones vanish."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for piece in chain.from_iterable(_cut(batch, pool_bytes) for batch in batches):
        waiting.append(piece)
        size += piece.nbytes
        if size >= pool_bytes:
            yield pa.Table.from_batches(waiting)
            waiting, size = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _cut(batch: pa.RecordBatch, most_bytes: int) -> Iterator[pa.RecordBatch]:
    """A batch in pieces of about that size, by rows."""
    rows = max(1, round(batch.num_rows * most_bytes / max(1, batch.nbytes)))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is used; what raises there raises here."""
    queue: Queue[tuple[Item | None, BaseException | None]] = Queue(maxsize=1)

    def fill() -> None:
        try:
            for item in items:
                queue.put((item, None))
            queue.put((None, None))
        except BaseException as error:
            queue.put((None, error))

    Thread(target=fill, daemon=True).start()
    while True:
        item, error = queue.get()
        if error is not None:
            raise error
        if item is None:
            return
        yield item


def _by_task(pool: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """A pool by the adapter its texts want; nearly always one part."""
    tasks = pool.column("task").unique().to_pylist()
    if len(tasks) == 1:
        yield tasks[0], pool
        return
    for task in sorted(tasks, key=str):
        mine = pc.is_null(pool.column("task")) if task is None else pc.equal(pool.column("task"), task)
        yield task, pool.filter(mine)


def _rows(part: pa.Table, encoded: Encoded) -> Iterator[pa.RecordBatch]:
    hashes = part.column("text_hash").combine_chunks()
    for start in range(0, len(hashes), _ROWS_OUT):
        rows = slice(start, start + _ROWS_OUT)
        columns = [
            hashes[rows],
            pa.array(encoded.tokens[rows], pa.int32()),
            pa.array(encoded.padded[rows], pa.int32()),
            binary_column(np.asarray(encoded.vectors[rows])),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=ENCODED)


def scored_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches (id, question, answer) of ids and vectors to `SCORED`: the cosine of the two."""
    for batch in batches:
        if batch.num_rows:
            question, answer = matrix_of(batch.column("question")), matrix_of(batch.column("answer"))
            scores = np.einsum("ij,ij->i", question, answer)
            yield pa.RecordBatch.from_arrays([batch.column("id"), pa.array(scores, pa.float32())], schema=SCORED)
