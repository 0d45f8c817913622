"""Text on disk in the order it came: one file of UTF-8, one of offsets. Any row is a slice, nothing is kept in memory.

Training reads rows in random order. Parquet gives them a row group at a time, and Arrow's own take over a table of many
pieces costs more than the text; two files mapped into memory cost a page fault.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["TextWriter", "Texts"]

Ints = npt.NDArray[np.int64]


class TextWriter:
    """Writes a column of text, an Arrow array at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._blob: BinaryIO = self._path.with_suffix(".txt").open("wb")
        self._lengths: list[npt.NDArray[np.int32]] = []

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
        self._lengths.append(np.diff(places).astype(np.int32))

    def __enter__(self) -> TextWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._blob.close()

    def finish(self) -> None:
        """Makes the column whole."""
        self._blob.close()
        lengths = np.concatenate(self._lengths) if self._lengths else np.zeros(0, np.int32)
        np.save(self._path.with_suffix(".npy"), lengths)


class Texts:
    """A column of text: a sequence of strings that lie on disk."""

    def __init__(self, folder: Path, name: str) -> None:
        path = folder / name
        self.lengths: npt.NDArray[np.int32] = np.load(path.with_suffix(".npy"))
        """Bytes of each text. (n,)"""
        self._starts = np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int64)))
        self._map: mmap.mmap | None = None
        self._bytes: mmap.mmap | bytes = b""
        if self._starts[-1]:
            with path.with_suffix(".txt").open("rb") as file:
                self._map = self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> str:
        return str(self._bytes[self._starts[row] : self._starts[row + 1]], "utf-8")

    def take(self, rows: Sequence[int] | Ints) -> list[str]:
        """The texts of these rows, in this order."""
        starts, stops = self._starts[rows].tolist(), self._starts[np.asarray(rows) + 1].tolist()
        kept = self._bytes
        return [str(kept[start:stop], "utf-8") for start, stop in zip(starts, stops, strict=True)]

    def forget(self) -> None:
        """Gives back the memory of pages that were read; the operating system may still hold them as cache."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
