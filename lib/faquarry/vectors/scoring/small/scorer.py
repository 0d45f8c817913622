"""A question and a text, compared token by token in the vectors of the small encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faquarry.vectors import small
from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.small.files import read_meta

__all__ = ["SmallScorer"]

Floats = npt.NDArray[np.float32]


class SmallScorer:
    """A loaded small scorer (`faquarry.vectors.scoring.model.Scorer`)."""

    def __init__(self, info: ScorerInfo, encoder: small.SmallEncoder, weights: Sequence[float], bias: float) -> None:
        self.info, self._encoder = info, encoder
        self._weights, self._bias = np.asarray(weights, np.float64), bias
        norms = np.linalg.norm(encoder.table, axis=1)
        self._norms, self._unit = norms, encoder.table / np.maximum(norms, 1e-9)[:, None]

    @classmethod
    def read(cls, info: ScorerInfo) -> SmallScorer:
        meta = read_meta(Path(info.folder or ""))
        return cls(info, small.load(), meta["weights"], meta["bias"])

    def score(self, queries: Sequence[str], texts: Sequence[str]) -> Floats:
        """How well text i answers query i. -> (n,)"""
        return self.tokenise(queries, texts).scores()

    def tokenise(self, queries: Sequence[str], texts: Sequence[str]) -> _Pairs:
        return _Pairs(self, [self._ids(text) for text in queries], [self._ids(text) for text in texts])

    def _ids(self, text: str) -> npt.NDArray[np.int32]:
        return np.array(self._encoder.tokenizer.encode(text, add_special_tokens=False).ids, np.int32)

    def one(self, query: npt.NDArray[np.int32], text: npt.NDArray[np.int32]) -> float:
        if not len(query) or not len(text):
            return self._activated(self._bias)
        sims = self._unit[query] @ self._unit[text].T
        one, other = self._encoder.table[query].sum(axis=0), self._encoder.table[text].sum(axis=0)
        cosine = one @ other / max(1e-9, float(np.linalg.norm(one) * np.linalg.norm(other)))
        forth = np.average(sims.max(axis=1), weights=self._norms[query])
        back = np.average(sims.max(axis=0), weights=self._norms[text])
        return self._activated(float(self._weights @ [cosine, forth, back]) + self._bias)

    def _activated(self, logit: float) -> float:
        return logit if self.info.activation == "logit" else float(0.5 * (1 + np.tanh(0.5 * logit)))


class _Pairs:
    """Tokens of the pairs (`faquarry.vectors.model.Tokenised`)."""

    pads = False

    def __init__(self, scorer: SmallScorer, queries: list[npt.NDArray[np.int32]], texts: list[npt.NDArray[np.int32]]):
        self._scorer, self._queries, self._texts = scorer, queries, texts
        self.lengths = np.array([len(q) + len(t) for q, t in zip(queries, texts, strict=True)], np.int32)

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], Floats]:
        return lambda: self.scores(rows)[:, None]

    def scores(self, rows: npt.NDArray[np.intp] | None = None) -> Floats:
        chosen = range(len(self._queries)) if rows is None else rows
        return np.array([self._scorer.one(self._queries[row], self._texts[row]) for row in chosen], np.float32)
