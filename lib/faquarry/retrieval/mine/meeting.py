"""Queries and their candidates, looked at together: who is ruled out, what has to be scored, and what scores make of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.retrieval.mine.choose import Rules, choose
from faquarry.retrieval.mine.guards import GUARDS, NOBODY, SHARED, SIMILAR, Sets, spoken
from faquarry.vectors.halves import matrix_of

__all__ = ["MINED", "NAMES", "SCORES", "Answers", "Meeting", "meeting_of"]

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

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Answers:
    """The answers of a task, by their numbers."""

    def __init__(self, rows: pa.Table) -> None:
        rows = rows.combine_chunks()
        self.ids, self.texts, self.vectors = (_column(rows, name) for name in ("id", "text", "vectors"))
        self.sets = {name: Sets(_column(rows, name)) for name in SHARED.values()}

    def numbers(self, ids: pa.Array) -> Ints:
        """-> (n,); -1 for one that is not there"""
        found: Ints = pc.fill_null(pc.index_in(ids, value_set=self.ids), -1).to_numpy(zero_copy_only=False)
        return found.astype(np.int64)


@dataclass
class Meeting:
    """Queries with their candidates, those of all queries in a row.

    `candidates` (n,) and `positives` (queries,) are numbers of answers; `parents` (n,) says whose candidate, `told` (n,) which
    guard spoke; `known` (n,) and `known_positives` (queries,) are scores of an earlier run, NaN where it has none.
    """

    queries: pa.Table
    answers: Answers
    positives: Ints
    candidates: Ints
    parents: Ints
    bm25: Floats
    told: npt.NDArray[np.int8]
    known: Floats
    known_positives: Floats

    @cached_property
    def ends(self) -> Ints:
        """Where the candidates of each query end. -> (queries,)"""
        found: Ints = np.cumsum(np.bincount(self.parents, minlength=len(self.queries)))
        return found

    @cached_property
    def due(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which positives and which candidates have to be scored."""
        return np.isnan(self.known_positives), (self.told == NOBODY) & np.isnan(self.known)

    @cached_property
    def _order(self) -> Ints:
        """What is due, positives before candidates, in the order of `pairs`: of each query its positive first."""
        right, others = self.due
        found: Ints = np.argsort(np.concatenate([np.flatnonzero(right), self.parents[others]]), kind="stable")
        return found

    @property
    def wanted(self) -> int:
        """How many pairs have to be scored."""
        return len(self._order)

    def pairs(self) -> pa.RecordBatch:
        """`PAIRS` of what is due: of every query its positive, then its candidates; a text is there once."""
        right, others = self.due
        queries = np.concatenate([np.flatnonzero(right), self.parents[others]])[self._order]
        wanted = np.concatenate([self.positives[right], self.candidates[others]])[self._order]
        numbers, texts = np.unique(wanted, return_inverse=True)
        asked, answered = pa.array(queries.astype(np.int32)), pa.array(texts.astype(np.int32))
        there = pa.array(numbers)
        columns = {
            "query_id": (asked, _column(self.queries, "id")),
            "text_id": (answered, self.answers.ids.take(there)),
            "query": (asked, _column(self.queries, "text")),
            "text": (answered, self.answers.texts.take(there)),
        }
        arrays = [pa.DictionaryArray.from_arrays(index, names) for index, names in columns.values()]
        return pa.RecordBatch.from_arrays(arrays, names=list(columns))

    def settled(self, scores: Floats, rules: Rules) -> pa.RecordBatch:
        """A row of `MINED` for every query, from the scores of `pairs`."""
        right, others = self.due
        placed = np.empty(len(scores), np.float32)
        placed[self._order] = scores
        positive, every = self.known_positives.copy(), self.known.copy()
        positive[right], every[others] = placed[: right.sum()], placed[right.sum() :]
        every[self.told != NOBODY] = np.nan
        starts = self.ends - np.diff(self.ends, prepend=0)
        choices = [
            choose(float(score), every[start:end], rules)
            for start, end, score in zip(starts, self.ends, positive, strict=True)
        ]
        margins = pa.array([name for choice in choices for name in choice.ruled_out], pa.string())
        told = pa.array(GUARDS).take(pa.array(self.told, mask=self.told == NOBODY))
        chosen = np.concatenate([np.zeros(0, np.intp), *(s + c.chosen for s, c in zip(starts, choices, strict=True))])
        kept = np.cumsum([len(choice.chosen) for choice in choices])
        negatives = pa.array(self.candidates[chosen])
        names, texts = self.answers.ids, self.answers.texts
        columns: dict[str, Any] = {
            "language": _column(self.queries, "language"),
            "query_id": _column(self.queries, "id"),
            "positive_id": names.take(pa.array(self.positives)),
            "outcome": pa.array([choice.outcome for choice in choices], pa.string()),
            "pos_score": pa.array(positive, pa.float32()),
            "ids": _lists(names.take(pa.array(self.candidates)), self.ends),
            "candidate_scores": _lists(pa.array(self.bm25), self.ends),
            "ruled_out": _lists(pc.coalesce(told, margins), self.ends),
            "scores": _lists(pa.array(every, mask=np.isnan(every)), self.ends),
            "negative_ids": _lists(names.take(negatives), kept),
            "neg_scores": _lists(pa.array(every[chosen]), kept),
            "bm25_scores": _lists(pa.array(self.bm25[chosen]), kept),
            "query": _column(self.queries, "text"),
            "positive": texts.take(pa.array(self.positives)),
            "negatives": _lists(texts.take(negatives), kept),
        }
        return pa.RecordBatch.from_pydict(columns, schema=MINED)


