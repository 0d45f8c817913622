"""What people's slips taught: counts in noise.json, made by ``python -m tools.fit_noise``; no text of its sources."""

from __future__ import annotations

import json
from bisect import bisect
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

from faquarry.robustness.perturb.randomness import Draw

__all__ = ["Shares", "learned"]


@lru_cache(maxsize=1)
def learned() -> dict[str, Any]:
    """The model: `any` alphabet, languages with letters of their own, `disfluency`."""
    found: dict[str, Any] = json.loads(
        files("faquarry.robustness.perturb").joinpath("noise.json").read_text(encoding="utf-8")
    )
    return found


class Shares:
    """Names that are drawn by their shares."""

    __slots__ = ("_names", "_sums")

    def __init__(self, shares: dict[str, float]) -> None:
        self._names, self._sums = tuple(shares), tuple(accumulate(shares.values()))

    def draw(self, draw: Draw) -> str:
        at = bisect(self._sums, draw.unit() * self._sums[-1])
        return self._names[min(at, len(self._names) - 1)]
