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


# Letters drawn evenly are further from real slips than those of noise and keyboard; look-alike letters and signs put where
# none belongs lose the language of too many queries.
_NOT_BY_DEFAULT = frozenset({"insert", "substitute", "homoglyph", "diacritics_wrong"})
# So few of their words carry a sign that an average would rest on a handful of queries.
_RARE = {"diacritics": frozenset("eng rus bul mkd srp heb ind msa swa tgl sun jav som zul xho sot tsn sna uzb".split())}


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
    """The operations used where nobody chose: those that are like people and leave the language what it is.

    What is measured decides (docs/perturbations.md): of operations that make the same kind of slip the one nearest to real
    slips stays, and an operation that takes more than a tenth of the queries of some language out of it, at 10 %, goes.

    >>> defaults("tha"), defaults("zho")
    (('delete', 'swap', 'keyboard'), ('delete', 'swap'))
    """
    return tuple(
        name for name in operations_of(language) if name not in _NOT_BY_DEFAULT and language not in _RARE.get(name, ())
    )
