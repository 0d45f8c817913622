"""Spools: all rows, in one order, however they come."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.export import ordering
from faquarry.export.ordering import Cell, Spools, deal, dealt

counted = st.lists(st.integers(1, 60), min_size=1, max_size=8)


@given(counted, st.integers(1, 20))
def test_cells_are_in_order_and_no_spool_is_much_too_large(counts: list[int], rows: int) -> None:
    cells = dealt([(f"p{place}", "s", count) for place, count in enumerate(counts)], rows)
    assert [cell.rows for cell in cells] == counts
    loads = [0.0] * deal(cells)
    last = -1
    for cell in cells:
        assert cell.first in (last, last + 1)
        last = cell.first + cell.spools - 1
        for spool in range(cell.first, cell.first + cell.spools):
            loads[spool] += cell.rows / cell.spools
    assert last == len(loads) - 1
    assert all(0 < load <= rows for load in loads)


def test_files_are_few_however_many_rows() -> None:
    assert deal(dealt([("eng", "s", 10**9), ("deu", "s", 10**8)], 1000)) <= 402


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99)), max_size=60), st.integers(1, 7), st.integers(1, 9))
def test_rows_come_in_one_order_however_batched(rows: list[tuple[int, int]], spools: int, step: int) -> None:
    """Spool, then key: as `sorted` has it, with every row once."""
    given_ = [(part % spools, part, key) for part, key in rows]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(ordering, "_HELD", 5)
        with Spools(Path(folder), spools) as kept:
            for start in range(0, len(given_), step):
                some = given_[start : start + step]
                columns = [pa.array(column, pa.int32()) for column in zip(*some, strict=True)]
                kept.add(pa.RecordBatch.from_arrays(columns, ["spool", "part", "key"]))
            found = [row for table in kept.sorted(("part", "key")) for row in table.to_pylist()]
        assert not list(Path(folder).iterdir())
    assert [tuple(row.values()) for row in found] == sorted(given_)


def test_a_cell_is_what_it_says() -> None:
    assert dealt([("deu", "train", 3)], 10) == [Cell("deu", "train", 3, 0, 1)]
