"""Encoders that take texts and give vectors, seen as ones that tokenise first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from faquarry.vectors.model import Encoder, Tokenised

__all__ = ["tokenised_plain"]


class _Plain:
    """Texts of an encoder that neither pads nor lets its tokens be seen."""

    pads = False

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        self._encoder, self._texts = encoder, texts
        self.lengths = encoder.lengths(texts)

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        everything = len(rows) == len(self._texts)  # rows come in order then
        vectors = self._encoder.encode(self._texts if everything else [self._texts[row] for row in rows])
        return lambda: vectors


def tokenised_plain(encoder: Encoder, texts: Sequence[str]) -> Tokenised:
    """`texts` with their lengths, to be encoded in batches."""
    return _Plain(encoder, texts)
