"""Queries from a file of lines, JSON lines or Parquet; originals with their perturbations to JSON lines, TSV or Parquet."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from faquarry.errors import NothingToRead, UsageError
from faquarry.robustness.perturb.run import language_code

__all__ = ["COLUMNS", "Query", "read_queries", "row_count", "writer"]

COLUMNS = ("id", "language", "operation", "strength", "seed", "text", "perturbed", "edits", "changed", "applies")
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_BATCH_ROWS = 4096

Row = dict[str, Any]


class Query(NamedTuple):
    """`key` is what its random draws hang on: the id where there is one, else the text."""

    id: str
    key: str
    text: str
    language: str


def read_queries(source: str, language: str | None) -> Iterator[Query]:
    """The queries of a file, or of standard input for "-": JSON objects if the first line is one, else plain lines.

    JSON lines and Parquet have a column text, and may have id and language; `language` is that of rows without one.

    Raises:
        NothingToRead: there is no such file, or nothing in it.
        UsageError: a line is no JSON or no UTF-8, there is no column text, or a language is wanting.
    """
    found = False
    for number, row in _numbered(source):
        found = True
        text = row.get("text")
        code = row.get("language") or language
        if not isinstance(text, str):
            raise UsageError(f"{source}: row {number:,} has no text: a column or field text with a string is needed.")
        if not code:
            raise UsageError(
                f"{source}: row {number:,} has no language: give one with --language, or a column language."
            )
        language_code(str(code))  # an unknown one stops here, before anything is written
        identity = row.get("id", row.get("_id"))
        key = text if identity is None else str(identity)
        yield Query(str(number) if identity is None else str(identity), key, text, str(code))
    if not found:
        raise NothingToRead(f"{source} holds no query.")


def row_count(source: str) -> int:
    """About how many queries a file holds, for the progress bar; 0 where only reading it would tell."""
    if source == "-":
        return 0
    if Path(source).suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.read_metadata(source).num_rows)
    with Path(source).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) or 1


def _numbered(source: str) -> Iterator[tuple[int, Row]]:
    if source == "-":
        yield from _of_lines(sys.stdin, "standard input", None)
        return
    path = Path(source)
    if not path.is_file():
        raise NothingToRead(f"There is no file {source}.")
    if path.suffix == ".parquet":
        yield from _of_parquet(path)
        return
    with path.open(encoding="utf-8-sig", newline=None) as lines:
        yield from _of_lines(lines, source, path.suffix in _JSON_LINES)


def _of_lines(lines: IO[str], name: str, as_json: bool | None) -> Iterator[tuple[int, Row]]:
    try:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if as_json is None:
                as_json = line.lstrip().startswith("{")
            yield number, _parsed(line, name, number) if as_json else {"text": line.rstrip("\r\n")}
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8 text (byte {error.start:,}): convert it, as in iconv -t UTF-8."
        ) from error


def _parsed(line: str, name: str, number: int) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}: line {number:,} is not JSON ({error.msg}).") from error
    if not isinstance(row, dict):
        raise UsageError(f"{name}: line {number:,} is not a JSON object.")
    return row


def _of_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns = [name for name in ("id", "_id", "text", "language") if name in file.schema_arrow.names]
        if "text" not in columns:
            raise UsageError(f"{path} has no column text: it has {', '.join(file.schema_arrow.names)}.")
        number = 0
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path} is not a Parquet file: {str(error).splitlines()[0]}") from error


@contextmanager
def writer(output: str | None, form: str | None) -> Iterator[Callable[[Iterable[Row]], None]]:
    """A function that writes batches of rows to a file, whole or not at all, or to the terminal.

    The form is jsonl, tsv or parquet; without one the file's suffix says it, and the terminal gets jsonl.

    Raises:
        UsageError: an unknown form, or Parquet for a terminal.
    """
    form = form or (Path(output).suffix.lstrip(".") if output else "jsonl")
    form = {"ndjson": "jsonl", "json": "jsonl"}.get(form, form)
    if form not in ("jsonl", "tsv", "parquet"):
        raise UsageError(
            f"Rows are written as jsonl, tsv or parquet, not {form or 'a file without suffix'}: see --format."
        )
    if output is None:
        if form == "parquet":
            raise UsageError("--format parquet needs --output FILE: it is not for a terminal.")
        yield _writes(sys.stdout, form)
        return
    part = Path(f"{output}.part")
    try:
        if form == "parquet":
            with _parquet(part) as write:
                yield write
        else:
            with part.open("w", encoding="utf-8", newline="") as file:
                yield _writes(file, form)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _writes(file: IO[str], form: str) -> Callable[[Iterable[Row]], None]:
    if form == "jsonl":

        def as_json(rows: Iterable[Row]) -> None:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

        return as_json
    table = csv.writer(file, "excel-tab", lineterminator="\n")
    table.writerow(COLUMNS)

    def as_tsv(rows: Iterable[Row]) -> None:
        for row in rows:
            edits = json.dumps(row["edits"], ensure_ascii=False)
            table.writerow([edits if name == "edits" else row[name] for name in COLUMNS])

    return as_tsv


@contextmanager
def _parquet(path: Path) -> Iterator[Callable[[Iterable[Row]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    edit = pa.struct([("at", pa.int32()), ("before", pa.string()), ("after", pa.string())])
    kinds = {"seed": pa.int64(), "edits": pa.list_(edit), "changed": pa.bool_(), "applies": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as file:
        yield lambda rows: file.write_table(pa.Table.from_pylist(list(rows), schema))
