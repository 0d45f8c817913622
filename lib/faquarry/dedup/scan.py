"""The rows of `qa` read in the workers, with Arrow and without the JVM: half the cost where every row is wanted."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from faquarry.lake import Lake

__all__ = ["Unit", "placed", "read_units", "units_of"]

Unit = tuple[int, int]  # a file of the table, in the order of their paths; a row group of it

_COLUMNS = ["id", "site", "language", "question", "answer"]
_ROWS = 2048


def units_of(lake: Lake, version: int) -> list[Unit]:
    """What can be read apart."""
    return [(number, group.id) for number, file in enumerate(_files(lake, version)) for group in file.row_groups]


def read_units(uri: str, version: int, units: Sequence[Unit]) -> Iterator[pa.RecordBatch]:
    """Rows (id, question, answer, place) of these units."""
    files = _files(Lake(uri), version)
    for number, group in units:
        part = files[number].subset(row_group_ids=[group])
        yield from placed(part.to_batches(columns=_COLUMNS, batch_size=_ROWS))


def placed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Adds `place`: the CRC-32 of site and language, as Spark's ``crc32(concat_ws('\\n', site, language))`` has it.

    >>> batch = pa.record_batch({"site": ["a.example"] * 2, "language": ["eng", "deu"]})
    >>> next(placed([batch])).column("place").to_pylist() == [zlib.crc32(b"a.example\\neng"), zlib.crc32(b"a.example\\ndeu")]
    True
    """
    for batch in batches:
        names = pc.binary_join_element_wise(
            pc.fill_null(batch.column("site"), ""), pc.fill_null(batch.column("language"), ""), "\n"
        )
        coded = pc.dictionary_encode(names)
        sums = np.array([zlib.crc32(name.encode()) for name in coded.dictionary.to_pylist()], np.int64)
        yield batch.append_column("place", pa.array(sums[coded.indices.to_numpy()]))


def _files(lake: Lake, version: int) -> list[ds.ParquetFileFragment]:
    table = lake.dataset("qa", version)
    return [] if table is None else sorted(table.get_fragments(), key=lambda file: str(file.path))
