"""Which of a query's scored candidates become its negatives. Pure: arrays in, a choice out.

The rules go by the scorer's judgement of the positive: a "wrong" answer that scores about as high as the right one is most
likely right too. The margins are named as in sentence-transformers (`mine_hard_negatives`); the relative one is the
TopK-PercPos of NV-Retriever (Moreira et al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["MARGINS", "Choice", "Rules", "choose"]

MARGINS = ("max_score", "min_score", "absolute_margin", "relative_margin", "percentile")
"""The rules by score, in the order in which they speak."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rules:
    """None switches a rule off; see the settings of the same names (docs/settings.md)."""

    keep: int | None = 10
    max_score: float | None = None
    min_score: float | None = None
    absolute_margin: float | None = None
    relative_margin: float | None = 0.2
    percentile: float | None = None
    min_positive: float | None = None


@dataclass(frozen=True)
class Choice:
    """`chosen`: places among the candidates, best first; `ruled_out` (n,): the margin that spoke against each, or None."""

    outcome: Literal["mined", "suspect", "none"]
    chosen: npt.NDArray[np.intp]
    ruled_out: list[str | None]


def choose(positive: float, scores: Floats, rules: Rules) -> Choice:
    """Candidates are in BM25's order, which settles equal scores.

    Args:
        positive: score of the right answer.
        scores: (n,) of the candidates; NaN for one that is out already.
        rules: what speaks against a candidate.

    >>> choice = choose(0.8, np.array([0.79, 0.1, 0.6], np.float32), Rules())
    >>> choice.chosen.tolist(), choice.ruled_out
    ([2, 1], ['relative_margin', None, None])
    """
    ruled_out: list[str | None] = [None] * len(scores)
    there = ~np.isnan(scores)
    if rules.min_positive is not None and positive < rules.min_positive:
        return Choice("suspect", np.zeros(0, np.intp), ruled_out)
    left = there.copy()
    for name, bad in _margins(positive, scores, there, rules):
        for place in np.flatnonzero(left & bad):
            ruled_out[place] = name
        left &= ~bad
    places = np.flatnonzero(left)
    chosen = places[np.argsort(-scores[places], kind="stable")][: rules.keep]
    return Choice("mined" if len(chosen) else "none", chosen, ruled_out)


def _margins(
    positive: float, scores: Floats, there: npt.NDArray[np.bool_], rules: Rules
) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """(name, whom it rules out) of the rules that are on, in the order of `MARGINS`."""
    found: list[tuple[str, npt.NDArray[np.bool_]]] = []
    if rules.max_score is not None:
        found.append(("max_score", scores > rules.max_score))
    if rules.min_score is not None:
        found.append(("min_score", scores < rules.min_score))
    if rules.absolute_margin is not None:
        found.append(("absolute_margin", scores > positive - rules.absolute_margin))
    if rules.relative_margin is not None:
        # A share of the score's size: logits may be negative, and the bar must not rise above the positive then.
        found.append(("relative_margin", scores > positive - rules.relative_margin * abs(positive)))
    if rules.percentile is not None and there.any():
        found.append(("percentile", scores > np.percentile(scores[there], rules.percentile)))
    return found
