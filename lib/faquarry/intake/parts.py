"""What one task reads: a stretch of a source, and the reader for its kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceError
from faquarry.web.archive import read_archive
from faquarry.web.files import open_range
from faquarry.web.index import FilePlan, plan_index, read_plan
from faquarry.web.nquads import read_nquads
from faquarry.web.owi import read_owi
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.sources import Source
from faquarry.web.structured import StructuredPage
from faquarry.web.warc import NEEDLE

__all__ = ["PAGE_KINDS", "Input", "Part", "crawl_of", "inputs_of", "parts_of", "read_pages", "read_part"]

PAGE_KINDS = ("warc", "index")
"""Kinds of sources that hold pages as they were fetched."""

# Common Crawl's names of crawls, as they stand in the paths of its archives.
_CRAWL = re.compile(r"CC-(?:MAIN|NEWS)-\d{4}(?:-\d{2})?(?!\d)")


@dataclass(frozen=True, slots=True)
class Input:
    """A row of the table `sources` to be. `plan` names the records to fetch where an index chose them."""

    source: Source
    plan: FilePlan | None = None

    @property
    def failed(self) -> str | None:
        """Why it cannot be read, as a sentence. What lay in a folder and is no archive is no one's mistake."""
        return self.source.error if self.source.explicit or self.source.kind != "unknown" else None

    @property
    def unseen(self) -> bool:
        """Whether it could not even be looked at: the store was down, the file was gone."""
        return self.failed is not None and self.source.size is None and not self.source.etag


@dataclass(frozen=True, slots=True)
class Part:
    """Records that begin in ``[start, end)`` of an input; `end` None means to its end."""

    input: Input
    number: int = 0
    start: int = 0
    end: int | None = None

    @property
    def name(self) -> str:
        """Of its source, in tables and messages."""
        return self.input.source.name

    @property
    def size(self) -> int:
        """Bytes to read; a source of unknown size counts as one of no size."""
        end = self.end if self.end is not None else self.input.source.size
        return max(0, (end or 0) - self.start)


def inputs_of(sources: Sequence[Source], settings: SourceSettings, prefix: str | None) -> list[Input]:
    """The sources, with every columnar index replaced by the archives that its rows point into.

    Such an input is known as ``ARCHIVE#SELECTION``, where the selection is a hash of the index and the condition: another
    condition adds to the lake and replaces nothing; the same one with other rows is a changed source.
    """
    inputs = []
    for source in sources:
        if source.kind != "index" or source.error:
            inputs.append(Input(source))
            continue
        try:
            plans = plan_index([source.uri], settings, prefix=prefix)
        except SourceError as error:
            inputs.append(Input(Source(source.uri, "index", source.size, source.etag, error=str(error))))
            continue
        selection = _hash(f"{source.name}\n{settings.where or ''}")
        for plan in plans:
            etag = _hash(repr(plan.spans))
            inputs.append(Input(Source(f"{plan.uri}#{selection}", "index", plan.size, etag), plan))
    return inputs


def parts_of(item: Input, split_bytes: int) -> list[Part]:
    """One part, or several of at most `split_bytes` where the source can be read from its middle.

    Parts are of equal size: the last task of a batch should be no straggler, nor one with nothing to do.
    """
    source = item.source
    if source.error:
        return []
    if not (source.splittable and source.size and source.size > split_bytes):
        return [Part(item)]
    count = -(-source.size // split_bytes)
    cuts = [source.size * number // count for number in range(count)]
    ends = [*cuts[1:], None]
    return [Part(item, number, start, end) for number, (start, end) in enumerate(zip(cuts, ends, strict=True))]


def read_part(
    part: Part, settings: SourceSettings, *, max_record_bytes: int, counts: ScanCounts
) -> Iterator[Record | StructuredPage | Problem]:
    """The records of a part that name a FAQ, and what could not be read.

    Raises:
        SourceError: the source cannot be read (any further).
    """
    source = part.input.source
    if source.kind == "nquads":
        with open_range(source.uri, 0, None, settings, source.etag or None) as stream:
            yield from read_nquads(stream, counts=counts, max_record_bytes=max_record_bytes)
    elif source.kind == "owi":
        yield from read_owi(source.uri, settings, counts=counts)
    else:
        yield from _read_records(part, settings, max_record_bytes, counts, NEEDLE)


def read_pages(
    part: Part, settings: SourceSettings, *, max_record_bytes: int, counts: ScanCounts
) -> Iterator[Record | Problem]:
    """Every page (HTML, status 2xx) of a part of an archive, and what could not be read.

    Raises:
        SourceError: the source cannot be read (any further), or is of a kind that holds no pages.
    """
    kind = part.input.source.kind
    if kind not in PAGE_KINDS:
        raise SourceError(
            f"{part.name} is of the kind {kind}, which holds no pages: give WARC archives or a columnar index."
        )
    yield from _read_records(part, settings, max_record_bytes, counts, None)


def _read_records(
    part: Part, settings: SourceSettings, max_record_bytes: int, counts: ScanCounts, needle: bytes | None
) -> Iterator[Record | Problem]:
    source = part.input.source
    if part.input.plan is not None:
        yield from read_plan(part.input.plan, settings, counts=counts, needle=needle, max_record_bytes=max_record_bytes)
        return
    yield from read_archive(
        source.uri,
        settings,
        counts=counts,
        start=part.start,
        end=part.end,
        coding=source.coding,
        etag=source.etag or None,
        max_record_bytes=max_record_bytes,
        needle=needle,
    )


def crawl_of(uri: str) -> str | None:
    """The crawl that an archive belongs to, as its path says.

    >>> crawl_of("s3://commoncrawl/crawl-data/CC-MAIN-2024-22/segments/1/warc/CC-MAIN-20240517233122-00000.warc.gz")
    'CC-MAIN-2024-22'
    """
    found = _CRAWL.search(uri)
    return found.group(0) if found else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
