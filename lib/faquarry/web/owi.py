"""Pages of the Open Web Index: Parquet whose column `faq` already holds questions with their answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceError
from faquarry.web.files import open_random
from faquarry.web.heads import parse_date
from faquarry.web.record import Problem, ScanCounts
from faquarry.web.structured import StructuredPage

__all__ = ["read_owi"]

BATCH_ROWS = 512
_COLUMNS = ("url", "title", "description", "faq", "warc_date")


def read_owi(
    uri: str,
    settings: SourceSettings | None = None,
    *,
    counts: ScanCounts,
    row_groups: range | None = None,
) -> Iterator[StructuredPage | Problem]:
    """The rows that have questions. `row_groups` reads only some, so that a large file can be shared out.

    Raises `SourceError` when the file cannot be read (any further). In `counts`, records and responses are rows.
    """
    try:
        with open_random(uri, settings) as opened, pq.ParquetFile(opened) as file:
            groups = list(row_groups if row_groups is not None else range(file.num_row_groups))
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            row = sum(file.metadata.row_group(group).num_rows for group in range(groups[0])) if groups else 0
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns):
                counts.bytes_in += batch.nbytes
                for values in batch.to_pylist():
                    yield from _page(values, row, counts)
                    row += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{uri} is a damaged Parquet file: {str(error).splitlines()[0]}") from None


def _page(values: dict[str, Any], row: int, counts: ScanCounts) -> Iterator[StructuredPage | Problem]:
    counts.records += 1
    counts.responses += 1
    pairs = values.get("faq") or []
    if not pairs:
        return
    url = values.get("url")
    if not isinstance(url, str) or not urlsplit(url.strip()).netloc:
        counts.problems += 1
        yield Problem("damaged", "a row with questions and without a URL", row, 1, excerpt=str(url)[:200])
        return
    counts.matches += 1
    questions = [_question(pair) for pair in pairs if pair]
    node = {"@type": "FAQPage", "mainEntity": questions}
    fetched_at = _utc(values.get("warc_date"))
    yield StructuredPage(
        url.strip(),
        [node],
        row,
        1,
        title=values.get("title"),
        description=values.get("description"),
        fetched_at=fetched_at,
    )


def _question(pair: dict[str, Any]) -> dict[str, Any]:
    answer = {"@type": "Answer", "text": pair.get("answer")}
    return {"@type": "Question", "name": pair.get("question"), "acceptedAnswer": answer}


def _utc(value: Any) -> datetime | None:
    """A timestamp, or its text in any precision; without a zone it is UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return parse_date(str(value)) if value else None
