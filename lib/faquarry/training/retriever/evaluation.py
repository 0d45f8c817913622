"""How well a model finds the answers of a lake's benchmark: by language, a number a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.benchmark.read import Questions, questions
from faquarry.retrieval.measures import measured
from faquarry.vectors.model import Field

__all__ = ["MEASURES", "Questions", "mean_over_languages", "questions", "remembered", "scores"]

Floats = npt.NDArray[np.float64]
Vectors = Callable[[Sequence[str], Field], npt.NDArray[np.float32]]

MEASURES = ("ndcg@10", "mrr@10")
_TILE = 64 * 1024 * 1024  # bytes of scores at a time


def remembered(vectors: Vectors) -> Vectors:
    """`vectors` that encodes a text once: splits of a benchmark share their corpus."""
    known: dict[tuple[str, str], npt.NDArray[np.float32]] = {}

    def encode(texts: Sequence[str], field: Field) -> npt.NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if (field, text) not in known))
        if new:
            known.update(((field, text), vector) for text, vector in zip(new, vectors(new, field), strict=True))
        return np.stack([known[field, text] for text in texts])

    return encode


def scores(asked: Questions, vectors: Vectors, measures: Sequence[str] = MEASURES) -> dict[str, Floats]:
    """Measures of a model on one language, by exact search; ties by the place in the corpus. -> {measure: (n,)}"""
    depth = min(100, len(asked.corpus))
    queries, corpus = vectors(asked.texts, "question"), vectors(asked.corpus, "answer")
    ranked = np.empty((len(queries), depth), np.int64)
    step = max(1, _TILE // (4 * max(1, len(corpus))))
    for start in range(0, len(queries), step):
        ranked[start : start + step] = np.argsort(-(queries[start : start + step] @ corpus.T), axis=1, kind="stable")[
            :, :depth
        ]
    return measured(ranked, asked.relevant, measures)


def mean_over_languages(found: Mapping[str, Mapping[str, Floats]], measure: str = "ndcg@10") -> float:
    """The mean of the means of languages. {language: {measure: (n,)}} → number"""
    return float(np.mean([one[measure].mean() for one in found.values()]))
