"""Perturbs queries as people do: one scale of strength, keyboards of 70 languages, the same bytes everywhere."""

from faquarry.robustness.perturb.adversarial import Worst, worst_of
from faquarry.robustness.perturb.operation import Operation
from faquarry.robustness.perturb.perturbed import Edit, Perturbed, applied
from faquarry.robustness.perturb.registry import OPERATIONS, defaults, operation_named, operations_of
from faquarry.robustness.perturb.run import language_code, perturb, perturb_many
from faquarry.robustness.perturb.strength import STRENGTHS, Strength

__all__ = [
    "OPERATIONS",
    "STRENGTHS",
    "Edit",
    "Operation",
    "Perturbed",
    "Strength",
    "Worst",
    "applied",
    "defaults",
    "language_code",
    "operation_named",
    "operations_of",
    "perturb",
    "perturb_many",
    "worst_of",
]
