"""One payload of an archive, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Problem", "Record", "ScanCounts"]


@dataclass(frozen=True, slots=True)
class Record:
    """A response or resource whose decoded payload passed the prefilter.

    `payload` is the body after dechunking and content decoding. `headers` are the HTTP headers, names in lower case,
    last one wins, {} when the record has none. `offset` and `length` are bytes of the *stored* (compressed) archive:
    reading that range alone gives the record again. `digest` is ``sha1:BASE32`` of the stored payload, as WARC writes it.
    """

    url: str
    payload: bytes
    offset: int
    length: int
    digest: str
    fetched_at: datetime | None = None  # UTC
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    type: str = "response"  # response | resource | ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Bytes of an archive that could not be read as a record. Never raised: the scan goes on behind it."""

    reason: str  # a value of faquarry.markup.model.Reason of stage `read`
    detail: str  # one sentence
    offset: int
    length: int | None = None
    url: str | None = None
    excerpt: str | None = None


@dataclass(slots=True)
class ScanCounts:
    """What a scan has seen so far (updated while it runs)."""

    records: int = 0  # records of any type whose header could be read
    responses: int = 0  # responses and resources among them
    matches: int = 0  # of those, the ones that were yielded
    problems: int = 0
    bytes_in: int = 0  # compressed bytes consumed
    members: int = 0
