"""From a part of an archive to the rows of the graph, in Arrow batches. No Spark, no lake: a worker runs this.

A page and its links are one row of what is staged, so that they stay together until it is known whether the lake has a
later version of the page. A page has a hundred links: batches are put together by columns, never by rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa

from faquarry.config.settings import GraphSettings, LanguageSettings, SourceSettings
from faquarry.errors import SourceError
from faquarry.graph.page import Document, Unread, read_document
from faquarry.intake.parts import Part, read_pages
from faquarry.intake.state import GRAPH
from faquarry.lake.tables import DOCUMENTS, LINKS, REJECTS
from faquarry.language import Hints, languages_of
from faquarry.markup.model import Reason
from faquarry.web.record import Problem, Record, ScanCounts

__all__ = ["STAGED", "GraphReading", "read_batches"]

BATCH_PAGES = 256
BATCH_LINKS = 50_000

_DOCUMENT = pa.struct([pa.field(field.name, field.type) for field in DOCUMENTS.schema])
_LINK = pa.struct([pa.field(field.name, field.type) for field in LINKS.schema])
_PART = pa.struct(
    [
        ("number", pa.int32()),
        ("records", pa.int64()),
        ("responses", pa.int64()),
        ("problems", pa.int64()),
        ("error", pa.string()),
    ]
)

STAGED = pa.schema(
    [
        ("source", pa.string()),
        ("document", _DOCUMENT),
        ("links", pa.list_(pa.field("element", _LINK))),
        ("reject", pa.struct(list(REJECTS.schema))),
        ("part", _PART),
    ]
)


@dataclass(frozen=True)
class GraphReading:
    """The settings a worker needs, and the run it works for."""

    run_id: str
    sources: SourceSettings
    graph: GraphSettings
    language: LanguageSettings


def read_batches(part: Part, reading: GraphReading) -> Iterator[pa.RecordBatch]:
    """All rows of one part of an archive, as `STAGED`; the last one counts what was read, and says why reading ended early.

    A source that cannot be read (further) is not an error of the job: its `part` row carries the sentence.
    """
    counts = ScanCounts()
    error = None
    pages: list[tuple[Document, Record]] = []
    others: list[dict[str, Any]] = []
    waiting = 0
    try:
        for item in read_pages(part, reading.sources, max_record_bytes=reading.graph.max_record_bytes, counts=counts):
            if isinstance(item, Problem):
                others.append(_reject(item.reason, item.detail, item.offset, item.url, item.excerpt, part, reading))
                continue
            found = read_document(item.payload, url=item.url, headers=item.headers, settings=reading.graph)
            if isinstance(found, Unread):
                others.append(_reject(found.reason, found.detail, item.offset, item.url, None, part, reading))
                continue
            pages.append((found, replace(item, payload=b"")))
            waiting += len(found.links)
            if len(pages) >= BATCH_PAGES or waiting >= BATCH_LINKS:
                yield _batch(pages, part.name, reading)
                pages, waiting = [], 0
    except SourceError as problem:
        error = str(problem)
    if pages:
        yield _batch(pages, part.name, reading)
    others.append(
        {
            "source": part.name,
            "part": {
                "number": part.number,
                "records": counts.records,
                "responses": counts.responses,
                "problems": counts.problems,
                "error": error,
            },
        }
    )
    yield pa.RecordBatch.from_pylist(others, schema=STAGED)


def _batch(pages: list[tuple[Document, Record]], source: str, reading: GraphReading) -> pa.RecordBatch:
    """Pages with their links, column by column."""
    documents = [document for document, _ in pages]
    records = [record for _, record in pages]
    hints = [Hints(url=document.url, html_lang=document.html_lang) for document in documents]
    run_id = reading.run_id
    counted = [len(document.links) for document in documents]
    columns: Mapping[str, Any] = {
        "url": [document.url for document in documents],
        "site": [document.site for document in documents],
        "language": languages_of([document.sample for document in documents], hints, reading.language),
        "source": [source] * len(pages),
        "offset": [record.offset for record in records],
        "length": [record.length for record in records],
        "fetched_at": [record.fetched_at for record in records],
        "digest": [record.digest or None for record in records],
        "links_found": [document.found for document in documents],
        "links_kept": [document.links.reasons.count(None) for document in documents],
        "run_id": [run_id] * len(pages),
        "title": [document.title for document in documents],
        "text": [document.text for document in documents],
    }
    return pa.RecordBatch.from_arrays(
        [
            pa.array([source] * len(pages), pa.string()),
            _struct(columns, _DOCUMENT),
            _links(documents, counted, source, run_id),
            pa.nulls(len(pages), STAGED.field("reject").type),
            pa.nulls(len(pages), _PART),
        ],
        schema=STAGED,
    )


def _links(documents: list[Document], counted: list[int], source: str, run_id: str) -> pa.ListArray:
    every = [document.links for document in documents]
    reasons = list(chain.from_iterable(links.reasons for links in every))
    total = len(reasons)
    columns = {
        "src_url": pa.array([document.url for document in documents], pa.string()).take(
            pa.array([number for number, count in enumerate(counted) for _ in range(count)], pa.int32())
        ),
        "position": list(chain.from_iterable(range(count) for count in counted)),
        "source": pa.repeat(pa.scalar(source, pa.string()), total),
        "region": list(chain.from_iterable(links.regions for links in every)),
        "reason": reasons,
        "run_id": pa.repeat(pa.scalar(run_id, pa.string()), total),
        "dst_url": list(chain.from_iterable(links.targets for links in every)),
        "kept": [reason is None for reason in reasons],
        "same_site": list(chain.from_iterable(links.same_site for links in every)),
        "anchor": list(chain.from_iterable(links.anchors for links in every)),
    }
    offsets = pa.array(accumulate(counted, initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, _struct(columns, _LINK), type=STAGED.field("links").type)


def _struct(columns: Mapping[str, Any], kind: pa.StructType) -> pa.StructArray:
    """Columns (Python lists or arrays) as an array of structs, in the order of the type."""
    fields = [kind.field(number) for number in range(kind.num_fields)]
    arrays = [
        values if isinstance(values := columns[field.name], pa.Array) else pa.array(values, field.type)
        for field in fields
    ]
    return pa.StructArray.from_arrays(arrays, fields=fields)


def _reject(
    reason: str,
    detail: str | None,
    offset: int,
    url: str | None,
    excerpt: str | None,
    part: Part,
    reading: GraphReading,
) -> dict[str, Any]:
    row = {
        "stage": GRAPH,
        "reason": str(Reason(reason)),
        "source": part.name,
        "offset": offset,
        "run_id": reading.run_id,
        "detail": detail,
        "url": url,
        "excerpt": excerpt,
    }
    return {"source": part.name, "reject": row}
