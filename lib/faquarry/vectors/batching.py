"""Which texts go through a model together: batches of similar length, bounded in tokens, halved when memory runs out.

A batch costs its rows times its longest text. Sorted by length, a batch of long answers holds few rows and one of
questions many, and next to nothing is spent on padding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.vectors.model import Tokenised

__all__ = ["Budget", "Encoded", "encode_all", "is_out_of_memory"]

WASTE = 0.06  # of a batch's tokens
SMALL = 8  # a batch of less than an eighth of the budget is not cut for that

Fetch = Callable[[], npt.NDArray[np.float32]]

_SAID = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "alloc_failed")


@dataclass
class Budget:
    """Tokens a batch may have, padding included; it shrinks for good when memory runs out, and is kept between pools.

    `rows` bounds batches of models that do not pad.
    """

    tokens: int
    rows: int = 1 << 20
    setting: str = "embed.max_tokens"  # what to lower when a single text does not fit

    def rows_of(self, lengths: npt.NDArray[np.int32], pads: bool) -> int:
        """How many of the texts may go together, at least one. `lengths` are those still to go, longest first.

        A batch ends early when more would be wasted on padding than `WASTE`, once it is large enough to be worth while.
        """
        if not pads:
            return self.rows
        longest = max(1, int(lengths[0]))
        most = max(1, self.tokens // longest)
        paid = longest * np.arange(1, min(most, len(lengths)) + 1)
        wasted = 1 - np.cumsum(lengths[:most]) / paid
        fits = (wasted <= WASTE) | (paid * SMALL <= self.tokens)
        return int(np.flatnonzero(fits)[-1]) + 1 if fits.any() else 1

    def halve(self, rows: int, longest: int, pads: bool) -> None:
        """A batch of that many texts did not fit: half of it is the most from now on."""
        if pads:
            self.tokens = max(1, rows // 2) * max(1, longest)
        else:
            self.rows = max(1, rows // 2)


@dataclass(frozen=True)
class Encoded:
    """`vectors` (n, dim) in the order of the texts; `tokens` (n,) of each; `padded` (n,): what its batch paid for it."""

    vectors: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int32]
    padded: npt.NDArray[np.int32]


def encode_all(tokenised: Tokenised, budget: Budget, dim: int) -> Encoded:
    """Encodes every text, longest first (so that what does not fit shows at once), and puts the vectors in order.

    One batch is always under way while the next is made ready, so that a GPU does not wait for the padding.

    Raises:
        MemoryError: a single text does not fit.
    """
    lengths, pads = tokenised.lengths, tokenised.pads
    count = len(lengths)
    vectors = np.zeros((count, dim), np.float32)
    padded = lengths.astype(np.int32)
    order = np.argsort(-lengths, kind="stable") if pads else np.arange(count)
    ordered = lengths[order]
    under_way: tuple[npt.NDArray[np.intp], Fetch] | None = None
    start = 0
    while start < count:
        longest = int(ordered[start])
        rows = order[start : start + budget.rows_of(ordered[start:], pads)]
        fetch = _started(tokenised, rows)
        if fetch is None and under_way is not None:  # it may hold what is missing
            vectors[under_way[0]] = under_way[1]()
            under_way = None
            fetch = _started(tokenised, rows)
        if fetch is None:
            if len(rows) == 1:
                raise MemoryError(
                    f"One text of {longest} tokens does not fit into memory: a smaller model, a lower {budget.setting}, "
                    "or more memory a worker."
                )
            budget.halve(len(rows), longest, pads)
            continue
        if under_way is not None:
            vectors[under_way[0]] = under_way[1]()
        under_way = rows, fetch
        if pads:
            padded[rows] = longest
        start += len(rows)
    if under_way is not None:
        vectors[under_way[0]] = under_way[1]()
    return Encoded(vectors, lengths.astype(np.int32), padded)


def _started(tokenised: Tokenised, rows: npt.NDArray[np.intp]) -> Fetch | None:
    """The batch, set going; None when there is no memory for it (the traceback that holds its tensors is let go)."""
    try:
        return tokenised.start(rows)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or not; told without importing torch.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes"))
    True
    >>> is_out_of_memory(RuntimeError("shapes differ"))
    False
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAID)
