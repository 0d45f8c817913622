"""What a worker does with its share of the pairs: Arrow batches of texts in, the same pairs with scores out, without Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from faquarry.vectors.batching import Budget, encode_all
from faquarry.vectors.model import Tokenised
from faquarry.vectors.scoring.model import Scorer
from faquarry.vectors.task import ahead, pooled

__all__ = ["PAIRS", "SCORED", "score_batches"]

PAIRS = pa.schema([("query_id", pa.string()), ("text_id", pa.string()), ("query", pa.string()), ("text", pa.string())])
"""A question and a text; the columns may be dictionaries, so that what stands in many pairs is there once."""

SCORED = pa.schema([("query_id", pa.string()), ("text_id", pa.string()), ("score", pa.float32())])


def score_batches(
    batches: Iterable[pa.RecordBatch],
    scorer: Scorer,
    *,
    budget: Budget,
    pool_bytes: int,
    tokenise_ahead: bool = False,
    done: Callable[[int, int], None] = lambda pairs, tokens: None,
) -> Iterator[pa.RecordBatch]:
    """Batches of `PAIRS` to batches of `SCORED` in the same order. A score does not depend on what is scored beside it.

    Args:
        batches: what Spark gives; empty ones may be among them. Pairs of a query one after the other are scored faster.
        scorer: the loaded scorer.
        budget: tokens of a batch; it shrinks when memory runs out.
        pool_bytes: about how much text is sorted by length at a time.
        tokenise_ahead: tokenise the next pool in a thread of its own while this one is scored (on a GPU).
        done: told pairs and tokens after each pool.
    """
    pools = _tokenised(pooled(batches, pool_bytes), scorer)
    for rows, tokenised in ahead(pools) if tokenise_ahead else pools:
        found = encode_all(tokenised, budget, 1)
        columns = [
            *(rows.column(name).cast(pa.string()).combine_chunks() for name in ("query_id", "text_id")),
            pa.array(found.vectors[:, 0]),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SCORED)
        done(len(found.tokens), int(found.tokens.sum()))


def _tokenised(pools: Iterator[pa.Table], scorer: Scorer) -> Iterator[tuple[pa.Table, Tokenised]]:
    for rows in pools:
        yield rows, scorer.tokenise(_texts(rows.column("query")), _texts(rows.column("text")))


def _texts(column: pa.ChunkedArray) -> list[str]:
    """The same string object wherever a dictionary has it once: looking it up then costs no more than a pointer."""
    found: list[str] = []
    if not pa.types.is_dictionary(column.type):
        found.extend(column.to_pylist())
        return found
    for chunk in column.chunks:
        names = chunk.dictionary.to_pylist()
        found.extend(map(names.__getitem__, chunk.indices.to_pylist()))
    return found
