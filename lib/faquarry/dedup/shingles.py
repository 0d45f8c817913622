"""What a text is made of, as hashes: words where the script has spaces, runs of characters where it has none.

Single words, not pairs of them: an edited word takes one shingle of a text and not two, so that the measure follows
edits of words, at a fraction of the number of character 5-grams (docs/duplicates.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faquarry.dedup.fold import UNSPACED, folded
from faquarry.dedup.hashing import span_hashes

__all__ = ["Shingles", "character_grams", "normalised", "word_shingles"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shingles:
    """Those of a batch of texts: text i has ``hashes[starts[i]:starts[i + 1]]``."""

    hashes: Hashes  # (shingles,)
    starts: Places  # (texts + 1,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def owners(self) -> Places:
        """The text each shingle is of. -> (shingles,)"""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))


def word_shingles(texts: pa.Array, run: int = 5) -> Shingles:
    """Words; of an unspaced stretch every `run` characters in a row, or the stretch itself when it is shorter.

    >>> len(word_shingles(pa.array(["How do I pay? Pay here!"])).hashes)
    6
    >>> len(word_shingles(pa.array(["怎么付款呢, PayPal"])).hashes)  # a stretch of five, a word
    2
    """
    codes, text_starts = folded(texts)
    starts, ends = _stretches(codes)
    unspaced = (codes[starts] & UNSPACED) != 0
    if unspaced.any():
        counts = np.where(unspaced, np.maximum(ends - starts - (run - 1), 1), 1)
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        limits, grams = np.repeat(ends, counts), np.repeat(unspaced, counts)
        starts = np.repeat(starts, counts) + offsets
        ends = np.where(grams, np.minimum(starts + run, limits), limits)
    return Shingles(span_hashes(codes, starts, ends), np.searchsorted(starts, text_starts))


def character_grams(texts: pa.Array, n: int = 5) -> Shingles:
    """Every `n` folded characters in a row, one space between words; a shorter text is one shingle."""
    codes, text_starts = folded(texts)
    kept = codes != 0
    kept[1:] |= codes[:-1] != 0  # the first separator after a word
    places = np.concatenate([[0], np.cumsum(kept)])
    codes, text_starts = codes[kept], places[text_starts]
    counts = np.maximum(np.diff(text_starts) - (n - 1), np.minimum(np.diff(text_starts), 1))
    offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.repeat(text_starts[:-1], counts) + offsets
    ends = np.minimum(starts + n, np.repeat(text_starts[1:], counts))
    return Shingles(span_hashes(codes, starts, ends), np.concatenate([[0], np.cumsum(counts)]))


def normalised(texts: pa.Array) -> Hashes:
    """One hash a text: equal for texts that differ in case, width, punctuation and spaces only; 0 for one without words.

    >>> a, b, c = normalised(pa.array(["What is  it?", "WHAT — is it", "What is its?"]))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    codes, text_starts = folded(texts)
    starts, ends = _stretches(codes)
    words = span_hashes(codes, starts, ends)
    bounds = np.searchsorted(starts, text_starts)
    hashes = span_hashes(words, bounds[:-1], bounds[1:])
    hashes[bounds[1:] == bounds[:-1]] = 0
    return hashes


def _stretches(codes: npt.NDArray[np.uint32]) -> tuple[Places, Places]:
    """Where words and unspaced stretches start and end; every text ends with a 0, so none goes on into the next."""
    kinds = (codes != 0).view(np.uint8) + ((codes & UNSPACED) != 0).view(np.uint8)
    changes = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    if len(kinds) and kinds[0]:
        changes = np.concatenate([[0], changes])
    starts, ends = changes, np.append(changes[1:], len(codes))
    inside = kinds[starts] != 0
    return starts[inside], ends[inside]
