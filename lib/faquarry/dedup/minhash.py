"""MinHash (Broder 1997) and its bands: two texts agree in a band with probability J^rows, J their Jaccard similarity.

numpy over a batch of texts, one pass a permutation: faster than rensa once its rows have become arrays, and than
datasketch by far (benchmarks/dedup.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from faquarry.dedup.hashing import mixed
from faquarry.dedup.shingles import Shingles

__all__ = ["PERMUTATIONS", "Bands", "band_hashes", "bands_for", "least_agreement", "signatures", "sketches"]

PERMUTATIONS = 128
_AT_A_TIME = 1 << 17  # shingles whose products stay in a core's cache

Signatures = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Bands:
    """How a signature is cut."""

    bands: int
    rows: int

    def recall(self, jaccard: float) -> float:
        """The probability that two texts of this similarity agree in at least one band.

        >>> round(Bands(18, 7).recall(0.8), 4), round(Bands(18, 7).recall(0.5), 4)
        (0.9855, 0.1317)
        """
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


def bands_for(threshold: float, recall: float = 0.98) -> Bands:
    """The longest bands (fewest candidates) that still find a pair at the threshold with this probability.

    >>> bands_for(0.8), bands_for(0.9), bands_for(0.5)
    (Bands(bands=18, rows=7), Bands(bands=11, rows=11), Bands(bands=42, rows=3))
    """
    cuts = [Bands(PERMUTATIONS // rows, rows) for rows in range(1, 33)]
    return max((cut for cut in cuts if cut.recall(threshold) >= recall), key=lambda cut: cut.rows, default=cuts[0])


def signatures(shingles: Shingles, permutations: int = PERMUTATIONS) -> Signatures:
    """The smallest of each permutation over each text's shingles; all ones for a text without any. -> (permutations, texts)

    A shingle's hash is mixed already, so that a permutation is one multiplication by an odd number (Dietzfelbinger 1997).
    """
    out = np.full((permutations, len(shingles)), 0xFFFFFFFF, np.uint32)
    values = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    factors = _factors(permutations)
    some = np.flatnonzero(np.diff(shingles.starts))
    starts = shingles.starts[some]
    cuts = np.searchsorted(starts, np.arange(0, len(values), _AT_A_TIME)).tolist()
    for first, last in pairwise([*cuts, len(some)]):
        if first == last:
            continue
        begin, end = starts[first], shingles.starts[some[last - 1] + 1]
        part, places = values[begin:end], starts[first:last] - begin
        product = np.empty_like(part)
        for number, factor in enumerate(factors):
            np.multiply(part, factor, out=product)
            out[number, some[first:last]] = np.minimum.reduceat(product, places)
    return out


def band_hashes(signed: Signatures, bands: Bands) -> Hashes:
    """One hash a band and text. -> (texts, bands)"""
    out = np.empty((signed.shape[1], bands.bands), np.uint64)
    for band in range(bands.bands):
        value = np.full(signed.shape[1], band, np.uint64)
        for row in signed[band * bands.rows : (band + 1) * bands.rows]:
            value = (value ^ row) * np.uint64(0x9FB21C651E98DF25)
            value ^= value >> np.uint64(32)
        out[:, band] = mixed(value)
    return out


def sketches(signed: Signatures) -> Hashes:
    """One bit of each of the first 64 permutations: two texts agree in a bit with probability (1 + J) / 2. -> (texts,)

    b-bit minwise hashing (Li and König 2010) with b = 1.
    """
    out = np.zeros(signed.shape[1], np.uint64)
    for place, row in enumerate(signed[:64]):
        out |= ((row >> np.uint32(16)) & np.uint32(1)).astype(np.uint64) << np.uint64(place)
    return out


def least_agreement(jaccard: float, deviations: float = 3.0) -> int:
    """Bits of 64 in which the sketches of two texts of this similarity agree, but for that many standard deviations.

    >>> least_agreement(0.8), least_agreement(0.5)
    (50, 37)
    """
    agree = (1 + jaccard) / 2
    return int(64 * agree - deviations * (64 * agree * (1 - agree)) ** 0.5)


@lru_cache(maxsize=4)
def _factors(permutations: int) -> Signatures:
    return (mixed(np.arange(permutations, dtype=np.uint64)) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
