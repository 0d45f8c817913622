"""Perturbs queries as people do: one scale of strength, 75 keyboards' worth of languages, the same bytes everywhere."""

from faquarry.robustness.perturb.perturbed import Edit, Perturbed
from faquarry.robustness.perturb.registry import OPERATIONS
from faquarry.robustness.perturb.run import perturb, perturb_many
from faquarry.robustness.perturb.strength import STRENGTHS, Strength

__all__ = ["OPERATIONS", "STRENGTHS", "Edit", "Perturbed", "Strength", "perturb", "perturb_many"]
