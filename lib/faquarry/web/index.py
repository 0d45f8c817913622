"""Records that a columnar index points at: a few ranges of many archives instead of all of each.

The index is Parquet with the columns of Common Crawl's (``url, warc_filename, warc_record_offset, warc_record_length``
and any others, which a condition may use). A plan says which ranges of which file are to be read; ranges that are
near each other are one request, because a request costs more than a few bytes in vain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceError, UsageError
from faquarry.web.archive import dictionary_of
from faquarry.web.detect import detect_coding
from faquarry.web.files import local_path, open_random, open_range
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.stores import filesystem_of
from faquarry.web.warc import NEEDLE, scan
from faquarry.web.window import ByteStream

__all__ = ["FilePlan", "Span", "plan_index", "read_plan"]

MAX_SPAN_BYTES = 256 << 20  # so that a request that breaks, or a task that is killed, does not lose much
_COLUMNS = ("warc_filename", "warc_record_offset", "warc_record_length")


@dataclass(frozen=True, slots=True)
class Span:
    """One request: bytes [start, end) of a file, which hold the records (offset, length), in order."""

    start: int
    end: int
    records: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What is to be read of one archive."""

    uri: str
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Bytes that will be fetched."""
        return sum(span.end - span.start for span in self.spans)

    @property
    def records(self) -> int:
        return sum(len(span.records) for span in self.spans)


def plan_index(
    uris: Sequence[str],
    settings: SourceSettings | None = None,
    *,
    where: str | None = None,
    prefix: str | None = None,
) -> list[FilePlan]:
    """The ranges that the rows of the index files point at, by archive, sorted; each record once.

    `where` (unset: `settings.where`) is a SQL condition over the columns of the index, in DuckDB's dialect. Names of
    archives are put behind `prefix`; without one they are whole URIs, or lie beside the index. Raises `UsageError` for
    a condition that cannot be evaluated, `SourceError` for an index that cannot be read.
    """
    settings = settings or SourceSettings()
    condition = where if where is not None else settings.where
    plans: dict[str, list[tuple[int, int]]] = {}
    for uri in uris:
        base = (prefix if prefix is not None else uri.rpartition("/")[0]).rstrip("/")
        rows = pa.concat_tables([_empty(), *_selected(uri, settings, condition)]).sort_by(
            [(name, "ascending") for name in _COLUMNS]
        )
        columns = [rows[name].to_pylist() for name in _COLUMNS]
        for name, group in groupby(zip(*columns, strict=True), key=lambda row: row[0]):
            relative = quote(name.lstrip("/")) if base.startswith("file:") else name.lstrip("/")
            target = name if "://" in name else f"{base}/{relative}"
            plans.setdefault(target, []).extend((offset, length) for _, offset, length in group)
    return [FilePlan(uri, _spans(plans[uri], settings.merge_gap_bytes)) for uri in sorted(plans)]


def _empty() -> pa.Table:
    return pa.table(
        {"warc_filename": pa.array([], pa.string()), **{name: pa.array([], pa.int64()) for name in _COLUMNS[1:]}}
    )


def _spans(records: list[tuple[int, int]], gap: int) -> tuple[Span, ...]:
    """Ranges put together where no more than `gap` bytes lie between them.

    >>> _spans([(0, 10), (15, 5), (100, 10), (0, 10)], 50)
    (Span(start=0, end=20, records=((0, 10), (15, 5))), Span(start=100, end=110, records=((100, 10),)))
    """
    spans: list[Span] = []
    open_records: list[tuple[int, int]] = []
    end = 0
    for offset, length in sorted(set(records)):
        if open_records and (offset - end > gap or offset + length - open_records[0][0] > MAX_SPAN_BYTES):
            spans.append(Span(open_records[0][0], end, tuple(open_records)))
            open_records, end = [], 0
        open_records.append((offset, length))
        end = max(end, offset + length)
    if open_records:
        spans.append(Span(open_records[0][0], end, tuple(open_records)))
    return tuple(spans)


def _selected(uri: str, settings: SourceSettings, condition: str | None) -> Iterator[pa.Table]:
    """The rows of one index that satisfy the condition, as (name, offset, length)."""
    try:
        for table in _tables(uri, settings, condition):
            yield _filtered(table, condition)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{uri} is a damaged Parquet file: {str(error).splitlines()[0]}") from None


def _tables(uri: str, settings: SourceSettings, condition: str | None) -> Iterator[pa.Table | ds.Dataset]:
    """The index as DuckDB can read it: a data set where files can be sought in parallel, else row group by row group."""
    if uri.startswith(("http://", "https://")):
        with open_random(uri, settings) as opened, pq.ParquetFile(opened) as file:
            names = [name for name in file.schema_arrow.names if name in _COLUMNS or _names(condition, name)]
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=names, use_threads=False)
        return
    path = local_path(uri)
    if path is not None:
        yield ds.dataset(str(path), format="parquet")
    else:
        filesystem, name = filesystem_of(uri, settings)
        yield ds.dataset(name, filesystem=filesystem, format="parquet")


def _names(condition: str | None, column: str) -> bool:
    return condition is not None and re.search(rf"\b{re.escape(column)}\b", condition, re.IGNORECASE) is not None


def _filtered(rows: pa.Table | ds.Dataset, condition: str | None) -> pa.Table:
    with duckdb.connect(config={"enable_external_access": "false", "threads": 2}) as connection:
        connection.register("pages", rows)
        query = (
            "SELECT CAST(warc_filename AS VARCHAR) AS warc_filename, CAST(warc_record_offset AS BIGINT) AS "
            "warc_record_offset, CAST(warc_record_length AS BIGINT) AS warc_record_length FROM pages"
        )
        try:
            query = f"{query} WHERE ({condition})" if condition else query
            found: pa.Table = connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            raise UsageError(f"The condition --where {condition!r} cannot be evaluated: {what}") from None
    valid = pc.and_(pc.is_valid(found["warc_filename"]), pc.greater(found["warc_record_length"], 0))
    return found.filter(pc.and_(valid, pc.greater_equal(found["warc_record_offset"], 0))).cast(_empty().schema)


def read_plan(
    plan: FilePlan,
    settings: SourceSettings | None = None,
    *,
    counts: ScanCounts,
    needle: bytes | None = NEEDLE,
    max_record_bytes: int = 16 << 20,
) -> Iterator[Record | Problem]:
    """The planned records that hold `needle`, and what could not be read: as `scan` gives them, and no others.

    Raises `SourceError` when the bytes cannot be had (any further).
    """
    settings = settings or SourceSettings()
    dictionary: bytes | None = None
    known = False
    for span in plan.spans:
        with open_range(plan.uri, span.start, span.end, settings) as stream:
            at = span.start
            for offset, length in span.records:
                if offset < at:
                    counts.problems += 1
                    yield Problem("damaged", "the index gives it a range that overlaps the one before", offset, length)
                    continue
                _pass(stream, offset - at)
                piece = _Piece(stream, length)
                head = piece.peek(4)
                if not known and detect_coding(head) == "zstd":
                    dictionary, known = dictionary_of(plan.uri, settings), True
                one = ScanCounts()
                yield from scan(
                    piece,
                    needle=needle,
                    start=offset,
                    coding=detect_coding(head) or "plain",
                    dictionary=dictionary,
                    max_record_bytes=max_record_bytes,
                    counts=one,
                )
                _pass(piece, length)
                at = offset + length
                _add(counts, one)
                if not one.records and not one.problems:
                    counts.problems += 1
                    yield Problem("damaged", "the index points here, and no record begins here", offset, length)


def _add(total: ScanCounts, one: ScanCounts) -> None:
    for name in ("records", "responses", "matches", "problems", "bytes_in", "members"):
        setattr(total, name, getattr(total, name) + getattr(one, name))


def _pass(stream: ByteStream, size: int) -> None:
    while size > 0 and (piece := stream.read(min(size, 1 << 20))):
        size -= len(piece)


class _Piece:
    """The next `length` bytes of a stream."""

    def __init__(self, stream: ByteStream, length: int) -> None:
        self._stream, self._left, self._peeked = stream, length, b""

    def peek(self, size: int) -> bytes:
        self._peeked = self.read(size)
        return self._peeked

    def read(self, size: int, /) -> bytes:
        if self._peeked:
            piece, self._peeked = self._peeked, b""
            return piece
        piece = self._stream.read(min(size, self._left)) if self._left > 0 else b""
        self._left -= len(piece)
        return piece
