"""64-bit hashes of many things at once: mixing, and hashes of spans of one long sequence."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["mixed", "span_hashes"]

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0xD6E8FEB86659FD93


def mixed(values: Hashes) -> Hashes:
    """A bijection of 64-bit numbers whose every output bit depends on every input bit (Stafford's mix 13 of splitmix64)."""
    out = values + _GOLDEN
    out ^= out >> np.uint64(30)
    out *= np.uint64(0xBF58476D1CE4E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D049BB133111EB)
    out ^= out >> np.uint64(31)
    return out


def span_hashes(values: npt.NDArray[np.unsignedinteger], starts: Places, ends: Places) -> Hashes:
    """The hash of ``values[start:end]`` for every span, the same wherever in `values` it stands. -> (spans,)

    A polynomial modulo 2^64: with C the running sum of ``f(values[i]) * r^i``, the span's value is
    ``(C[end] - C[start]) * r^-start``; r is odd, so it has an inverse.
    """
    powers, inverses = _powers(1 << max(16, (len(values)).bit_length()))
    terms = values * _GOLDEN
    terms ^= terms >> np.uint64(29)
    terms *= powers[: len(values)]
    sums = np.empty(len(values) + 1, np.uint64)
    sums[0] = 0
    np.cumsum(terms, out=sums[1:])
    return mixed((sums[ends] - sums[starts]) * inverses[starts])


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    def of(base: int) -> Hashes:
        factors = np.full(count, base, np.uint64)
        factors[0] = 1
        return np.cumprod(factors)

    return of(_BASE), of(pow(_BASE, -1, 1 << 64))
