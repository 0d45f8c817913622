"""From a part of a source to the rows of the lake, one record at a time. No Spark, no lake: a worker runs this.

Every row that leaves here is a dictionary with one of the keys `page`, `pair`, `reject` or `part` set: the four kinds
travel through one Arrow stream, because an archive is read once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from faquarry import __version__
from faquarry.config.settings import ExtractSettings, FilterSettings, LanguageSettings, SourceSettings
from faquarry.errors import SourceError
from faquarry.intake.parts import Part, crawl_of, read_part
from faquarry.lake.tables import PAGES, QA, REJECTS
from faquarry.language import Hints, identify_page
from faquarry.markup.model import Extraction, Page, Pair, Reason, Reject
from faquarry.markup.page import extract_nodes, extract_page
from faquarry.web.place import origin_of, site_of
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.structured import StructuredPage

__all__ = ["STAGED", "Reading", "read_rows"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """The settings a worker needs, and the run it works for."""

    run_id: str
    sources: SourceSettings
    extract: ExtractSettings
    filters: FilterSettings
    language: LanguageSettings


_PART = pa.struct(
    [
        ("number", pa.int32()),
        ("records", pa.int64()),
        ("responses", pa.int64()),
        ("problems", pa.int64()),
        ("error", pa.string()),
    ]
)

_PAIR = pa.struct([*QA.schema, ("source", pa.string())])

STAGED = pa.schema(
    [
        ("source", pa.string()),
        ("page", pa.struct(list(PAGES.schema))),
        ("pair", _PAIR),
        ("reject", pa.struct(list(REJECTS.schema))),
        ("part", _PART),
    ]
)


def read_rows(part: Part, reading: Reading) -> Iterator[Row]:
    """All rows of one part of a source; the last one counts what was read, and says why reading ended early if it did.

    A source that cannot be read (further) is not an error of the job: its `part` row carries the sentence.
    """
    counts = ScanCounts()
    error = None
    try:
        found = read_part(part, reading.sources, max_record_bytes=reading.extract.max_record_bytes, counts=counts)
        for item in found:
            yield from _rows_of(item, part, reading)
    except SourceError as problem:
        error = str(problem)
    yield {
        "source": part.name,
        "part": {
            "number": part.number,
            "records": counts.records,
            "responses": counts.responses,
            "problems": counts.problems,
            "error": error,
        },
    }


def _rows_of(item: Record | StructuredPage | Problem, part: Part, reading: Reading) -> Iterator[Row]:
    if isinstance(item, Problem):
        reject = Reject("read", Reason(item.reason), item.detail, excerpt=item.excerpt)
        yield _reject_row(reject, part.name, item.offset, item.url, reading.run_id)
        return
    if isinstance(item, Record):
        extraction = extract_page(
            item.payload,
            url=item.url,
            headers=item.headers,
            filters=reading.filters,
            parser=reading.extract.parser,
            max_s=reading.extract.max_page_s,
        )
    else:
        extraction = extract_nodes(item.nodes, url=item.url, filters=reading.filters, max_s=reading.extract.max_page_s)
        if extraction.page is not None:
            page = replace(extraction.page, title=item.title, description=item.description)
            extraction = replace(extraction, page=page)
    yield from _extraction_rows(extraction, item, part, reading)


def _extraction_rows(
    extraction: Extraction, item: Record | StructuredPage, part: Part, reading: Reading
) -> Iterator[Row]:
    source = part.name
    rejects: list[Reject] = list(extraction.rejects)
    page = extraction.page
    if page is not None:
        place = page_place(page, source, item.offset, item.fetched_at, crawl_of(source))
        yield {"source": part.name, "page": _page_row(page, place, item, part.name, reading.run_id)}
        for row, reject in pair_rows(page, extraction.pairs, place, reading.language, reading.run_id):
            if reject is not None:
                rejects.append(reject)
            else:
                yield {"source": part.name, "pair": {**row, "source": part.name}}
    for reject in rejects:
        yield _reject_row(reject, part.name, item.offset, item.url, reading.run_id)


def page_place(
    page: Page, source: str, offset: int, fetched_at: datetime | None, crawl: str | None
) -> Mapping[str, Any]:
    """What pages and qa both say about where a page stands and when it was fetched."""
    identity = f"{source}\n{offset}\n{page.url}".encode("utf-8", "surrogatepass")
    return {
        "page_id": hashlib.md5(identity, usedforsecurity=False).hexdigest(),
        "site": site_of(page.url),
        "origin": origin_of(page.url),
        "url": page.url,
        "crawl": crawl,
        "fetched_at": fetched_at,
    }


def pair_rows(
    page: Page, pairs: Iterable[Pair], place: Mapping[str, Any], settings: LanguageSettings, run_id: str
) -> Iterator[tuple[Row, Reject | None]]:
    """The qa rows of a page's pairs, each with its language, or with the reject that takes its place."""
    pairs = list(pairs)
    hints = Hints(
        url=page.url,
        html_lang=page.html_lang,
        alternates=tuple((alternate.hreflang, alternate.href) for alternate in page.alternates),
        title=page.title,
        description=page.description,
    )
    languages = identify_page([(pair.question, pair.answer) for pair in pairs], hints, settings)
    for pair, language in zip(pairs, languages, strict=True):
        reject = None
        if not language.sure:
            reject = Reject(
                "language",
                Reason.LANGUAGE,
                f"{language.code} at {language.confidence:.2f} is not sure enough",
                pair.position,
                pair.question,
                pair.answer,
            )
        row = {
            **place,
            "id": pair.id,
            "language": language.code,
            "language_confidence": language.confidence,
            "language_by": language.by,
            "position": pair.position,
            "accepted": pair.accepted,
            "run_id": run_id,
            "question": pair.question,
            "answer": pair.answer,
            "title": page.title,
            "description": page.description,
        }
        yield row, reject


def _page_row(page: Page, place: Mapping[str, Any], item: Record | StructuredPage, source: str, run_id: str) -> Row:
    return {
        **place,
        "source": source,
        "offset": item.offset,
        "length": item.length,
        "digest": item.digest or None,
        "questions": page.questions,
        "html_lang": page.html_lang,
        "charset": page.charset,
        "charset_by": page.charset_by,
        "replaced": page.replaced,
        "repair": page.repair,
        "extractor": __version__,
        "run_id": run_id,
        "canonical": page.canonical,
        "robots": page.robots,
        "syntaxes": list(page.syntaxes),
        "opt_out": list(page.opt_out),
        "title": page.title,
        "description": page.description,
        "keywords": page.keywords,
        "author": page.author,
        "alternates": [{"hreflang": one.hreflang, "href": one.href} for one in page.alternates],
        "markup": page.markup,
    }


def _reject_row(reject: Reject, source: str, offset: int, url: str | None, run_id: str) -> Row:
    return {
        "source": source,
        "reject": {
            "stage": reject.stage,
            "reason": str(reject.reason),
            "source": source,
            "offset": offset,
            "run_id": run_id,
            "detail": reject.detail,
            "url": url,
            "question": reject.question,
            "answer": reject.answer,
            "excerpt": reject.excerpt,
        },
    }
