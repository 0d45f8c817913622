"""What a verb has read already, kept in its list of sources and found in it and the ledger; no Spark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faquarry.intake.parts import Input
from faquarry.lake import Lake

__all__ = ["GRAPH", "read_already", "record"]

GRAPH = "graph"
"""`rejects.stage` of what the verb `graph` could not read: two verbs read one source, and each replaces its own rows."""


def read_already(lake: Lake, table: str, current: str) -> dict[str, str]:
    """{source: etag} of what was read to its end by a run with the fingerprint `current`.

    `table` is the verb's list of sources: it has the columns `source`, `etag`, `status` and `run_id`.
    """
    runs = {row["run_id"]: row["fingerprint"] for row in lake.rows("runs", ["run_id", "fingerprint"])}
    return {
        row["source"]: row["etag"]
        for row in lake.rows(table, ["source", "etag", "status", "run_id"])
        if row["status"] != "failed" and runs.get(row["run_id"]) == current
    }


def record(lake: Lake, table: str, batch: Sequence[Input], rows: Sequence[dict[str, Any]]) -> None:
    """Puts the rows of a batch into the verb's list of sources.

    A source that could not be looked at and was read before keeps the row of that reading: an hour in which the store is
    down must not have all that it holds read again.
    """
    unseen = {item.source.name for item in batch if item.unseen}
    if unseen:
        unseen &= {row["source"] for row in lake.rows(table, ["source", "status"]) if row["status"] != "failed"}
    if kept := [row for row in rows if row["source"] not in unseen]:
        lake.upsert(table, kept)
