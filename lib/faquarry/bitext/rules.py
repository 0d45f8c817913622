"""What a bitext must be, as one value that a worker is handed: settings and the model's thresholds brought together."""

from __future__ import annotations

from dataclasses import dataclass

from faquarry.bitext.confidence import Weights, packaged
from faquarry.bitext.scale import expected
from faquarry.config.settings import AlignSettings
from faquarry.vectors.model import Thresholds

__all__ = ["Rules", "rules_of"]

FAR = 3.0


@dataclass(frozen=True)
class Rules:
    """`weights` None: by similarity alone. `keep` and `publish` are cosines; with evidence they are floors under the
    probabilities `min_confidence` and `publish_confidence`. `spreads`: a cosine that many spreads above chance will do
    in place of `keep`; None: nothing will."""

    k: int
    scopes: tuple[str, ...]
    thresholds: Thresholds
    keep: float
    publish: float
    spreads: float | None
    min_confidence: float
    publish_confidence: float
    min_text_confidence: float
    margin: bool
    equal_questions: bool
    equal_answers: bool
    weights: Weights | None


def rules_of(settings: AlignSettings, thresholds: Thresholds, weights: Weights | None = None) -> Rules:
    """The rules that the settings say for a model with these thresholds. `weights` None: those of the package."""
    published = settings.profile == "webfaq"
    evidence = settings.evidence and not published
    keep, publish, spreads = settings.keep, settings.publish, None
    if evidence:
        # What pages say may lift a pair over the model's own threshold, not from anywhere: a spread below it is the least,
        # or three spreads above what chance gives on this site.
        spreads = FAR if keep is None else None
        keep = thresholds.keep - expected(thresholds)[1] if keep is None else keep
        publish = -1.0 if publish is None else publish
    else:
        keep = thresholds.keep if keep is None else keep
        publish = thresholds.publish if publish is None else publish
    return Rules(
        k=settings.neighbours,
        scopes=tuple(settings.scopes),
        thresholds=thresholds,
        keep=keep,
        publish=publish,
        spreads=spreads,
        min_confidence=settings.min_confidence,
        publish_confidence=max(settings.min_confidence, settings.publish_confidence),
        min_text_confidence=settings.min_text_confidence,
        margin=settings.margin and not published,
        equal_questions=settings.equal_questions,
        equal_answers=settings.equal_answers,
        weights=(weights or packaged()) if evidence else None,
    )
