"""What is done to the table after the descent: punctuation weighs less, and no direction outweighs the others.

Every question ends in a question mark and every answer in a full stop; in training they tell sentences from clauses, in FAQs
they tell nothing. And a few directions hold most of the spread of text vectors: scaling each by its variance to a negative
power (a whitening, stopped halfway) leaves more room for what tells texts of one subject apart. Both are linear, so that
they are put into the subwords' vectors and cost nothing later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faquarry.training.small.texts import Texts

__all__ = ["finished"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 12_000  # texts that the spread is measured on


def finished(vectors: Floats, names: Sequence[str], texts: Texts, punctuation: float, whitening: float) -> Floats:
    """-> (rows, dim), a new table.

    Args:
        vectors: the table after the descent.
        names: its subwords.
        texts: what the spread is measured on.
        punctuation: what vectors of punctuation and symbols are multiplied with.
        whitening: minus the power of the variance that a direction is multiplied with; 0 leaves all as it is, 0.5 whitens.
    """
    table = vectors.copy()
    table[0] = 0  # an unknown character says nothing
    table[[number for number, name in enumerate(names) if _is_punctuation(name)]] *= punctuation
    spread, directions = np.linalg.eigh(np.cov(_sampled(table, texts).T))
    scales = np.maximum(spread, spread.max() * 1e-6) ** -whitening
    return np.ascontiguousarray(table @ ((directions * (scales / scales.mean())) @ directions.T), np.float32)


def _is_punctuation(name: str) -> bool:
    """
    >>> [_is_punctuation(name) for name in ("▁", "?", "▁,", "a", "c++")]
    [True, True, True, False, False]
    """
    return all(character == "▁" or unicodedata.category(character)[0] in "PS" for character in name)


def _sampled(table: Floats, texts: Texts) -> Floats:
    """Unit vectors of whole texts, evenly spread over the data."""
    filled = np.flatnonzero(np.diff(texts.offsets[: texts.whole + 1]))
    rows = filled[np.unique(np.linspace(0, len(filled) - 1, _SAMPLE).astype(np.int64))]
    sums = np.stack([table[texts.ids[texts.offsets[row] : texts.offsets[row + 1]]].sum(axis=0) for row in rows])
    found: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return found
