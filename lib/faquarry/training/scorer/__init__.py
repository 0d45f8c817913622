"""The recipe `small-scorer`: from the questions and answers of a lake to the packaged small scorer, on a core within the hour.

pairs                      faqs.py
right and wrong answers    groups.py
descent                    net.py, descent.py
calibration, quality       measure.py, on pages that were held out
"""

from __future__ import annotations

from faquarry.training.scorer.recipe import ScorerRecipe
from faquarry.training.scorer.run import run, train

__all__ = ["ScorerRecipe", "run", "train"]
