"""Arrow batches to files: Parquet, JSON lines, CSV, TSV. The same rows give the same bytes, however they are batched."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

__all__ = ["Writer", "open_writer"]


class Writer(Protocol):
    """Takes batches of one schema; `close` completes the file."""

    def write(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema, group_rows: int) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows, self._held = group_rows, pa.Table.from_batches([], schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._held = pa.concat_tables([self._held, pa.Table.from_batches([batch])])
        while self._held.num_rows >= self._rows:
            self._group(self._held.slice(0, self._rows))
            self._held = self._held.slice(self._rows)

    def _group(self, rows: pa.Table) -> None:
        # One chunk a column: pages end where chunks do, and those depend on how the rows came.
        self._writer.write_table(rows.combine_chunks(), row_group_size=self._rows)

    def close(self) -> None:
        if self._held.num_rows:
            self._group(self._held)
        self._writer.close()


class _Lines:
    """A file of text: `encode` makes the bytes of a batch."""

    def __init__(self, path: Path, head: bytes, encode: Callable[[pa.RecordBatch], bytes]) -> None:
        self._file = path.open("wb", buffering=1 << 20)
        self._encode = encode
        self._file.write(head)

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write(self._encode(batch))

    def close(self) -> None:
        self._file.close()


def open_writer(path: Path, schema: pa.Schema, group_rows: int) -> Writer:
    """A writer by the file's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "\t".join(schema.names) + "\n"
    match path.suffix:
        case ".parquet":
            return _Parquet(path, schema, group_rows)
        case ".jsonl":
            return _Lines(path, b"", _json)
        case ".csv":
            return _Lines(path, (",".join(schema.names) + "\r\n").encode(), _csv)
        case ".tsv":
            return _Lines(path, head.encode(), _tsv)
        case other:
            raise ValueError(f"no writer for {other}")


def _json(batch: pa.RecordBatch) -> bytes:
    import orjson

    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    return b"".join(orjson.dumps(row, option=options) for row in batch.to_pylist())


def _csv(batch: pa.RecordBatch) -> bytes:
    """RFC 4180: quotes where they are needed, nothing for null."""
    import csv

    text = io.StringIO()
    csv.writer(text).writerows(zip(*(_cells(column) for column in batch.columns), strict=True))
    return text.getvalue().encode()


def _tsv(batch: pa.RecordBatch) -> bytes:
    """Ids and numbers only: nothing is quoted."""
    columns = (_cells(column) for column in batch.columns)
    return "".join("\t".join(map(str, row)) + "\n" for row in zip(*columns, strict=True)).encode()


def _cells(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        import pyarrow.compute as pc

        column = pc.strftime(column.cast(pa.timestamp("s", tz="UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
    return list(column.to_pylist())
