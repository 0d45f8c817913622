"""A page of which others have already taken the markup out: Web Data Commons, Open Web Index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["StructuredPage"]


@dataclass(frozen=True, slots=True)
class StructuredPage:
    """The nodes of one page, as JSON-LD-like dicts: ``@type``, ``@id`` and properties, nested or by reference.

    `offset` and `length` say where it stands: bytes of the *decoded* N-Quads, or the number of a Parquet row (then
    `length` is 1). `digest` is ``sha1:BASE32`` of those lines, "" for a row. `fetched_at` is UTC.
    """

    url: str
    nodes: list[dict[str, Any]]
    offset: int
    length: int
    digest: str = ""
    title: str | None = None
    description: str | None = None
    fetched_at: datetime | None = None
