"""float16 columns: there and back, however Arrow has cut them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from faquarry.vectors.halves import binary_column, matrix_of

VECTORS = np.random.default_rng(3).normal(0, 1, (9, 5)).astype(np.float32)


def test_a_matrix_comes_back_as_it_went() -> None:
    column = binary_column(VECTORS)
    assert column.type == pa.binary()
    assert len(column[0].as_py()) == 10
    np.testing.assert_array_equal(matrix_of(column), VECTORS.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_slices_chunks_and_kinds_do_not_matter(kind: pa.DataType) -> None:
    column = binary_column(VECTORS).cast(kind)
    expected = VECTORS.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(matrix_of(column[2:7]), expected[2:7])
    chunked = pa.chunked_array([column[:0], column[4:], column[:3]])
    np.testing.assert_array_equal(matrix_of(chunked), expected[[4, 5, 6, 7, 8, 0, 1, 2]])
    assert matrix_of(column[:0]).shape == (0, 0)


@pytest.mark.parametrize("values", [[b"\0\0", b"\0\0\0\0"], [b"\0"], [b""], [b"\0\0", None]])
def test_what_is_no_matrix_is_refused(values: list[bytes | None]) -> None:
    with pytest.raises(ValueError, match=r"different lengths|missing"):
        matrix_of(pa.array(values, pa.binary()))
