"""Records of an archive by its URI: all of them, those of a byte range, or one again."""

from __future__ import annotations

from collections.abc import Iterator

from faquarry.config.settings import SourceSettings
from faquarry.web.detect import Coding, detect_coding
from faquarry.web.files import open_range
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.warc import NEEDLE, scan
from faquarry.web.window import Fixed
from faquarry.web.zstd import zstd_dictionary

__all__ = ["SYNC_BYTES", "dictionary_of", "fetch", "read_archive"]

SYNC_BYTES = 4 << 20
"""How far before a range reading begins, to find its feet among members that may hold other archives' members."""

HEAD_BYTES = 64 << 10


def read_archive(
    uri: str,
    settings: SourceSettings | None = None,
    *,
    counts: ScanCounts,
    start: int = 0,
    end: int | None = None,
    coding: Coding | None = None,
    etag: str | None = None,
    max_record_bytes: int = 16 << 20,
    needle: bytes | None = NEEDLE,
) -> Iterator[Record | Problem]:
    """Records whose member begins in [start, end), and problems, in the order of the file.

    `coding` and `etag` are those of its `Source`; without a coding, a range looks at the file's beginning first. Raises
    `SourceError` when the bytes cannot be had (any further), `SourceChanged` when they are another version's.
    """
    settings = settings or SourceSettings()
    dictionary = None
    if start > 0 and coding in (None, "zstd"):
        head = _head(uri, HEAD_BYTES, settings, etag)
        coding = coding or detect_coding(head)
        dictionary = _dictionary(uri, head, settings, etag) if coding == "zstd" else None
    origin = max(0, start - SYNC_BYTES)
    with open_range(uri, origin, None, settings, etag) as stream:
        yield from scan(
            stream,
            needle=needle,
            start=start,
            end=end,
            origin=origin,
            coding=coding,
            dictionary=dictionary,
            max_record_bytes=max_record_bytes,
            counts=counts,
        )


def fetch(
    uri: str,
    offset: int,
    length: int,
    digest: str,
    settings: SourceSettings | None = None,
    *,
    max_record_bytes: int = 16 << 20,
    needle: bytes = NEEDLE,
) -> Record | None:
    """The record that a row of `pages` was made of, from its range alone; None when it is not there (any more)."""
    settings = settings or SourceSettings()
    data = _head(uri, length, settings, None, offset)
    dictionary = None
    if detect_coding(data) == "zstd" and offset > 0:
        dictionary = dictionary_of(uri, settings)
    found = scan(
        Fixed(data), needle=needle, dictionary=dictionary, max_record_bytes=max_record_bytes, counts=ScanCounts()
    )
    for item in found:
        if isinstance(item, Record) and item.digest == digest:
            return Record(
                item.url, item.payload, offset, length, digest, item.fetched_at, item.headers, item.status, item.type
            )
    return None


def _head(uri: str, size: int, settings: SourceSettings, etag: str | None, start: int = 0) -> bytes:
    pieces = []
    with open_range(uri, start, start + size, settings, etag) as stream:
        while piece := stream.read(size):
            pieces.append(piece)
    return b"".join(pieces)


def dictionary_of(uri: str, settings: SourceSettings, etag: str | None = None) -> bytes | None:
    """The dictionary that a zstd archive begins with, if it has one."""
    return _dictionary(uri, _head(uri, HEAD_BYTES, settings, etag), settings, etag)


def _dictionary(uri: str, head: bytes, settings: SourceSettings, etag: str | None) -> bytes | None:
    found = zstd_dictionary(head)
    if isinstance(found, int):
        found = zstd_dictionary(_head(uri, found, settings, etag))
    return found[0] if isinstance(found, tuple) else None
