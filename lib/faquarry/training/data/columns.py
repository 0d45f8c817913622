"""Text on disk in the order it came: one file of UTF-8, one of lengths. Any row is a slice, nothing is kept in memory.

Training reads rows in random order. Parquet gives them a row group at a time, and Arrow's own take over a table of many
pieces costs more than the text.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NumberWriter", "TextWriter", "Texts", "numbers"]

Ints = npt.NDArray[np.int64]


class NumberWriter:
    """Writes a column of numbers, an array at a time, as they stand in memory."""

    def __init__(self, folder: Path, name: str, kind: npt.DTypeLike) -> None:
        self._kind = np.dtype(kind)
        self._file: BinaryIO = (folder / f"{name}.bin").open("wb")

    def __enter__(self) -> NumberWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, values: npt.NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(values, self._kind).data)


def numbers(folder: Path, name: str, kind: npt.DTypeLike, width: int = 1) -> npt.NDArray[Any]:
    """A column of numbers as it lies on disk. -> (n,), or (n, width)"""
    path = folder / f"{name}.bin"
    if not path.stat().st_size:
        found: npt.NDArray[Any] = np.zeros(0, kind)
    else:
        found = np.memmap(path, kind, "r")
    return found.reshape(-1, width) if width > 1 else found


class TextWriter:
    """Writes a column of text, an Arrow array at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._blob: BinaryIO = self._path.with_suffix(".txt").open("wb")
        self._lengths = NumberWriter(folder, name, np.int32)

    def write(self, texts: pa.Array) -> None:
        """Puts texts behind those that are there; null is the empty text."""
        if not len(texts):
            return
        if texts.null_count:
            texts = pc.fill_null(texts, "")
        texts = texts.cast(pa.large_string())
        _, offsets, data = texts.buffers()
        places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        if data is not None:
            self._blob.write(memoryview(data)[places[0] : places[-1]])
        self._lengths.write(np.diff(places))

    def __enter__(self) -> TextWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._blob.close()
        finally:  # a full disk shows as the first of them is flushed
            self._lengths.__exit__()


class Texts:
    """A column of text: a sequence of strings that lie on disk.

    They are read by place, not mapped: a fault on a mapped file brings up to a megabyte of neighbours into the process.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.lengths: npt.NDArray[np.int32] = numbers(folder, name, np.int32)
        """Bytes of each text. (n,)"""
        self._starts = np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int64)))
        self._file = os.open(folder / f"{name}.txt", os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> str:
        return self.take([row])[0]

    def take(self, rows: Sequence[int] | Ints) -> list[str]:
        """The texts of these rows, in this order."""
        starts, lengths = self._starts[rows].tolist(), self.lengths[np.asarray(rows, np.int64)].tolist()
        read, file = os.pread, self._file
        return [str(read(file, length, start), "utf-8") for start, length in zip(starts, lengths, strict=True)]
