"""Cross-encoders of sentence-transformers: their own tokenizer and modules, fed with batches of our making.

`CrossEncoder.predict` tokenises batch by batch, and cuts batches by rows. Here a pair is tokenised once and batches are cut by
tokens (`faquarry.vectors.batching`), as for encoders. That the two give the same scores is tried on a few pairs when a model
is loaded; one that wants something else (a prompt, a chat) goes through `predict` itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.vectors.batching import Budget, encode_all
from faquarry.vectors.load import PROBE
from faquarry.vectors.model import Tokenised
from faquarry.vectors.padded import Padded, fetched
from faquarry.vectors.runtime import CPU_TOKENS, GPU_TOKENS
from faquarry.vectors.scoring.model import ScorerInfo

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["CrossScorer", "probabilities"]

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

SAME = 1e-3  # difference of logits that rounding explains in float32


class CrossScorer:
    """A `CrossEncoder` as a scorer (`faquarry.vectors.scoring.model.Scorer`)."""

    def __init__(self, info: ScorerInfo, model: CrossEncoder, device: str) -> None:
        """The model is in float32 when this is called."""
        self.info, self.model, self._device = info, model, device
        model.max_seq_length = info.max_tokens
        self._sigmoid = info.activation == "sigmoid"
        self._opaque = not self._agrees()
        if self._opaque:
            log.warning("%s is scored by its own `predict`: it wants more than tokens", info.name)

    def score(self, queries: Sequence[str], texts: Sequence[str]) -> Floats:
        """How well text i answers query i. -> (n,)"""
        if not queries:
            return np.zeros(0, np.float32)
        budget = Budget(CPU_TOKENS if self._device == "cpu" else GPU_TOKENS, setting="score.max_tokens")
        found: Floats = encode_all(self.tokenise(queries, texts), budget, 1).vectors[:, 0]
        return found

    def tokenise(self, queries: Sequence[str], texts: Sequence[str]) -> Tokenised:
        """The pairs, ready to be scored in any batches."""
        tokens = self._tokens(queries, texts)
        if self._opaque:
            return _Opaque(self.model, list(zip(queries, texts, strict=True)), tokens["input_ids"], self._activated)
        return Padded(tokens, self.model.tokenizer, self._forward)

    def probe(self) -> Floats:
        """Logits of a few pairs, to compare ways of computing them. -> (n,)"""
        tokenised: Tokenised
        tokens = self._tokens(*_PAIRS)
        if self._opaque:
            tokenised = _Opaque(self.model, list(zip(*_PAIRS, strict=True)), tokens["input_ids"], lambda logits: logits)
        else:
            tokenised = Padded(tokens, self.model.tokenizer, self._logits)
        found: Floats = tokenised.start(np.arange(len(_PAIRS[0])))()[:, 0]
        return found

    def _tokens(self, queries: Sequence[str], texts: Sequence[str]) -> Any:
        tokenizer: Any = self.model.tokenizer
        return tokenizer(
            list(queries),
            list(texts),
            truncation="longest_first",
            max_length=self.info.max_tokens,
            padding=False,
            return_attention_mask=False,
            verbose=False,
        )

    def _forward(self, features: dict[str, Any]) -> Callable[[], Floats]:
        wait = self._logits(features)
        return lambda: self._activated(wait())

    def _logits(self, features: dict[str, Any]) -> Callable[[], Floats]:
        """Sets the model going on a batch. -> a function that waits for its logits, (n, 1)"""
        import torch

        with torch.inference_mode():
            moved = {
                name: value.to(self._device, non_blocking=True) if isinstance(value, torch.Tensor) else value
                for name, value in features.items()
            }
            logits = self.model(moved)["scores"].float().reshape(-1, 1)
        return lambda: fetched(logits)

    def _activated(self, logits: Floats) -> Floats:
        return probabilities(logits) if self._sigmoid else logits

    def _agrees(self) -> bool:
        """Whether `predict` gives what our batches give."""
        self._opaque = False
        try:
            ours = self.probe()
        except (KeyError, TypeError, AttributeError, ValueError):
            return False
        theirs = _predicted(self.model, list(zip(*_PAIRS, strict=True)))[:, 0]
        return ours.shape == theirs.shape and bool(np.abs(ours - theirs).max() <= SAME * (1 + np.abs(theirs).max()))


_PAIRS = PROBE, (*PROBE[1:], PROBE[0])


class _Opaque:
    """Pairs of a model that only its own `predict` understands."""

    pads = True

    def __init__(
        self,
        model: CrossEncoder,
        pairs: Sequence[tuple[str, str]],
        ids: Sequence[Sequence[int]],
        activated: Callable[[Floats], Floats],
    ) -> None:
        self._model, self._pairs, self._activated = model, pairs, activated
        self.lengths = np.fromiter(map(len, ids), np.int32, len(ids))

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], Floats]:
        scores = self._activated(_predicted(self._model, [self._pairs[row] for row in rows]))
        return lambda: scores


def _predicted(model: CrossEncoder, pairs: list[tuple[str, str]]) -> Floats:
    """What the model itself says, before its activation. -> (n, 1)"""
    import torch

    given: Any = pairs
    scores = model.predict(given, batch_size=len(pairs), show_progress_bar=False, activation_fn=torch.nn.Identity())
    return np.asarray(scores, np.float32).reshape(len(pairs), -1)[:, :1]


def probabilities(logits: Floats) -> Floats:
    """The sigmoid, for numbers of any size.

    >>> probabilities(np.array([-1000.0, 0.0, 1000.0], np.float32)).tolist()
    [0.0, 0.5, 1.0]
    """
    found: Floats = (0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))).astype(np.float32)
    return found
