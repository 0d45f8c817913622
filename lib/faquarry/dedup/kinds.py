"""The kinds of duplicates: the rule of each, as a fingerprint, and what it was last settled on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from faquarry.config.settings import DedupSettings
from faquarry.dedup.minhash import PERMUTATIONS, bands_for
from faquarry.errors import UsageError
from faquarry.lake import Lake
from faquarry.vectors.model import ModelInfo

__all__ = ["KINDS", "Kind", "Settled", "chosen", "fingerprint_of", "method_of", "read_settled", "rule_of"]

Kind = Literal["question", "near", "semantic"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Settled:
    """What a kind was last found in: versions of the tables it follows from, under which rule."""

    fingerprint: str | None  # None: a run is at work, or was killed
    qa: int | None
    embeddings: int | None
    hot: int


def chosen(kinds: Sequence[str] | None) -> tuple[Kind, ...]:
    """The kinds asked for, in our order; None: all.

    Raises:
        UsageError: there is no such kind.
    """
    unknown = sorted(set(kinds or ()) - set(KINDS))
    if unknown:
        raise UsageError(f"There is no kind of duplicates called {', '.join(unknown)}: there are {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kinds is None or kind in kinds)


def rule_of(kind: Kind, settings: DedupSettings, model: ModelInfo | None = None) -> Mapping[str, Any]:
    """What decides which rows of a kind come out, beside the tables."""
    if kind == "question":
        return {}
    if kind == "near":
        names = ("near_threshold", "near_question", "bucket_cap")
        return {"permutations": PERMUTATIONS, **{name: getattr(settings, name) for name in names}}
    if model is None:
        return {"model": None}
    return {"model": model.name, "revision": model.revision, "threshold": semantic_threshold(settings, model)}


def semantic_threshold(settings: DedupSettings, model: ModelInfo) -> float:
    """The setting, else the model's own: cosines of two models do not live on one scale."""
    own = model.thresholds.semantic
    return own if settings.semantic_threshold is None else settings.semantic_threshold


def method_of(kind: Kind, settings: DedupSettings, model: ModelInfo | None = None) -> str:
    """The column `method`, for a person."""
    if kind == "question":
        return "the same words, site and language"
    if kind == "near":
        cut = bands_for(settings.near_threshold)
        least = f"jaccard >= {settings.near_threshold:g}, of questions >= {settings.near_question:g}"
        return f"{least}; minhash {cut.bands}x{cut.rows}"
    assert model is not None
    return f"cosine of questions >= {semantic_threshold(settings, model):g}; {model.name} {model.revision}"


def fingerprint_of(rule: Mapping[str, Any], version: str) -> str:
    return hashlib.sha256(json.dumps([version, rule], sort_keys=True).encode()).hexdigest()[:16]


def read_settled(lake: Lake) -> dict[str, Settled]:
    """By kind; a kind that no run has settled is not there."""
    columns = ["fingerprint", "qa", "embeddings", "hot"]
    rows = lake.rows("_settled", ["kind", *columns])
    return {row["kind"]: Settled(**{name: row[name] for name in columns}) for row in rows}
