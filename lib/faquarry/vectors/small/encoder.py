"""Texts to vectors with a tokeniser, one gather and one sum: numpy and `tokenizers`, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faquarry.vectors.model import ModelInfo
from faquarry.vectors.small.files import read_info, read_table, read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SmallEncoder", "TokenBags"]

Floats = npt.NDArray[np.float32]

_BLOCK = 512  # tokens gathered at a time: half a MiB of float32, which the cache next to a core holds
_TOKENISED = 128  # texts at a time: what a tokeniser says of a text is far larger than its ids, and is let go at once


class TokenBags:
    """Texts tokenised once (`faquarry.vectors.model.Tokenised`): the tokens of all of them, and where each begins."""

    pads = False

    def __init__(self, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32], table: Floats) -> None:
        self.lengths = lengths
        self._ids, self._table = ids, table
        self._starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], Floats]:
        """-> a function that gives the vectors of texts `rows`, (len(rows), dim)."""
        return lambda: self.vectors(rows)

    def vectors(self, rows: npt.NDArray[np.intp] | None = None) -> Floats:
        """Of all texts, or of `rows`. A text's vector is summed by itself: company and order change no bit of it."""
        if rows is None:
            ids, lengths = self._ids, self.lengths
        else:
            lengths = self.lengths[rows]
            before = np.cumsum(lengths, dtype=np.int64) - lengths
            ids = self._ids[np.arange(lengths.sum()) + np.repeat(self._starts[:-1][rows] - before, lengths)]
        return _unit(_sums(self._table, ids, lengths))


class SmallEncoder:
    """A loaded small encoder (`faquarry.vectors.model.Encoder`)."""

    def __init__(self, info: ModelInfo, tokenizer: Tokenizer, table: Floats) -> None:
        self.info, self.tokenizer, self.table = info, tokenizer, table

    @classmethod
    def read(cls, folder: Path) -> SmallEncoder:
        # One process a core is what the platform runs: a tokeniser with threads of its own would take the others' cores.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        return cls(read_info(folder), read_tokenizer(folder), read_table(folder).unpack())

    def lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Tokens of each text, cut at the model's maximum. -> (n,)"""
        return self.tokenise(texts).lengths

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of unit length (zero for a text without any known token). -> (n, dim)"""
        return self.tokenise(texts).vectors()

    def tokenise(self, texts: Sequence[str], task: str | None = None) -> TokenBags:
        """Tokenises once what is then encoded in whatever batches fit; no task changes it."""
        found: list[list[int]] = []
        for first in range(0, len(texts), _TOKENISED):
            part = list(texts[first : first + _TOKENISED])
            found.extend(encoding.ids for encoding in self.tokenizer.encode_batch_fast(part, add_special_tokens=False))
        lengths = np.fromiter(map(len, found), np.int32, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int32, int(lengths.sum()))
        return TokenBags(ids, lengths, self.table)


def _sums(table: Floats, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> Floats:
    """The sum of the rows of `table` that each text names. -> (texts, dim)"""
    out = np.zeros((len(lengths), table.shape[1]), np.float32)
    filled = np.flatnonzero(lengths)  # reduceat gives an empty segment the row that follows, not zero
    ends = np.cumsum(lengths[filled], dtype=np.int64)
    starts = ends - lengths[filled]
    for first, last in _blocks(ends):
        begin = starts[first]
        gathered = table[ids[begin : ends[last - 1]]]
        out[filled[first:last]] = np.add.reduceat(gathered, starts[first:last] - begin, axis=0)
    return out


def _blocks(ends: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of whole texts of about `_BLOCK` tokens."""
    first, done = 0, 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        yield first, last
        first, done = last, int(ends[last - 1])


def _unit(vectors: Floats) -> Floats:
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    norms[norms == 0] = 1
    vectors /= norms[:, None]
    return vectors
