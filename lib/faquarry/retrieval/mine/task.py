"""What a worker does to mine: scores the candidates that no guard spoke against, and chooses each query's negatives. No Spark.

Rows come sorted by query, its positive first. What the scorer is given is a stream of its own that runs ahead of the rows
by one pool of texts; scores come back in its order and are put where they belong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.retrieval.mine.choose import Rules, choose
from faquarry.retrieval.mine.guards import SIMILAR
from faquarry.vectors.halves import matrix_of
from faquarry.vectors.scoring import PAIRS

__all__ = ["CANDIDATE", "MINED", "mined"]

CANDIDATE = pa.schema(
    [
        ("language", pa.string()),
        ("query_id", pa.string()),
        ("place", pa.int32()),  # in BM25's order; -1: the positive
        ("id", pa.string()),
        ("bm25_score", pa.float32()),
        ("ruled_out", pa.string()),
        ("known", pa.float32()),  # the score, where an earlier run has it
        ("query", pa.string()),
        ("text", pa.string()),
        ("q_vector", pa.binary()),  # of the question; null: not known, or not asked for
        ("d_vectors", pa.list_(pa.binary())),  # of the questions that the answer is given to
    ]
)
"""What a task is given: in the order of query and place."""

SCORES = pa.list_(pa.float32())
NAMES = pa.list_(pa.string())
MINED = pa.schema(
    [
        ("language", pa.string()),
        ("query_id", pa.string()),
        ("positive_id", pa.string()),
        ("outcome", pa.string()),
        ("pos_score", pa.float32()),
        ("ids", NAMES),
        ("candidate_scores", SCORES),
        ("ruled_out", NAMES),
        ("scores", SCORES),
        ("negative_ids", NAMES),
        ("neg_scores", SCORES),
        ("bm25_scores", SCORES),
        ("query", pa.string()),
        ("positive", pa.string()),
        ("negatives", NAMES),
    ]
)
"""A query: its candidates as in `_candidates` (`candidate_scores` are BM25's), and what was chosen as in `negatives`."""

Scoring = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
ROWS = 256  # queries of a batch that leaves


@dataclass(frozen=True)
class _Waiting:
    """Rows whose scores are under way: `due` (n,) says which ones."""

    rows: pa.Table
    due: npt.NDArray[np.bool_]


def mined(
    batches: Iterable[pa.RecordBatch], score: Scoring, rules: Rules, similar_from: float | None = None
) -> Iterator[pa.RecordBatch]:
    """Rows of `CANDIDATE` -> a row of `MINED` for every query.

    Args:
        batches: sorted by query and place.
        score: `PAIRS` to scores in the same order (`vectors.scoring.scoring`).
        rules: what makes a scored candidate a negative.
        similar_from: cosine from which two questions say the same; None: they are not compared.
    """
    waiting: deque[_Waiting] = deque()

    def asked() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                rows = pa.Table.from_batches([batch])
                if similar_from is not None:
                    rows = _without_similar(rows, similar_from)
                due = pc.and_(pc.is_null(rows["ruled_out"]), pc.is_null(rows["known"])).combine_chunks()
                waiting.append(_Waiting(rows, due.to_numpy(zero_copy_only=False)))
                yield _pairs(rows.filter(due))

    done = _Queries(rules)
    scores = np.zeros(0, np.float32)
    for scored in score(asked()):
        scores = np.concatenate([scores, scored.column("score").to_numpy()])
        while waiting and waiting[0].due.sum() <= len(scores):
            first = waiting.popleft()
            count = int(first.due.sum())
            yield from done.add(first, scores[:count])
            scores = scores[count:]
    while waiting:  # the last ones needed no score
        yield from done.add(waiting.popleft(), np.zeros(0, np.float32))
    yield from done.end()


def _pairs(rows: pa.Table) -> pa.RecordBatch:
    columns = [rows[name].combine_chunks() for name in ("query_id", "id", "query", "text")]
    return pa.RecordBatch.from_arrays(columns, schema=PAIRS)


def _without_similar(rows: pa.Table, similar_from: float) -> pa.Table:
    """Rules out the answers to a question whose vector says the same as the query's."""
    vectors = rows["d_vectors"].combine_chunks()
    parents = pc.list_parent_indices(vectors).to_numpy()
    asked = rows["q_vector"].combine_chunks().take(pa.array(parents))
    both = asked.is_valid().to_numpy(zero_copy_only=False)
    if not both.any():
        return rows
    parents, flat = parents[both], vectors.flatten().filter(pa.array(both))
    cosines = np.einsum("nd,nd->n", matrix_of(asked.filter(pa.array(both))), matrix_of(flat))
    similar = np.zeros(len(rows), bool)
    similar[parents[cosines >= similar_from]] = True
    told = rows["ruled_out"].combine_chunks()
    speaks = pc.and_(pc.and_(pa.array(similar), pc.is_null(told)), pc.greater_equal(rows["place"].combine_chunks(), 0))
    column = pc.if_else(speaks, pa.scalar(SIMILAR), told)
    return rows.set_column(rows.schema.get_field_index("ruled_out"), "ruled_out", column)


class _Queries:
    """Puts the rows of a query together, and chooses."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.rest: pa.Table | None = None  # of the query that may go on in the next batch
        self.done: list[dict[str, object]] = []

    def add(self, waiting: _Waiting, scores: npt.NDArray[np.float32]) -> Iterator[pa.RecordBatch]:
        known = waiting.rows["known"].combine_chunks().to_numpy(zero_copy_only=False).astype(np.float32)
        known[waiting.due] = scores
        rows = waiting.rows.drop_columns(["known", "q_vector", "d_vectors"]).append_column("score", pa.array(known))
        if self.rest is not None:
            rows = pa.concat_tables([self.rest, rows])
        names = rows["query_id"].combine_chunks()
        starts = np.flatnonzero(pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)) + 1
        begin = 0
        for end in starts.tolist():
            yield from self._settle(rows.slice(begin, end - begin))
            begin = end
        self.rest = rows.slice(begin)

    def end(self) -> Iterator[pa.RecordBatch]:
        if self.rest is not None:
            yield from self._settle(self.rest)
        if self.done:
            yield pa.RecordBatch.from_pylist(self.done, schema=MINED)

    def _settle(self, rows: pa.Table) -> Iterator[pa.RecordBatch]:
        first = {name: rows[name][0].as_py() for name in ("language", "query_id", "id", "query", "text", "score")}
        candidates = rows.slice(1)
        told = candidates["ruled_out"].to_pylist()
        scores = candidates["score"].to_numpy().astype(np.float32)
        scores = np.where([name is not None for name in told], np.float32(np.nan), scores) if told else scores
        choice = choose(first["score"], scores, self.rules)
        bm25 = candidates["bm25_score"].to_numpy()
        chosen = candidates.take(pa.array(choice.chosen))
        self.done.append(
            {
                "language": first["language"],
                "query_id": first["query_id"],
                "positive_id": first["id"],
                "outcome": choice.outcome,
                "pos_score": first["score"],
                "ids": candidates["id"].to_pylist(),
                "candidate_scores": bm25,
                "ruled_out": [one or other for one, other in zip(told, choice.ruled_out, strict=True)],
                "scores": [None if np.isnan(score) else score for score in scores.tolist()],
                "negative_ids": chosen["id"].to_pylist(),
                "neg_scores": scores[choice.chosen],
                "bm25_scores": bm25[choice.chosen],
                "query": first["query"],
                "positive": first["text"],
                "negatives": chosen["text"].to_pylist(),
            }
        )
        if len(self.done) >= ROWS:
            yield pa.RecordBatch.from_pylist(self.done, schema=MINED)
            self.done = []
