"""All operations by name, and those used where nobody chose."""

from __future__ import annotations

from faquarry.errors import UsageError
from faquarry.robustness.perturb import characters, disfluency, hangul, homoglyphs, indic, keyboard, marks, noise, words
from faquarry.robustness.perturb.operation import Operation

__all__ = ["OPERATIONS", "defaults", "operation_named", "operations_of"]

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for module in (characters, keyboard, noise, marks, indic, hangul, homoglyphs, words, disfluency)
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


def operations_of(language: str) -> tuple[str, ...]:
    """All operations that mean something in a language (ISO 639-3).

    >>> [name for name in operations_of("tha")]
    ['delete', 'insert', 'substitute', 'swap', 'keyboard']
    """
    return tuple(name for name, operation in OPERATIONS.items() if operation.applies_to(language))


def defaults(language: str) -> tuple[str, ...]:
    """The operations of a language that its readers would take for slips of a person."""
    return tuple(name for name in operations_of(language) if name not in ("insert", "substitute", "homoglyph"))
