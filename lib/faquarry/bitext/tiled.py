"""Large sites: languages cut into blocks of vectors, blocks multiplied by many workers, lists merged. No Spark.

Three steps, each a function over Arrow batches that Spark gives to Python workers:

1. `blocks`: the vectors of one language, in the order of their ids, as blocks of a fixed number of rows;
2. `compared`: a rectangle of blocks, both directions from one product; a worker holds the left blocks and one right block;
3. `finished`: the lists of two languages merged (the mean over neighbours needs the whole list), then the same rule as for
   small sites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from faquarry.bitext.align import align_languages
from faquarry.bitext.evidence import Tables, prepare
from faquarry.bitext.rows import PAGE_ROW, PAIR_ROW, aligned_batches, page_of, side_of
from faquarry.bitext.rules import Rules
from faquarry.bitext.side import Half, Page, Side
from faquarry.vectors.halves import HALF, halves_of
from faquarry.vectors.search import SLACK, Neighbours, TopK, empty, merge, rescored, shifted

__all__ = ["BLOCK", "COMPARED", "LISTS", "PARTS", "PLACED", "blocks", "compared", "finished"]

BLOCK = pa.schema(
    [
        ("site", pa.string()),
        ("language", pa.string()),
        ("block", pa.int32()),
        ("rows", pa.int32()),
        ("vectors", pa.binary()),
    ]
)
PLACED = pa.schema([("side", pa.int32()), *((field.name, field.type) for field in BLOCK)])
"""A block as a task is given it: side 0 left, 1 right."""

LISTS = [
    ("back", pa.bool_()),
    ("start", pa.int64()),
    ("rows", pa.int32()),
    ("indices", pa.binary()),
    ("scores", pa.binary()),
]
COMPARED = pa.schema([("site", pa.string()), ("language1", pa.string()), ("language2", pa.string()), *LISTS])
"""Neighbour lists of a stretch of rows: of the left language, or (`back`) of the right one."""

PARTS = pa.schema([("kind", pa.int32()), ("site", pa.string()), *PAGE_ROW, *PAIR_ROW, *LISTS])
"""What the last step is given: pages (kind 0), pairs of the left (1) and of the right language (2), lists (3)."""

_FIELD_BYTES = 400_000_000
"""Vectors of questions and answers apart are weighed up to this size; more would not fit beside the rest."""


def blocks(batches: Iterable[pa.RecordBatch], block_rows: int) -> Iterator[pa.RecordBatch]:
    """Rows (site, language, vector) in the order of site, language and id -> blocks of `block_rows` vectors."""
    current: tuple[str, str] | None = None
    number, waiting, count = 0, list[Half](), 0

    def block(vectors: Half) -> pa.RecordBatch:
        assert current is not None
        row = {"site": current[0], "language": current[1], "block": number, "rows": len(vectors)}
        return pa.RecordBatch.from_pylist([{**row, "vectors": vectors.tobytes()}], schema=BLOCK)

    for batch in batches:
        names = list(zip(batch.column("site").to_pylist(), batch.column("language").to_pylist(), strict=True))
        vectors = halves_of(batch.column("vector"))
        start = 0
        while start < len(names):
            if names[start] != current:
                if waiting:
                    yield block(np.concatenate(waiting))
                current, number, waiting, count = names[start], 0, [], 0
            end = start + 1
            while end < len(names) and names[end] == current and count + end - start < block_rows:
                end += 1
            waiting.append(vectors[start:end])
            count += end - start
            start = end
            if count == block_rows:
                yield block(np.concatenate(waiting))
                number, waiting, count = number + 1, [], 0
    if waiting:
        yield block(np.concatenate(waiting))


def compared(
    batches: Iterable[pa.RecordBatch], k: int, block_rows: int, search: Neighbours
) -> Iterator[pa.RecordBatch]:
    """The placed blocks of one rectangle (left ones first, each side in order) -> its neighbour lists in both directions.

    Scores are those of float32 products; a few neighbours beyond k are kept for `finished` to tell the best k exactly.
    """
    k += SLACK
    left: list[Half] = []
    names: tuple[str, str, str] | None = None
    starts = [0, 0]
    forth: TopK | None = None
    sweep = None
    for row in _rows(batches):
        vectors = np.frombuffer(row["vectors"], dtype=HALF).reshape(row["rows"], -1)
        start = row["block"] * block_rows
        if row["side"] == 0:
            starts[0] = start if not left else starts[0]
            left.append(vectors)
            first = row["language"]
            continue
        if sweep is None:
            names = (row["site"], first, row["language"])
            starts[1] = start
            sweep = search.sweep(np.concatenate(left), k)
            left = []
        back = sweep.add(vectors)
        assert names is not None
        yield _lists(names, True, start, shifted(back, starts[0]))
    if sweep is not None and names is not None:
        forth = shifted(sweep.done(), starts[1])
        yield _lists(names, False, starts[0], forth)


def finished(batches: Iterable[pa.RecordBatch], rules: Rules) -> Iterator[pa.RecordBatch]:
    """All that is known of two languages of a site (PARTS, in the order of kind and id) -> their bitexts."""
    pages: list[Page] = []
    pairs: dict[int, list[pa.RecordBatch]] = {1: [], 2: []}
    lists: dict[bool, list[tuple[int, TopK]]] = {False: [], True: []}
    wide = rules.k + SLACK
    for batch in batches:
        kinds = batch.column("kind").to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
        for start, end in pairwise(cuts):
            if start == end:
                continue
            part = batch.slice(start, end - start)
            kind = int(kinds[start])
            if kind == 0:
                pages += [page_of(row) for row in part.select(list(dict(PAGE_ROW))).to_pylist()]
            elif kind in pairs:
                pairs[kind].append(part.select(["site", "page_id", *dict(PAIR_ROW)]))
            else:
                for row in part.select(list(dict(LISTS))).to_pylist():
                    lists[row["back"]].append((row["start"], _list_of(row, wide)))
    if not pairs[1] or not pairs[2]:
        return
    left, right = (_side(pa.Table.from_batches(pairs.pop(kind)), pages) for kind in (1, 2))
    pa.default_memory_pool().release_unused()
    if sum(_field_bytes(side) for side in (left, right)) > _FIELD_BYTES:
        left, right = (replace(side, question_vectors=None, answer_vectors=None) for side in (left, right))
    forth = rescored(_gathered(len(left), wide, lists.pop(False)), left.vectors, right.vectors, rules.k)
    back = rescored(_gathered(len(right), wide, lists.pop(True)), right.vectors, left.vectors, rules.k)
    tables = Tables.new()
    yield from aligned_batches(align_languages(prepare(left, tables), prepare(right, tables), (forth, back), rules))


def _side(pairs: pa.Table, pages: list[Page]) -> Side:
    return side_of(pairs["site"][0].as_py(), pairs["language"][0].as_py(), pairs, pages)


def _field_bytes(side: Side) -> int:
    return sum(vectors.nbytes for vectors in (side.question_vectors, side.answer_vectors) if vectors is not None)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for number in range(len(batch)):
            yield batch.slice(number, 1).to_pylist()[0]


def _lists(names: tuple[str, str, str], back: bool, start: int, found: TopK) -> pa.RecordBatch:
    row = dict(zip(("site", "language1", "language2"), names, strict=True))
    bytes_ = {"indices": found.indices.astype("<i8").tobytes(), "scores": found.scores.astype("<f4").tobytes()}
    return pa.RecordBatch.from_pylist(
        [{**row, "back": back, "start": start, "rows": len(found), **bytes_}], schema=COMPARED
    )


def _list_of(row: dict[str, Any], wide: int) -> TopK:
    indices = np.frombuffer(row["indices"], dtype="<i8").reshape(-1, wide)
    return TopK(
        indices.astype(np.int64), np.frombuffer(row["scores"], dtype="<f4").reshape(-1, wide).astype(np.float32)
    )


def _gathered(rows: int, wide: int, parts: list[tuple[int, TopK]]) -> TopK:
    """Lists of stretches, several a stretch, as one list a row."""
    found = empty(rows, wide)
    by_start: dict[int, list[TopK]] = {}
    for start, lists in parts:
        by_start.setdefault(start, []).append(lists)
    for start, several in by_start.items():
        merged = reduce(merge, several)
        found.indices[start : start + len(merged)] = merged.indices
        found.scores[start : start + len(merged)] = merged.scores
    return found
