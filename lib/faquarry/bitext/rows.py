"""Rows in, rows out: sides made of Arrow batches, bitexts turned into Arrow batches. No Spark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.bitext.align import Aligned, align_site
from faquarry.bitext.once import comparable
from faquarry.bitext.rules import Rules
from faquarry.bitext.side import Half, Page, Side
from faquarry.lake.tables import BITEXTS
from faquarry.vectors.halves import halves_of
from faquarry.vectors.search import Neighbours

__all__ = ["ALIGNED", "PAGE_ROW", "PAIR_ROW", "ROW", "aligned_batches", "aligned_sites", "page_of", "side_of"]

PAGE_ROW = [
    ("page_id", pa.string()),
    ("url", pa.string()),
    ("canonical", pa.string()),
    ("alternates", pa.list_(pa.field("element", pa.string()))),
    ("page_questions", pa.int32()),
]
PAIR_ROW = [
    ("language", pa.string()),
    ("id", pa.string()),
    ("position", pa.int32()),
    ("question_group", pa.string()),
    ("question", pa.string()),
    ("answer", pa.string()),
    ("vector", pa.binary()),
    ("question_vector", pa.binary()),
    ("answer_vector", pa.binary()),
]
ROW = pa.schema([("site", pa.string()), ("kind", pa.int32()), *PAGE_ROW, *PAIR_ROW])
"""A page (kind 0) or a pair (kind 1) of a site: a worker is given the pages of a site, then its pairs."""

OF_THE_RUN = ("model", "revision", "run_id")
ALIGNED = pa.schema([field for field in BITEXTS.schema if field.name not in OF_THE_RUN])
"""A bitext before the stage signs it."""


def aligned_sites(batches: Iterable[pa.RecordBatch], rules: Rules, search: Neighbours) -> Iterator[pa.RecordBatch]:
    """The bitexts of sites whose rows come one site after the other, pages first. One site is held at a time."""
    for site, rows in _by_site(batches):
        pages = [page_of(row) for row in rows.filter(pc.equal(rows["kind"], 0)).select(dict(PAGE_ROW)).to_pylist()]
        pairs = rows.filter(pc.equal(rows["kind"], 1))
        languages = sorted(pc.unique(pairs["language"]).to_pylist())
        sides = (side_of(site, name, pairs.filter(pc.equal(pairs["language"], name)), pages) for name in languages)
        for aligned in align_site([comparable(side) for side in sides], rules, search):
            yield from aligned_batches(aligned)


def page_of(row: dict[str, Any]) -> Page:
    return Page(
        row["page_id"], row["url"], row["canonical"], tuple(row["alternates"] or ()), row["page_questions"] or 0
    )


def side_of(site: str, language: str, pairs: pa.Table, pages: Sequence[Page]) -> Side:
    """The pairs of a language as a side, in the order of their ids, with the pages they stand on."""
    ids = pairs["id"].combine_chunks()
    if len(ids) > 1 and pc.any(pc.less(ids[1:], ids[:-1])).as_py():
        pairs = pairs.sort_by("id")
    numbers = {page.page_id: number for number, page in enumerate(pages)}
    places = np.array([numbers.get(page_id, -1) for page_id in pairs["page_id"].to_pylist()], dtype=np.int64)
    used = sorted(set(places.tolist()))
    here = {number: place for place, number in enumerate(used)}
    vectors = _halves(pairs["vector"])
    assert vectors is not None
    return Side(
        language=language,
        ids=pairs["id"].to_pylist(),
        sites=[site] * len(pairs),
        pages=[pages[number] if number >= 0 else Page("", "") for number in used],
        page=np.array([here[number] for number in places.tolist()], dtype=np.int64),
        position=pairs["position"].to_numpy().astype(np.int64),
        questions=pairs["question"].to_pylist(),
        answers=pairs["answer"].to_pylist(),
        vectors=vectors,
        question_vectors=_halves(pairs["question_vector"]),
        answer_vectors=_halves(pairs["answer_vector"]),
        groups=pairs["question_group"].to_pylist(),
    )


def aligned_batches(aligned: Aligned, rows: int = 2000) -> Iterator[pa.RecordBatch]:
    """Bitexts as rows of the table."""
    for start in range(0, len(aligned), rows):
        part = slice(start, start + rows)
        columns: dict[str, Any] = {
            "language1": [aligned.left.language] * len(aligned.i[part]),
            "language2": [aligned.right.language] * len(aligned.i[part]),
            "scope": aligned.scope[part],
        }
        for name in ("similarity", "margin", "confidence"):
            columns[name] = getattr(aligned, name)[part].astype(np.float32)
        for name in ("mutual", "hreflang", "same_position", "published"):
            columns[name] = getattr(aligned, name)[part]
        for number, side, places in (("1", aligned.left, aligned.i[part]), ("2", aligned.right, aligned.j[part])):
            for name, values in (
                ("id", side.ids),
                ("site", side.sites),
                ("question", side.questions),
                ("answer", side.answers),
            ):
                columns[name + number] = [values[place] for place in places.tolist()]
        arrays = [pa.array(columns[field.name], field.type) for field in ALIGNED]
        yield pa.RecordBatch.from_arrays(arrays, schema=ALIGNED)


def _by_site(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
    """Consecutive rows of one site as a table."""
    waiting: list[pa.RecordBatch] = []
    current: str | None = None
    for batch in batches:
        sites = batch.column("site")
        ends = [0, *(pc.indices_nonzero(pc.not_equal(sites[1:], sites[:-1])).to_numpy() + 1).tolist(), len(sites)]
        for start, end in pairwise(ends):
            if start == end:
                continue
            site = sites[start].as_py()
            if site != current and waiting and current is not None:
                yield current, pa.Table.from_batches(waiting)
                waiting = []
            current = site
            waiting.append(batch.slice(start, end - start))
    if waiting and current is not None:
        yield current, pa.Table.from_batches(waiting)


def _halves(column: pa.ChunkedArray) -> Half | None:
    """Binaries as float16; a missing one is a vector of zeros, None where all are missing."""
    if column.null_count == len(column):
        return None
    if column.null_count:
        length = pc.max(pc.binary_length(column)).as_py()
        column = pc.fill_null(column, pa.scalar(bytes(length), pa.binary()))
    return np.array(halves_of(column))  # a copy: the column, and what else stands beside it, may go
