"""From rows in Python to Arrow batches of bounded size, inside a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

__all__ = ["arrow_batches"]


def arrow_batches(
    rows: Iterable[Mapping[str, Any]], schema: pa.Schema, *, max_rows: int = 512
) -> Iterator[pa.RecordBatch]:
    """Groups rows (dictionaries; absent columns are null) into batches of at most `max_rows`."""
    waiting: list[Mapping[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= max_rows:
            yield pa.RecordBatch.from_pylist(waiting, schema=schema)
            waiting = []
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=schema)