def meeting_of(queries: pa.Table, answers: Answers, guards: tuple[str, ...], similar_from: float | None) -> Meeting:
    positives = answers.numbers(_column(queries, "positive_id"))
    queries, positives = queries.filter(pa.array(positives >= 0)).combine_chunks(), positives[positives >= 0]
    lists = _column(queries, "ids")
    parents, candidates = pc.list_parent_indices(lists).to_numpy(), answers.numbers(lists.flatten())
    bm25 = _column(queries, "bm25_scores").flatten().to_numpy()
    there = candidates >= 0
    parents, candidates, bm25 = parents[there].astype(np.int64), candidates[there], bm25[there]
    told = spoken(guards, answers.sets, candidates, positives[parents])
    if similar_from is not None:
        left = np.flatnonzero(told == NOBODY)
        alike = _similar(queries, answers, parents[left], candidates[left], similar_from)
        told[left[alike]] = SIMILAR
    known = _known(queries, answers, parents, candidates)
    right = _column(queries, "known_positive").to_numpy(zero_copy_only=False).astype(np.float32)
    return Meeting(queries, answers, positives, candidates, parents, bm25, told, known, right)


def _similar(
    queries: pa.Table, answers: Answers, parents: Ints, candidates: Ints, similar_from: float
) -> npt.NDArray[np.bool_]:
    """Which candidates answer a question whose vector says the same as the query's. -> (n,)"""
    found = np.zeros(len(candidates), bool)
    asked = _column(queries, "vector")
    has = asked.is_valid().to_numpy(zero_copy_only=False)
    numbers, places = np.unique(candidates[has[parents]], return_inverse=True)
    some = answers.vectors.take(pa.array(numbers))
    told = matrix_of(some.flatten())
    if not len(told):
        return found
    lengths = pc.fill_null(pc.list_value_length(some), 0).to_numpy(zero_copy_only=False)
    of_answer = _lists(pa.array(np.arange(len(told))), np.cumsum(lengths))
    mine = matrix_of(asked.drop_null())
    row_of = np.cumsum(has) - 1
    rows = np.flatnonzero(has[parents])
    splits = np.searchsorted(parents[rows], np.arange(len(queries) + 1))
    for query in np.flatnonzero(has):
        of = slice(splits[query], splits[query + 1])
        vectors = of_answer.take(pa.array(places[of]))
        close = told[vectors.flatten().to_numpy()] @ mine[row_of[query]] >= similar_from
        found[rows[of][pc.list_parent_indices(vectors).to_numpy()[close]]] = True
    return found


def _known(queries: pa.Table, answers: Answers, parents: Ints, candidates: Ints) -> Floats:
    """Scores that an earlier run has left. -> (n,), NaN for what it has not"""
    found = np.full(len(candidates), np.nan, np.float32)
    lists = _column(queries, "known_ids")
    if lists.null_count == len(lists):
        return found
    numbers = answers.numbers(lists.flatten())
    there = numbers >= 0
    keys = pc.list_parent_indices(lists).to_numpy()[there] * np.int64(len(answers.ids)) + numbers[there]
    scores = _column(queries, "known_scores").flatten().to_numpy(zero_copy_only=False)[there]
    at = pc.index_in(pa.array(parents * len(answers.ids) + candidates), value_set=pa.array(keys))
    has = at.is_valid().to_numpy(zero_copy_only=False)
    found[has] = scores[at.drop_null().to_numpy()]
    return found


def _column(rows: pa.Table, name: str) -> Any:
    column = rows.column(name).combine_chunks()
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def _lists(values: pa.Array, ends: Ints) -> pa.ListArray:
    """Lists that end where `ends` says."""
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values)
