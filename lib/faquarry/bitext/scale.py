"""How a model's cosines spread over two languages of a site: what "near" is measured against.

Cosines of two models do not live on one scale, and those of one model do not on two sites: on a site about one thing all
is near. Evidence is therefore told in spreads: how far a cosine lies above what two pairs of these languages have by
chance. Where a site is too small to tell, the model's own thresholds stand in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.bitext.side import Half
from faquarry.vectors.model import Thresholds

__all__ = ["Scale", "scale_of"]

_SAMPLE = 192
_PRIOR = 24.0


@dataclass(frozen=True)
class Scale:
    """Mean and spread of the cosine of two pairs that have nothing to do with each other."""

    mean: float
    spread: float

    def above(self, cosine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Cosines as spreads above the mean."""
        return (cosine - self.mean) / self.spread

    def apart(self, difference: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Differences of cosines as spreads."""
        return difference / self.spread


def scale_of(left: Half, right: Half, thresholds: Thresholds) -> Scale:
    """From the cosines of a fixed sample of both sides (every n-th vector, so that nothing is left to chance).

    Robust against the translations among them: the middle of the values, and the distance of their lower quarter from it.
    The model's thresholds count as 24 values.
    """
    prior_mean, prior_spread = expected(thresholds)
    a, b = _thinned(left), _thinned(right)
    if not len(a) or not len(b):
        return Scale(prior_mean, prior_spread)
    values = (a.astype(np.float64) @ b.astype(np.float64).T).ravel()
    lower, middle = np.quantile(values, (0.25, 0.5))
    spread = (middle - lower) / 0.6745
    share = len(values) / (len(values) + _PRIOR)
    return Scale(
        float(share * middle + (1 - share) * prior_mean),
        float(max(share * spread + (1 - share) * prior_spread, prior_spread / 4)),
    )


def expected(thresholds: Thresholds) -> tuple[float, float]:
    """Mean and spread that a model's thresholds let one expect: `publish` lies about four spreads above chance.

    >>> expected(Thresholds(keep=0.8, publish=0.9))[1]  # LaBSE
    0.1
    """
    spread = round(min(0.1, max(0.02, thresholds.publish - thresholds.keep)), 6)
    return thresholds.publish - 4 * spread, spread


def _thinned(vectors: Half) -> Half:
    step = max(1, len(vectors) // _SAMPLE)
    return vectors[::step][:_SAMPLE]
