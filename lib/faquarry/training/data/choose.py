"""Which hard negatives a query is trained with: the rules of WebFAQ 2.0 and of RocketQA over the scores of a teacher."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Rule", "chosen"]

Rule = Literal["top", "denoised", "rocketqa"]

LOW, HIGH = 0.1, 0.9


def chosen(scores: npt.NDArray[np.float32], count: int, rule: Rule, key: str) -> npt.NDArray[np.int64]:
    """Places of the negatives to train with.

    Args:
        scores: of the negatives, best first; from 0 to 1 where the rule looks at them. (k,)
        count: how many at most.
        rule: ``top``: the highest; ``denoised``: drawn from those between 0.1 and 0.9 (WebFAQ 2.0: above may be right
            answers, below are easy); ``rocketqa``: drawn from those below 0.1 (Qu et al. 2021: surely wrong).
        key: of the query; the draw is its own, whatever the order.

    >>> chosen(np.array([0.95, 0.5, 0.3, 0.05], np.float32), 2, "top", "q").tolist()
    [0, 1]
    >>> sorted(chosen(np.array([0.95, 0.5, 0.3, 0.05], np.float32), 2, "denoised", "q").tolist())
    [1, 2]
    >>> chosen(np.array([0.95, 0.5, 0.3, 0.05], np.float32), 2, "rocketqa", "q").tolist()
    [3]
    """
    if rule == "top":
        return np.arange(min(count, len(scores)))
    kept = np.flatnonzero(scores < LOW if rule == "rocketqa" else (scores >= LOW) & (scores <= HIGH))
    if len(kept) > count:
        seed = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
        kept = np.random.default_rng(seed).choice(kept, count, replace=False)
    return kept
