"""What a worker does to mine: guards rule out, the scorer reads what is left, negatives are chosen. No Spark.

A task is given its answers first, each once, then its queries, which name their candidates. So a text that stands for a
hundred queries travels once, and its guards and vectors with it. What the scorer is given is a stream of its own that runs
ahead of the queries by one pool of texts; scores come back in its order and are put where they belong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.retrieval.mine.choose import Rules
from faquarry.retrieval.mine.guards import SHARED
from faquarry.retrieval.mine.meeting import MINED, NAMES, SCORES, Answers, Meeting, meeting_of

__all__ = ["MINED", "WORK", "mined"]

WORK = pa.schema(
    [
        ("kind", pa.int32()),  # 0: an answer; 1: a query
        ("language", pa.string()),
        ("id", pa.string()),
        ("text", pa.string()),
        # of an answer: of all pairs that give it
        *((name, pa.list_(pa.int64())) for name in SHARED.values()),
        ("vectors", pa.list_(pa.binary())),  # of their questions
        # of a query
        ("positive_id", pa.string()),
        ("ids", NAMES),  # candidates in BM25's order
        ("bm25_scores", SCORES),
        ("vector", pa.binary()),  # of the question; null: not known, or not asked for
        ("known_ids", NAMES),  # the candidates of an earlier run; null: there was none
        ("known_scores", SCORES),
        ("known_positive", pa.float32()),
    ]
)
"""What a task is given: answers before queries."""

Scoring = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
QUERIES = 256  # that are looked at together


def mined(
    batches: Iterable[pa.RecordBatch],
    score: Scoring,
    rules: Rules,
    guards: tuple[str, ...] = (),
    similar_from: float | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of `WORK` -> a row of `MINED` for every query.

    A candidate, or a query's positive, that is not among the answers is left out.

    Args:
        batches: all answers, then the queries.
        score: `PAIRS` to scores in the same order (`vectors.scoring.scoring`).
        rules: what makes a scored candidate a negative.
        guards: those that are on (`guards_of`).
        similar_from: cosine from which two questions say the same; None: they are not compared.
    """
    answers, rest = _parted(batches)
    waiting: deque[Meeting] = deque()

    def asked() -> Iterator[pa.RecordBatch]:
        for queries in rest:
            waiting.append(meeting_of(queries, answers, guards, similar_from))
            yield waiting[-1].pairs()

    scores = np.zeros(0, np.float32)
    for scored in score(asked()):
        scores = np.concatenate([scores, scored.column("score").to_numpy()])
        while waiting and waiting[0].wanted <= len(scores):
            first = waiting.popleft()
            yield first.settled(scores[: first.wanted], rules)
            scores = scores[first.wanted :]
    while waiting:  # the last ones needed no score
        yield waiting.popleft().settled(np.zeros(0, np.float32), rules)


def _parted(batches: Iterable[pa.RecordBatch]) -> tuple[Answers, Iterator[pa.Table]]:
    """The answers, and the queries, some at a time."""
    told: list[pa.RecordBatch] = []
    every = iter(batches)
    first: list[pa.RecordBatch] = []
    for batch in every:
        count = int(pc.sum(pc.equal(batch.column("kind"), 0)).as_py() or 0)
        told.append(batch.slice(0, count))
        if count < batch.num_rows:
            first = [batch.slice(count)]
            break

    def queries() -> Iterator[pa.Table]:
        for batch in chain(first, every):
            for start in range(0, batch.num_rows, QUERIES):
                yield pa.Table.from_batches([batch.slice(start, QUERIES)])

    return Answers(pa.Table.from_batches(told, WORK)), queries()
