"""What a model is to the rest of the platform: its name and revision, the shape of its vectors, and its own thresholds.

Cosines of two models do not live on one scale: 0.9 of LaBSE says as much as 0.5 of a static encoder. So no stage has a
threshold of its own; it asks the model that made the vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Encoder", "Field", "ModelInfo", "Thresholds", "Tokenised"]

Field = Literal["question", "answer", "qa"]


@dataclass(frozen=True)
class Thresholds:
    """Cosines of one model. The defaults are those published for LaBSE and Jina v3 (WebFAQ 2.0)."""

    keep: float = 0.8  # a bitext is kept from here
    publish: float = 0.9  # and released from here
    semantic: float = 0.8  # two questions of a site say the same
    low: float = 0.5  # a question and an answer below this need their page to be understood


@dataclass(frozen=True)
class ModelInfo:
    """A model as found by name or folder, before it is loaded (finding one imports no torch).

    `prefixes` is what the model wants in front of a text, by field (``query: `` and ``passage: `` of the E5 family);
    `tasks` names, by field, the adapter that the model switches on (Jina v3).
    """

    name: str
    revision: str
    dim: int
    max_tokens: int
    kind: Literal["packaged", "sentence-transformers"]
    folder: str | None = None
    pooling: str = "mean"
    prefixes: dict[str, str] = field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    tasks: dict[str, str] = field(default_factory=dict)
    static: bool = False  # a vector a token, whatever stands beside it

    @property
    def pads(self) -> bool:
        """Whether texts of a batch should be of one length."""
        return not (self.static or self.kind == "packaged")

    def prefixed(self, text: str, of: Field) -> str:
        """The text as the model is given it."""
        return self.prefixes.get(of, "") + text


class Encoder(Protocol):
    """A loaded model."""

    info: ModelInfo

    def lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Tokens of each text, cut at the model's maximum. -> (n,)"""
        ...

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of unit length (zero for a text without any known token). -> (n, dim)"""
        ...

    def tokenise(self, texts: Sequence[str], task: str | None = None) -> Tokenised:
        """The texts, measured, and ready to be encoded in any batches; `task` names the adapter that is to do it."""
        ...


class Tokenised(Protocol):
    """Texts that were tokenised once, and can be encoded in whatever batches fit."""

    lengths: npt.NDArray[np.int32]
    pads: bool  # whether a batch costs its rows times its longest text, or the sum of its texts

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        """Sets a batch going. -> a function that waits for its vectors, (len(rows), dim), unit length.

        What does not fit into memory raises here, not later.
        """
        ...
