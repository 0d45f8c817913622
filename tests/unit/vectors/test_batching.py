"""Batches by length: every text once, in order again, within the budget, and through memory that is too small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.vectors.batching import Budget, encode_all, is_out_of_memory


class Counted:
    """Texts whose vector is their number; batches above `room` padded tokens do not fit."""

    def __init__(
        self, lengths: list[int], room: float = float("inf"), pads: bool = True, error: Any = MemoryError
    ) -> None:
        self.lengths = np.asarray(lengths, np.int32)
        self.room, self.pads, self.error = room, pads, error
        self.batches: list[list[int]] = []
        self.refused = 0

    def cost(self, rows: Any) -> int:
        lengths = self.lengths[rows]
        return int(lengths.max() * len(rows) if self.pads else lengths.sum())

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        if self.cost(rows) > self.room:
            self.refused += 1
            raise self.error("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.")
        self.batches.append(rows.tolist())
        return lambda: rows[:, None].astype(np.float32)


@given(
    st.lists(st.integers(0, 60), max_size=80),
    st.integers(1, 400),
    st.integers(60, 500),
    st.booleans(),
    st.sampled_from([MemoryError, RuntimeError]),
)
def test_every_text_is_encoded_once_and_stands_in_its_place(
    lengths: list[int], tokens: int, room: int, pads: bool, error: type[Exception]
) -> None:
    texts = Counted(lengths, room if pads else 10**6, pads, error)
    encoded = encode_all(texts, Budget(tokens), dim=1)
    assert encoded.vectors[:, 0].tolist() == list(range(len(lengths)))
    assert sorted(row for batch in texts.batches for row in batch) == list(range(len(lengths)))
    assert encoded.tokens.tolist() == lengths
    if pads:
        assert all(len(batch) == 1 or texts.cost(batch) <= min(tokens, room) for batch in texts.batches)
        assert int(encoded.padded.sum()) == sum(texts.cost(batch) for batch in texts.batches)


def test_padding_wastes_less_than_eight_percent_of_texts_as_they_are_in_the_web() -> None:
    draw = np.random.default_rng(7)
    questions, answers = draw.lognormal(2.5, 0.5, 3000), draw.lognormal(4.3, 0.9, 3000)
    lengths = np.concatenate([questions, answers]).clip(3, 256).astype(int)
    draw.shuffle(lengths)
    encoded = encode_all(Counted(lengths.tolist()), Budget(8192), dim=1)
    assert 1 - encoded.tokens.sum() / encoded.padded.sum() < 0.08


def test_memory_that_ran_out_is_remembered() -> None:
    texts = Counted([10] * 64, room=100)
    budget = Budget(640)
    encode_all(texts, budget, dim=1)
    assert [len(batch) for batch in texts.batches] == [8] * 8
    assert texts.refused == 3  # 64, 32 and 16 texts
    later = Counted([10] * 16, room=100)
    encode_all(later, budget, dim=1)
    assert later.refused == 0


def test_a_text_that_never_fits_ends_with_what_to_do() -> None:
    with pytest.raises(MemoryError, match=r"One text of 50 tokens .* embed.max_tokens"):
        encode_all(Counted([50, 2], room=40), Budget(1000), dim=1)


def test_other_errors_are_not_taken_for_it() -> None:
    class Broken(Counted):
        def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        encode_all(Broken([1, 2]), Budget(10), dim=1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("HIP"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_out_of_memory_looks_like(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
