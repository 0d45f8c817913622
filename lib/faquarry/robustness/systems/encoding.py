"""Texts to vectors outside Spark: a model loaded when it is first needed, batches by tokens, halves as the lake keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import ModelSettings
from faquarry.errors import UsageError
from faquarry.vectors.batching import Budget, encode_all
from faquarry.vectors.load import load_encoder
from faquarry.vectors.model import Encoder, Field, ModelInfo
from faquarry.vectors.runtime import CPU_TOKENS, GPU_TOKENS, Found, gpus_seen

__all__ = ["Encoding", "budget_of", "device_of"]

Halves = npt.NDArray[np.float16]

_AT_ONCE = 8192  # texts tokenised together: what a tokeniser says of them is large


class Encoding:
    """An encoder that is loaded at its first text."""

    def __init__(self, info: ModelInfo, settings: ModelSettings) -> None:
        self.info, self._settings = info, settings

    @cached_property
    def device(self) -> str:
        return device_of(self.info, self._settings)

    @cached_property
    def _encoder(self) -> Encoder:
        return load_encoder(self.info, self._settings, self.device)

    def vectors(self, texts: Sequence[str], field: Field) -> Halves:
        """Unit vectors in float16, equal texts encoded once. -> (n, dim)"""
        if not texts:
            return np.zeros((0, self.info.dim), np.float16)
        budget = budget_of(self.device, self._settings)
        # Alphabetical: a static model finds a language's part of its table in the cache, and equal texts stand together.
        distinct = sorted(set(texts))
        found = np.empty((len(distinct), self.info.dim), np.float16)
        for start in range(0, len(distinct), _AT_ONCE):
            part = [self.info.prefixed(text, field) for text in distinct[start : start + _AT_ONCE]]
            tokenised = self._encoder.tokenise(part, self.info.tasks.get(field))
            found[start : start + len(part)] = encode_all(tokenised, budget, self.info.dim).vectors
        place = {text: number for number, text in enumerate(distinct)}
        return found[[place[text] for text in texts]]


def device_of(found: Found, settings: ModelSettings) -> str:
    """``cpu`` or ``cuda``: as set, else the GPU when there is one.

    Raises:
        UsageError: a GPU is wanted and there is none.
    """
    if found.kind == "packaged" or settings.device == "cpu":
        return "cpu"
    from importlib.util import find_spec

    seen = gpus_seen() if find_spec("torch") is not None else 0  # without torch, loading says what is missing
    if not seen and settings.device == "cuda":
        raise UsageError(f"{settings.section}.device is cuda, and this machine has no GPU: set it to auto or cpu.")
    return "cuda" if seen else "cpu"


def budget_of(device: str, settings: ModelSettings) -> Budget:
    """What a batch may hold."""
    tokens = settings.batch_tokens or (CPU_TOKENS if device == "cpu" else GPU_TOKENS)
    return Budget(tokens, setting=f"{settings.section}.max_tokens")
