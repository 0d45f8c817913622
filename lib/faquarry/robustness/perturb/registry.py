"""All operations by name, and those used where nobody chose."""

from __future__ import annotations

from faquarry.errors import UsageError
from faquarry.robustness.perturb import characters, hangul, homoglyphs, indic, keyboard, marks, words
from faquarry.robustness.perturb.operation import Operation

__all__ = ["OPERATIONS", "operation_named"]

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for module in (characters, keyboard, marks, indic, hangul, homoglyphs, words)
    for operation in module.OPERATIONS
}


def operation_named(name: str) -> Operation:
    """
    Raises:
        UsageError: there is none of that name.
    """
    if name not in OPERATIONS:
        raise UsageError(f"There is no operation {name!r}: there are {', '.join(OPERATIONS)}.")
    return OPERATIONS[name]
