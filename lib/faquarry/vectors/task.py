"""What a worker does with its share of the rows: Arrow batches of texts in, the same rows with vectors out, without Spark.

Spark's Arrow batches have thousands of rows of any length. They are pooled up to a number of bytes, so that sorting by
length has enough to choose from and memory stays bounded. Rows come sorted by the hash of their text: equal texts stand
together, are encoded once, and share the vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from queue import Queue
from threading import Thread
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.vectors.batching import Budget, Encoded, encode_all
from faquarry.vectors.halves import binary_column, matrix_of
from faquarry.vectors.model import Encoder, Tokenised

__all__ = ["ENCODED", "SCORED", "TEXTS", "ahead", "encode_batches", "pooled", "scored_batches"]

Item = TypeVar("Item")

TEXTS = pa.schema([("id", pa.string()), ("field", pa.string()), ("text_hash", pa.string()), ("text", pa.string())])
ENCODED = pa.schema(
    [
        ("id", pa.string()),
        ("field", pa.string()),
        ("text_hash", pa.string()),
        ("encoded", pa.bool_()),  # false where the vector is that of an equal text before it
        ("tokens", pa.int32()),
        ("padded", pa.int32()),
        ("vector", pa.binary()),
    ]
)
SCORED = pa.schema([("id", pa.string()), ("score", pa.float32())])
_STATIC_TEXTS = 1024  # that a static model is given at a time: what their tokens take stays near the core
_ROWS_OUT = 8192  # a batch given back to Spark: some megabytes of vectors


@dataclass(frozen=True)
class _Pool:
    """Rows and their distinct texts. `new` marks the rows that bring a text; those before the first of them have the
    last text of the pool before."""

    rows: pa.Table
    new: npt.NDArray[np.bool_]
    texts: list[str]
    tokens: Tokenised | None  # of models that pad; None when no row brings a text


def encode_batches(
    batches: Iterable[pa.RecordBatch],
    encoder: Encoder,
    *,
    budget: Budget,
    pool_bytes: int,
    task: str | None = None,
    tokenise_ahead: bool = False,
    done: Callable[[int, int], None] = lambda texts, tokens: None,
) -> Iterator[pa.RecordBatch]:
    """Batches of `TEXTS`, sorted by text_hash, to batches of `ENCODED` in the same order.

    Args:
        batches: what Spark gives; empty ones may be among them.
        encoder: the loaded model.
        budget: tokens of a batch; it shrinks when memory runs out.
        pool_bytes: about how much text is sorted by length at a time.
        task: the adapter of the model that encodes them.
        tokenise_ahead: tokenise the next pool in a thread of its own while this one is encoded (on a GPU).
        done: told texts and tokens after each pool.
    """
    pools = _tokenised(pooled(batches, pool_bytes), encoder, task)
    last = np.zeros((1, encoder.info.dim), np.float32)
    for pool in ahead(pools) if tokenise_ahead else pools:
        if pool.tokens is not None:
            found = encode_all(pool.tokens, budget, encoder.info.dim)
        else:
            found = _alike_together(pool.texts, encoder, budget, task)
        vectors = np.concatenate([last, found.vectors])
        yield from _rows(pool, vectors, found)
        last = vectors[-1:]
        done(len(found.tokens), int(found.tokens.sum()))


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


def _tokenised(pools: Iterator[pa.Table], encoder: Encoder, task: str | None) -> Iterator[_Pool]:
    before: str | None = None
    for rows in pools:
        hashes = rows.column("text_hash").combine_chunks()
        new = np.empty(len(hashes), bool)
        new[0] = hashes[0].as_py() != before
        new[1:] = pc.not_equal(hashes[1:], hashes[:-1]).to_numpy(zero_copy_only=False)
        before = hashes[-1].as_py()
        texts = rows.column("text").filter(pa.array(new)).to_pylist()
        yield _Pool(rows, new, texts, encoder.tokenise(texts, task) if texts and encoder.info.pads else None)


def _alike_together(texts: list[str], encoder: Encoder, budget: Budget, task: str | None) -> Encoded:
    """Texts for a static model, in the order of the alphabet: one script and language after another.

    Rows come in the order of hashes, that is, in none; a table of vectors of which another part is wanted all the time
    does not stay in the cache, which costs a quarter of the speed.
    """
    vectors = np.zeros((len(texts), encoder.info.dim), np.float32)
    tokens = np.zeros(len(texts), np.int32)
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), np.intp)
    for start in range(0, len(texts), _STATIC_TEXTS):
        rows = order[start : start + _STATIC_TEXTS]
        found = encode_all(encoder.tokenise([texts[row] for row in rows], task), budget, encoder.info.dim)
        vectors[rows], tokens[rows] = found.vectors, found.tokens
    return Encoded(vectors, tokens, tokens)


def _rows(pool: _Pool, vectors: npt.NDArray[np.float32], found: Encoded) -> Iterator[pa.RecordBatch]:
    """Rows with their vectors, of which the first is that of the pool before; tokens stand beside who brought the text."""
    places = np.cumsum(pool.new)
    told = np.zeros((2, len(pool.new)), np.int32)
    told[:, pool.new] = found.tokens, found.padded
    rows = pool.rows.select(["id", "field", "text_hash"]).combine_chunks()
    for start in range(0, len(pool.new), _ROWS_OUT):
        part = slice(start, start + _ROWS_OUT)
        columns = [
            *(column.chunk(0)[part] for column in rows.columns),
            pa.array(pool.new[part]),
            pa.array(told[0, part], pa.int32()),
            pa.array(told[1, part], pa.int32()),
            binary_column(vectors[places[part]]),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=ENCODED)


def scored_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches (id, question, answer) of ids and vectors to `SCORED`: the cosine of the two."""
    for batch in batches:
        if batch.num_rows:
            question, answer = matrix_of(batch.column("question")), matrix_of(batch.column("answer"))
            scores = np.einsum("ij,ij->i", question, answer)
            yield pa.RecordBatch.from_arrays([batch.column("id"), pa.array(scores, pa.float32())], schema=SCORED)
