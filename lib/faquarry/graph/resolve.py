"""Links resolved within the lake: which kept links lead to a document of it.

Nothing is stored: a link of last year's archive may find its target in tomorrow's, and a column would have to be written
anew then. It is one hash join of the kept links with the addresses of the documents, linear in both, without a JVM.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from faquarry.lake import Lake
from faquarry.lake.ask import connected

__all__ = ["RESOLVED", "resolved_links"]

RESOLVED = """
    SELECT l.src_url, l.dst_url, l.anchor, l.region, d.site AS dst_site, d.language AS dst_language
    FROM links AS l JOIN documents AS d ON d.url = l.dst_url
    WHERE l.reason IS NULL
"""
"""The query, for ``faquarry sql`` and notebooks; rows come in no order."""


def resolved_links(lake: Lake, *, batch_rows: int = 65_536) -> Iterator[pa.RecordBatch]:
    """The kept links whose target is a document, `batch_rows` at a time, in no order; nothing where there is no graph."""
    if lake.version("links") is None or lake.version("documents") is None:
        return
    with connected(lake, ["links", "documents"]) as connection:
        yield from connection.sql(RESOLVED).to_arrow_reader(batch_rows)
