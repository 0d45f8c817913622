"""The recipe `small`: from parallel text to the packaged small encoder, on two cores within the hour.

    subwords             vocabulary.py
    first vectors        initial.py
    descent              batches.py, descent.py
    thresholds           measure.py, on sentences that were held out

Every stage leaves its result in OUTPUT/work and is not made again; the descent leaves checkpoints. So a run that was killed
goes on when the same command is given again, and ends with the same weights.
"""

from __future__ import annotations

from faquarry.training.small.recipe import SmallRecipe, load_recipe
from faquarry.training.small.run import run, train

__all__ = ["SmallRecipe", "load_recipe", "run", "train"]
