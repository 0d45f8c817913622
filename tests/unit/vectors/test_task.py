"""What a worker does with Arrow batches: pooled, encoded in order, the next pool made ready meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from faquarry.vectors.batching import Budget
from faquarry.vectors.halves import binary_column, matrix_of
from faquarry.vectors.model import ModelInfo, Tokenised
from faquarry.vectors.task import ENCODED, TEXTS, ahead, encode_batches, pooled, scored_batches


class Letters:
    """An encoder whose tokens are letters, and whose vector counts a and b."""

    def __init__(self, static: bool = False) -> None:
        self.info = ModelInfo("letters", "1", dim=2, max_tokens=99, kind="sentence-transformers", static=static)

    def lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        return np.asarray([len(text) for text in texts], np.int32)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.asarray([[text.count("a"), text.count("b")] for text in texts], np.float32)

    def tokenise(self, texts: Sequence[str], task: str | None = None) -> Tokenised:
        return Spelled(self, texts)


class Spelled:
    def __init__(self, encoder: Letters, texts: Sequence[str]) -> None:
        self.pads = encoder.info.pads
        self.encoder, self.texts, self.lengths = encoder, texts, encoder.lengths(texts)

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        return lambda: self.encoder.encode([self.texts[row] for row in rows])


def batches_of(texts: Sequence[str], size: int, hashes: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    keys = [f"h{place}" for place in range(len(texts))]
    given = list(hashes) or keys
    for start in range(0, len(texts), size):
        rows = slice(start, start + size)
        fields = ["qa"] * len(texts[rows])
        yield pa.record_batch([keys[rows], fields, given[rows], texts[rows]], schema=TEXTS)
    yield pa.record_batch([pa.array([], field.type) for field in TEXTS], schema=TEXTS)


@pytest.mark.parametrize("tokenise_ahead", [False, True])
@pytest.mark.parametrize("pool_bytes", [1, 300, 10**6])
@pytest.mark.parametrize("static", [False, True])
def test_rows_come_in_order_whatever_the_pools(static: bool, pool_bytes: int, tokenise_ahead: bool) -> None:
    texts = ["ab" * (7 * place % 11) + "a" for place in range(50)]
    told: list[tuple[int, int]] = []
    found = pa.Table.from_batches(
        encode_batches(
            batches_of(texts, 8),
            Letters(static),
            budget=Budget(64),
            pool_bytes=pool_bytes,
            tokenise_ahead=tokenise_ahead,
            done=lambda texts, tokens: told.append((texts, tokens)),
        )
    )
    assert found.schema == ENCODED
    assert found.column("id").to_pylist() == [f"h{place}" for place in range(50)]
    np.testing.assert_array_equal(matrix_of(found.column("vector")), Letters().encode(texts))
    assert found.column("tokens").to_pylist() == [len(text) for text in texts]
    assert tuple(map(sum, zip(*told, strict=True))) == (50, sum(map(len, texts)))


@pytest.mark.parametrize("pool_bytes", [1, 60, 150, 10**6])
@pytest.mark.parametrize("size", [1, 2, 5, 99])
@pytest.mark.parametrize("static", [False, True])
def test_equal_texts_are_encoded_once_wherever_a_pool_ends(static: bool, pool_bytes: int, size: int) -> None:
    hashes = "aaabbbbbcdddddddde"
    texts = [letter * 3 for letter in hashes]
    encoder = Letters(static)
    found = pa.Table.from_batches(
        encode_batches(batches_of(texts, size, hashes), encoder, budget=Budget(9), pool_bytes=pool_bytes)
    )
    assert found.column("id").to_pylist() == [f"h{place}" for place in range(len(texts))]
    np.testing.assert_array_equal(matrix_of(found.column("vector")), encoder.encode(texts))
    firsts = [place == 0 or hashes[place] != hashes[place - 1] for place in range(len(hashes))]
    assert found.column("encoded").to_pylist() == firsts
    assert found.column("tokens").to_pylist() == [3 * first for first in firsts]


def test_a_pool_is_bounded_in_bytes() -> None:
    pools = list(pooled(batches_of(["x" * 100] * 40, 2), 1000))
    assert sum(pool.num_rows for pool in pools) == 40
    assert max(pool.nbytes for pool in pools) < 1000 + 600


def test_an_error_in_the_thread_ahead_is_raised_where_it_is_wanted() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="torn"):
        next(found)


def test_similarity_is_the_cosine_of_the_two_vectors() -> None:
    question, answer = np.asarray([[1.0, 0], [0.6, 0.8]]), np.asarray([[0, 1.0], [0.6, 0.8]])
    batch = pa.record_batch(
        [["x", "y"], binary_column(question), binary_column(answer)], names=["id", "question", "answer"]
    )
    (found,) = scored_batches([batch, batch.slice(0, 0)])
    assert found.column("id").to_pylist() == ["x", "y"]
    np.testing.assert_allclose(found.column("score").to_numpy(), [0, 1], atol=1e-3)
