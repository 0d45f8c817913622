"""The rows of a stream in one total order, within bounded memory: dealt to spools on disk, each sorted by itself.

DuckDB's own sort gives up ("failed to pin block") where rows are long and memory is a fraction of them. Here rows go, as
they come, to a spool by a hash of their key, and a spool is small enough to be sorted in memory. A part with more rows than
a spool holds is ordered by (hash, key), a smaller one by key; which it is depends on the number of its rows alone, so that
the same rows give the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Cell", "Spools", "deal", "dealt"]

_MOST = 400  # spools, each an open file
_HELD = 2_000  # rows of a spool that wait in memory to be written together


@dataclass(frozen=True)
class Cell:
    """A part and split, with its rows, and the spools that hold them: `spools` of them from `first` on."""

    part: str
    split: str
    rows: int
    first: int
    spools: int


def dealt(counts: Sequence[tuple[str, str, int]], rows: int) -> list[Cell]:
    """Cells of (part, split, rows), given in order; a spool gets about `rows` rows, of several small cells if need be.

    >>> [(cell.part, cell.first, cell.spools) for cell in dealt([("deu", "x", 5), ("eng", "x", 25), ("fra", "x", 4)], 10)]
    [('deu', 0, 1), ('eng', 1, 3), ('fra', 4, 1)]
    """
    rows = max(rows, -(-sum(count for _, _, count in counts) // _MOST))
    cells: list[Cell] = []
    filled = rows
    for part, split, count in counts:
        spools = -(-count // rows)
        after = cells[-1].first + cells[-1].spools if cells else 0
        if spools == 1 and filled + count <= rows:
            cells.append(Cell(part, split, count, after - 1, 1))
            filled += count
        else:
            cells.append(Cell(part, split, count, after, spools))
            filled = count if spools == 1 else rows
    return cells


def deal(cells: Sequence[Cell]) -> int:
    """How many spools there are."""
    return max((cell.first + cell.spools for cell in cells), default=0)


class Spools:
    """Takes batches with an integer column `spool`, gives tables in order. One spool alone stays in memory."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._held: list[list[pa.RecordBatch]] = [[] for _ in range(count)]
        self._waiting = [0] * count
        self._writers: dict[int, pa.RecordBatchFileWriter] = {}
        self._open = ExitStack()

    def __enter__(self) -> Spools:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Deals the rows of a batch."""
        if len(self._held) == 1:
            self._held[0].append(batch)
            return
        batch = batch.take(pc.sort_indices(batch.column("spool")))
        ends = pc.run_end_encode(batch.column("spool"))
        start = 0
        for end, spool in zip(ends.run_ends.to_pylist(), ends.values.to_pylist(), strict=True):
            self._held[spool].append(batch.slice(start, end - start))
            self._waiting[spool] += end - start
            start = end
            if self._waiting[spool] >= _HELD:
                self._flush(spool)

    def _flush(self, spool: int) -> None:
        rows = pa.Table.from_batches(self._held[spool]).combine_chunks()
        if spool not in self._writers:
            options = pa.ipc.IpcWriteOptions(compression="lz4" if pa.Codec.is_available("lz4") else None)
            writer = pa.ipc.new_file(str(self._path(spool)), rows.schema, options=options)
            self._writers[spool] = self._open.enter_context(writer)
        self._writers[spool].write_table(rows)
        self._held[spool], self._waiting[spool] = [], 0

    def _path(self, spool: int) -> Path:
        return self._folder / f"spool-{spool}.arrow"

    def sorted(self, keys: Sequence[str]) -> Iterator[pa.Table]:
        """One table a spool, sorted by columns; the spool's file is gone when it has been read."""
        for spool in range(len(self._held)):
            if spool in self._writers:
                if self._held[spool]:
                    self._flush(spool)
                self._writers[spool].close()
                with pa.memory_map(str(self._path(spool))) as file:
                    rows = pa.ipc.open_file(file).read_all()
                    yield _in_order(rows, keys)
                    del rows
                self._path(spool).unlink()
            elif self._held[spool]:
                rows = pa.Table.from_batches(self._held[spool])
                self._held[spool] = []
                yield _in_order(rows, keys)


def _in_order(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    return rows.take(pc.sort_indices(rows, [(key.strip('"'), "ascending") for key in keys])).combine_chunks()
