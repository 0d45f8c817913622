"""What is known of models by name: what they want in front of a text, and where their cosines mean what.

A folder says the same of itself in ``faquarry.json`` ({"prefixes": {…}, "thresholds": {…}}), which goes first. Prefixes
and tasks are those of the model cards. Thresholds of LaBSE and Jina v3 are the published ones (WebFAQ 2.0); those of E5,
whose cosines of unrelated texts lie around 0.7, and of BGE-M3 are set by what their cards say of the scale, and not
measured: `judge` measures them on your data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from faquarry.vectors.model import Thresholds

__all__ = ["KNOWN", "Known", "known_as"]


@dataclass(frozen=True)
class Known:
    """What stands in no file of a model."""

    prefixes: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)
    max_tokens: int | None = None  # what the model is good for, where its configuration allows more


_E5 = Known(
    prefixes={"question": "query: ", "answer": "passage: ", "qa": "query: "},
    thresholds=Thresholds(keep=0.88, publish=0.92, semantic=0.92, low=0.8),
    max_tokens=512,
)
_JINA = Known(
    prefixes={
        "question": "Represent the query for retrieving evidence documents: ",
        "answer": "Represent the document for retrieval: ",
    },
    tasks={"question": "retrieval.query", "answer": "retrieval.passage", "qa": "text-matching"},
    max_tokens=1024,
)

KNOWN: dict[str, Known] = {
    "sentence-transformers/LaBSE": Known(max_tokens=256),
    "intfloat/multilingual-e5-small": _E5,
    "intfloat/multilingual-e5-base": _E5,
    "intfloat/multilingual-e5-large": _E5,
    "jinaai/jina-embeddings-v3": _JINA,
    "BAAI/bge-m3": Known(thresholds=Thresholds(keep=0.75, publish=0.85, semantic=0.8, low=0.4), max_tokens=1024),
}


def known_as(name: str) -> Known | None:
    """The entry of a hub name or of a folder that is called like one; None when nothing is known.

    >>> known_as("/models/LaBSE") is known_as("sentence-transformers/LaBSE")
    True
    """
    last = name.rstrip("/").rpartition("/")[2].lower()
    return next((known for full, known in KNOWN.items() if full.rpartition("/")[2].lower() == last), None)
