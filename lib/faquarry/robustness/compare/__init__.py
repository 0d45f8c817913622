"""What the table `evaluations` says: how far systems drop, how sure that is, and which of two breaks less."""

from faquarry.robustness.compare.drops import Contrast, Drop, contrasts, drops
from faquarry.robustness.compare.scores import Scores, read_scores
from faquarry.robustness.compare.tables import FORMATS, contrast_table, drop_table

__all__ = [
    "FORMATS",
    "Contrast",
    "Drop",
    "Scores",
    "contrast_table",
    "contrasts",
    "drop_table",
    "drops",
    "read_scores",
]
