"""Questions and answers read together: cross-encoders by name or folder, and a small scorer that is packaged.

>>> from faquarry.config.settings import ScoreSettings
>>> scorer = load_scorer(find_scorer(ScoreSettings()))
>>> right, wrong = scorer.score(
...     ["How do I return a parcel?"] * 2,
...     ["Print a label and hand the parcel in at any post office.", "We are open from nine to five."],
... )
>>> bool(right > wrong)
True
"""

from faquarry.vectors.scoring.find import PACKAGED, find_scorer
from faquarry.vectors.scoring.load import load_scorer
from faquarry.vectors.scoring.model import Activation, Scorer, ScorerInfo
from faquarry.vectors.scoring.task import PAIRS, SCORED, score_batches
from faquarry.vectors.scoring.worker import scoring

__all__ = [
    "PACKAGED",
    "PAIRS",
    "SCORED",
    "Activation",
    "Scorer",
    "ScorerInfo",
    "find_scorer",
    "load_scorer",
    "score_batches",
    "scoring",
]
