"""A stretch of a source that one task reads, and the reader for its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from faquarry.config.settings import SourceSettings
from faquarry.web.archive import read_archive
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.sources import Source

__all__ = ["Part", "crawl_of", "parts_of", "read_part"]

# Common Crawl's names of crawls, as they stand in the paths of its archives.
_CRAWL = re.compile(r"CC-(?:MAIN|NEWS)-\d{4}(?:-\d{2})?(?!\d)")


@dataclass(frozen=True, slots=True)
class Part:
    """Records that begin in ``[start, end)`` of a source; `end` None means to its end."""

    source: Source
    number: int
    start: int
    end: int | None

    @property
    def size(self) -> int:
        """Bytes to read; a source of unknown size counts as one of no size."""
        end = self.end if self.end is not None else self.source.size
        return max(0, (end or 0) - self.start)


def parts_of(source: Source, split_bytes: int) -> list[Part]:
    """One part, or several of at most `split_bytes` where the source can be read from its middle.

    Parts are of equal size: the last task of a batch should be no straggler, nor one with nothing to do.
    """
    if not (source.splittable and source.size and source.size > split_bytes):
        return [Part(source, 0, 0, None)]
    count = -(-source.size // split_bytes)
    cuts = [source.size * number // count for number in range(count)]
    return [
        Part(source, number, start, end)
        for number, (start, end) in enumerate(zip(cuts, [*cuts[1:], None], strict=True))
    ]


def read_part(
    part: Part, settings: SourceSettings, *, max_record_bytes: int, counts: ScanCounts
) -> Iterator[Record | Problem]:
    """The records of a part that name a FAQ, and what could not be read.

    Raises:
        SourceError: the source cannot be read (any further).
    """
    source = part.source
    yield from read_archive(
        source.uri,
        settings,
        counts=counts,
        start=part.start,
        end=part.end,
        coding=source.coding,
        etag=source.etag or None,
        max_record_bytes=max_record_bytes,
    )


def crawl_of(uri: str) -> str | None:
    """The crawl that an archive belongs to, as its path says.

    >>> crawl_of("s3://commoncrawl/crawl-data/CC-MAIN-2024-22/segments/1/warc/CC-MAIN-20240517233122-00000.warc.gz")
    'CC-MAIN-2024-22'
    """
    found = _CRAWL.search(uri)
    return found.group(0) if found else None
