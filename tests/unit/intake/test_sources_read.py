"""What is kept of sources that were read, or could not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lakes import rows

from faquarry.intake.parts import Input
from faquarry.intake.state import record
from faquarry.lake import Lake
from faquarry.web.sources import Source

READ = Source("file:///a.warc.gz", "warc", 9, "one")
GONE = Source("file:///a.warc.gz", "unknown", None, "", error="a cannot be read.")
EMPTY = Source("file:///a.warc.gz", "unknown", 0, "two", error="a is empty.")


def put(lake: Path, source: Source) -> dict[str, Any]:
    """-> the row that stands then"""
    row = {"source": source.name, "kind": source.kind, "size": source.size, "etag": source.etag, "error": source.error}
    row |= {"status": "failed" if source.error else "done", "run_id": "r"}
    record(Lake(str(lake)), "sources", [Input(source)], [row])
    [found] = rows(lake, "sources")
    return found


def test_a_source_that_cannot_be_looked_at_keeps_the_row_of_its_reading(tmp_path: Path) -> None:
    assert put(tmp_path, GONE)["status"] == "failed"  # it was never read
    assert put(tmp_path, READ)["status"] == "done"
    assert (put(tmp_path, GONE)["status"], put(tmp_path, GONE)["etag"]) == ("done", "one")


def test_a_source_that_has_changed_and_cannot_be_read_has_failed(tmp_path: Path) -> None:
    put(tmp_path, READ)
    assert (put(tmp_path, EMPTY)["status"], put(tmp_path, EMPTY)["etag"]) == ("failed", "two")
