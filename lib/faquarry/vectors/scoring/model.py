"""What a scorer is to the rest of the platform: it reads a question and a text together, and says how well one answers the
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from faquarry.vectors.model import Tokenised

__all__ = ["Activation", "Scorer", "ScorerInfo"]

Activation = Literal["logit", "sigmoid"]


@dataclass(frozen=True)
class ScorerInfo:
    """A scorer as found by name or folder, before it is loaded (finding one imports no torch).

    `name`, `revision` and `activation` together say on which scale a score is: scores of which all three agree compare.
    A logit is any number, a sigmoid one from 0 to 1; the order of two scores is the same under both.
    """

    name: str
    revision: str
    kind: Literal["packaged", "cross-encoder"]
    activation: Activation
    max_tokens: int  # of question and text together
    folder: str | None = None


class Scorer(Protocol):
    """A loaded scorer."""

    info: ScorerInfo

    def score(self, queries: Sequence[str], texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """How well text i answers query i, under the activation of `info`. -> (n,), higher is better"""
        ...

    def tokenise(self, queries: Sequence[str], texts: Sequence[str]) -> Tokenised:
        """The pairs, measured, and ready to be scored in any batches: a batch gives (n, 1) scores."""
        ...
