"""A lake that an earlier version left: its tables lack columns that came later."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import write_deltalake

from faquarry.cli import main
from faquarry.lake import TABLES, Lake
from tests.faults.undisturbed import QUIET
from tests.lakes import rows

pytestmark = pytest.mark.spark

# What came later, of every table.
LATER = {
    "sources": ["records", "error"],
    "pages": ["opt_out", "robots"],
    "qa": ["accepted"],
    "occurrences": [],
    "rejects": [],
    "runs": ["counts", "error"],
}


def test_it_is_taken_over_and_nothing_is_lost(first: Path, second: Path, crawl: list[str], tmp_path: Path) -> None:
    old = tmp_path / "old"
    for table, later in LATER.items():
        write_deltalake(str(old / table), Lake(str(first)).arrow(table).drop_columns(later))
    before = {table: rows(old, table) for table in LATER}
    assert all(before.values())
    assert main(["sql", "SELECT count(*) FROM qa", "--lake", str(old)]) == 0
    assert main(["report", "--lake", str(old), *QUIET[:1]]) == 0
    assert main(["extract", crawl[0], "--lake", str(old), *QUIET]) == 0
    assert {table: rows(old, table) for table in LATER} == before  # what was read is not read again
    assert main(["extract", *crawl[:2], "--lake", str(old), *QUIET]) == 0
    for table in LATER:
        there = Lake(str(old)).arrow(table)
        assert set(TABLES[table].columns) == set(there.column_names)
        if table != "runs":
            assert there.num_rows == Lake(str(second)).arrow(table).num_rows
    for table, key in (("qa", "id"), ("pages", "page_id"), ("sources", "source")):
        assert {row[key] for row in rows(old, table)} == {row[key] for row in rows(second, table)}
