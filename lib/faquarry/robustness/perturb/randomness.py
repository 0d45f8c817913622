"""Random numbers that depend on what is perturbed, not on when or where: a hash of key, operation, strength and seed.

The generator is BLAKE2b in counter mode. Two processes, two orders of the same queries, two values of PYTHONHASHSEED and
two versions of Python draw the same numbers, which `random` and `hash` do not promise.
"""

from __future__ import annotations

import struct
from hashlib import blake2b

__all__ = ["Draw", "Source"]

_WORDS = struct.Struct("<16I")
_SCALE = 1 / (1 << 32)


class Source:
    """What all draws of one (operation, strength, seed) have in common, hashed once."""

    __slots__ = ("_prefix",)

    def __init__(self, operation: str, strength: str, seed: int) -> None:
        self._prefix = blake2b(f"faquarry perturb 1\0{operation}\0{strength}\0{seed}\0".encode())

    def draw(self, key: str) -> Draw:
        hashed = self._prefix.copy()
        hashed.update(key.encode("utf-8", "surrogatepass"))
        return Draw(hashed.digest())


class Draw:
    """The numbers of one query.

    >>> draw = Source("swap", "1", 0).draw("q7")
    >>> draw.below(100), draw.below(100), round(draw.unit(), 3)
    (53, 78, 0.683)
    """

    __slots__ = ("_at", "_block", "_root", "_words")

    def __init__(self, root: bytes) -> None:
        self._root, self._words, self._at, self._block = root, _WORDS.unpack(root), 0, 0

    def _word(self) -> int:
        if self._at == 16:
            self._block += 1
            self._words = _WORDS.unpack(blake2b(self._root + self._block.to_bytes(4, "little")).digest())
            self._at = 0
        word: int = self._words[self._at]
        self._at += 1
        return word

    def below(self, bound: int) -> int:
        """A whole number in [0, bound); off uniform by less than bound / 2**32."""
        return (self._word() * bound) >> 32

    def unit(self) -> float:
        """A number in [0, 1)."""
        return self._word() * _SCALE
