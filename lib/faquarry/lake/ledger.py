"""What the ledger (table `runs`) says of work that is done already."""

from __future__ import annotations

from collections.abc import Sequence

from faquarry.lake.lake import Lake

__all__ = ["unchanged"]


def unchanged(lake: Lake, verb: str, fingerprint: str, reads: Sequence[str], writes: Sequence[str]) -> bool:
    """Whether the last run of a verb was done, had these settings, and no table it read or wrote has moved since."""
    columns = ["verb", "status", "fingerprint", "started_at", "inputs", "outputs"]
    runs = [run for run in lake.rows("runs", columns) if run["verb"] == verb]
    if not runs:
        return False
    last = max(runs, key=lambda run: run["started_at"])
    if last["status"] != "done" or last["fingerprint"] != fingerprint:
        return False
    seen = {**dict(last["inputs"] or ()), **dict(last["outputs"] or ())}
    return all(lake.version(name) == seen.get(name) for name in (*reads, *writes))
