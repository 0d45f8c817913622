"""Examples out of files and datasets: JSON lines and Parquet, in the layouts of sentence-transformers and of our exports.

Columns are known by the names that trainers use: anchor or query or question; positive or answer or document; negative,
negative_1 … or a list `negatives`; scores as a list `scores`, the positive's first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faquarry.errors import NothingToRead, UsageError

__all__ = ["renamed", "stream"]

_QUERY = ("query", "anchor", "question", "sentence1")
_DOCUMENT = ("document", "positive", "pos", "answer", "sentence2", "text")
_SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".parquet")


def stream(paths: Sequence[Path]) -> tuple[dict[str, Any], Iterator[pa.RecordBatch]]:
    """Examples of files, or of all such files of folders.

    Raises:
        NothingToRead: there is no such file.
        UsageError: a file has no query or no document.
    """
    files: list[Path] = []
    for path in paths:
        inside = (
            sorted(found for found in path.rglob("*") if found.name.endswith(_SUFFIXES)) if path.is_dir() else [path]
        )
        files += [found for found in inside if found.is_file()]
    if not files:
        raise NothingToRead(
            f"There is no file of examples in {', '.join(map(str, paths))}: {', '.join(_SUFFIXES)} are read."
        )
    told = {"files": [[str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns] for file in files]}
    return told, _rows(files)


def _rows(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for file in files:
        try:
            yield from renamed(_read(file), str(file))
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"The file {file} cannot be read: {str(error).splitlines()[0]}") from error


def _read(file: Path) -> Iterator[pa.RecordBatch]:
    if file.name.endswith(".parquet"):
        import pyarrow.parquet as pq

        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches()
        return
    import pyarrow.json as pj

    with pa.input_stream(str(file), compression="detect") as stream:
        yield from pj.open_json(stream, read_options=pj.ReadOptions(block_size=16 * 1024 * 1024))


def renamed(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[pa.RecordBatch]:
    """Batches with the columns that `Examples.build` wants; an id is made of the texts where there is none."""
    for batch in batches:
        names = set(batch.schema.names)
        query = next((name for name in _QUERY if name in names), None)
        document = next((name for name in _DOCUMENT if name in names), None)
        if query is None or document is None:
            raise UsageError(
                f"{where} has the columns {', '.join(sorted(names))}: a query ({', '.join(_QUERY)}) "
                f"and a document ({', '.join(_DOCUMENT)}) are needed."
            )
        columns = {"query": batch.column(query), "document": _first(batch.column(document))}
        columns |= {name: batch.column(name) for name in ("id", "language", "group", "keys") if name in names}
        columns |= _negatives(batch)
        if "id" not in columns:
            columns["id"] = pc.binary_join_element_wise(columns["query"], columns["document"], "\n")
        yield pa.RecordBatch.from_pydict({name: _joined(column) for name, column in columns.items()})


def _negatives(batch: pa.RecordBatch) -> dict[str, Any]:
    names = batch.schema.names
    found: dict[str, Any] = {}
    numbered = sorted(
        (name for name in names if re.fullmatch(r"negative(_\d+)?", name)), key=lambda name: (len(name), name)
    )
    if "negatives" in names or "neg" in names:
        found["negatives"] = batch.column("negatives" if "negatives" in names else "neg")
    elif numbered:
        columns = [batch.column(name).to_pylist() for name in numbered]
        found["negatives"] = pa.array([[text for text in row if text] for row in zip(*columns, strict=True)])
    for name in ("scores", "label"):
        if name in names and pa.types.is_list(batch.schema.field(name).type):
            scores = batch.column(name)
            found["score"] = pc.list_element(scores, 0).cast(pa.float32())
            found["scores"] = pa.array([row[1:] for row in scores.to_pylist()], pa.list_(pa.float32()))
            break
    return found


def _first(column: Any) -> Any:
    """The first of each list (FlagEmbedding names several positives), or the texts as they are."""
    return pc.list_element(column, 0) if pa.types.is_list(column.type) else column


def _joined(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
