"""From a scorer that was found to one that scores: on a device, with a number of threads, in a precision that holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from faquarry.config.settings import ScoreSettings
from faquarry.vectors.runtime import TOLERANCE, Kept, loaded, lower_precision, require_models_extra, settle
from faquarry.vectors.scoring import small
from faquarry.vectors.scoring.cross import CrossScorer, probabilities
from faquarry.vectors.scoring.model import Scorer, ScorerInfo

__all__ = ["load_scorer", "scores_hold", "worker_scorer"]

_kept: Kept[Scorer] = Kept()


def worker_scorer(info: ScorerInfo, settings: ScoreSettings, device: str, threads: int) -> Scorer:
    """`load_scorer`, once a process: the last two scorers that were asked for stay loaded."""
    key = (info, device, settings.precision, threads)
    return _kept.get(key, lambda: load_scorer(info, device, settings=settings, threads=threads))


def load_scorer(
    info: ScorerInfo, device: str = "cpu", *, settings: ScoreSettings | None = None, threads: int | None = None
) -> Scorer:
    """Loads a scorer.

    Args:
        info: as `find_scorer` gave it.
        device: ``cpu``, ``cuda`` or ``cuda:1``; the packaged scorer is always on the CPU.
        settings: precision, and whether a model's own code may run.
        threads: threads of the CPU it may use; None leaves torch's own choice.

    Raises:
        MissingExtra: the extra `models` is not installed.
        EnvironmentProblem: the folder is not on this machine.
    """
    if info.kind == "packaged":
        return small.load(info)
    settings = settings or ScoreSettings()
    require_models_extra(info)
    settle(device, threads)
    model = _cross_encoder(info, settings, device)
    scorer = CrossScorer(info, model, device)
    lower_precision(model, settings, device, info.name, scorer.probe, scores_hold, "scores")
    return scorer


def _cross_encoder(info: ScorerInfo, settings: ScoreSettings, device: str) -> Any:
    from sentence_transformers import CrossEncoder

    return loaded(CrossEncoder, info, settings, device)


def scores_hold(exact: Any, rough: Any) -> bool:
    """Whether every logit, as a number from 0 to 1, stays within 0.01."""
    moved = np.abs(probabilities(exact) - probabilities(np.nan_to_num(rough, nan=1e9)))
    return bool(moved.max() <= TOLERANCE)
