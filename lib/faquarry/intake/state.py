"""What a verb has read already, found in its list of sources and the ledger; no Spark."""

from __future__ import annotations

from faquarry.lake import Lake

__all__ = ["GRAPH", "read_already"]

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
