"""Vectors as the lake stores them: a binary column of little-endian float16, half the size of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["HALF", "binary_column", "halves_of", "matrix_of"]

HALF = np.dtype("<f2")


def binary_column(vectors: npt.NDArray[np.floating[Any]]) -> pa.Array:
    """Rows of a matrix (n, dim) as n binaries of 2·dim bytes.

    >>> binary_column(np.array([[1.0, -2.0]]))[0].as_py().hex()
    '003c00c0'
    """
    halves = np.ascontiguousarray(vectors, dtype=HALF)
    count, dim = halves.shape
    if dim == 0:
        raise ValueError("vectors need at least one dimension")
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(2 * dim), count, [None, pa.py_buffer(halves)])
    return fixed.cast(pa.binary())


def matrix_of(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float32]:
    """Binaries of one length as a matrix (n, dim) of float32; (0, 0) when there are none.

    Raises:
        ValueError: a value is missing, or the lengths differ.

    >>> matrix_of(binary_column(np.eye(2)))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return halves_of(column).astype(np.float32)


def halves_of(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float16]:
    """`matrix_of` as it is stored, in half the memory; where it can be, a view of the column that cannot be written to."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [_halves(chunk) for chunk in chunks if len(chunk)]
    if not parts:
        return np.zeros((0, 0), HALF)
    if len({part.shape[1] for part in parts}) > 1:
        raise ValueError("vectors of different lengths cannot stand in one matrix")
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _halves(chunk: pa.Array) -> npt.NDArray[np.float16]:
    if chunk.null_count:
        raise ValueError("a vector is missing")
    large = chunk.cast(pa.large_binary())
    _, offsets, data = large.buffers()
    ends = np.frombuffer(offsets, np.int64)[large.offset : large.offset + len(large) + 1]
    sizes = np.diff(ends)
    if sizes[0] == 0 or sizes[0] % HALF.itemsize or not (sizes == sizes[0]).all():
        raise ValueError("vectors of different lengths cannot stand in one matrix")
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].view(HALF).reshape(len(large), -1)
