"""What people's slips taught: counts in noise.json, made by ``python -m tools.fit_noise``; no text of its sources."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from faquarry.robustness.perturb.randomness import Draw

__all__ = ["learned", "pick"]


@lru_cache(maxsize=1)
def learned() -> dict[str, Any]:
    """The model: `any` alphabet, languages with letters of their own, `disfluency`."""
    found: dict[str, Any] = json.loads(
        files("faquarry.robustness.perturb").joinpath("noise.json").read_text(encoding="utf-8")
    )
    return found


def pick(shares: dict[str, float], draw: Draw) -> str:
    """A name, drawn by its share."""
    left = draw.unit() * sum(shares.values())
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return name
