"""The packaged scorer, ``faquarry-small-scorer``: offline, a few hundred kilobytes beside the encoder."""

from __future__ import annotations

from pathlib import Path

from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.small.files import NAME, is_scorer, read_info
from faquarry.vectors.scoring.small.scorer import SmallScorer

__all__ = ["NAME", "SmallScorer", "info", "is_scorer", "load"]

_PACKAGED = Path(__file__).parent / "model"


def info(activation: str = "auto", folder: Path = _PACKAGED) -> ScorerInfo:
    """The packaged scorer (or one that the recipe wrote to `folder`) without loading it."""
    return read_info(folder, activation)


def load(info: ScorerInfo) -> SmallScorer:
    """The scorer that `info` tells of, ready to score."""
    return SmallScorer.read(info)
