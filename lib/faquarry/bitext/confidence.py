"""From evidence to a probability: two logistic regressions, one on the texts, one on that and the pages.

The weights are fitted by ``python -m tools.fit_evidence`` with whole sites held out, on sites whose evidence is taken away
or made wrong in turn (no hreflang, wrong hreflang, shuffled questions, one page a language), and are shipped with the
report of that fit. Features are in spreads of the model's own cosines, so that one set of weights serves any model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from faquarry.bitext.evidence import PAGE_FEATURES, TEXT_FEATURES
from faquarry.errors import LakeError

__all__ = ["Weights", "packaged", "probability"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """One weight a feature, in the order of TEXT_FEATURES and PAGE_FEATURES; `version` tells one fit from another."""

    texts: Floats
    pages: Floats
    version: str

    def text_odds(self, evidence: Floats) -> Floats:
        """Log odds by the texts alone. (n, features) -> (n,)"""
        return _odds(evidence, self.texts)

    def odds(self, evidence: Floats) -> Floats:
        """Log odds by texts and pages. (n, features) -> (n,)"""
        return _odds(evidence, self.pages)

    @classmethod
    def of(cls, texts: Mapping[str, float], pages: Mapping[str, float], version: str) -> Weights:
        """From weights by name.

        Raises:
            LakeError: they are weights of other features than this version computes.
        """
        if set(texts) != set(TEXT_FEATURES) or set(pages) != set(PAGE_FEATURES):
            raise LakeError("The weights of the evidence are those of another version: run tools/fit_evidence.py.")
        return cls(
            np.array([texts[name] for name in TEXT_FEATURES], dtype=np.float64),
            np.array([pages[name] for name in PAGE_FEATURES], dtype=np.float64),
            version,
        )


@cache
def packaged() -> Weights:
    """The weights that come with the package."""
    stored = json.loads((files("faquarry.bitext") / "evidence.json").read_text(encoding="utf-8"))
    told = json.dumps([stored["texts"], stored["pages"]], sort_keys=True)
    return Weights.of(stored["texts"], stored["pages"], hashlib.sha256(told.encode()).hexdigest()[:8])


def probability(odds: Floats) -> Floats:
    """The logistic function.

    >>> probability(np.array([0.0])).tolist()
    [0.5]
    """
    return 1 / (1 + np.exp(-np.clip(odds, -40, 40)))


def _odds(evidence: Floats, weights: Floats) -> Floats:
    # A sum over columns in their order: a matrix product may add in another order for another number of rows.
    found = np.zeros(len(evidence))
    for column, weight in enumerate(weights):
        found += evidence[:, column] * weight
    return found
