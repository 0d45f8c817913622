"""Perturbs one text, or many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from faquarry.errors import UsageError
from faquarry.language.codes import to_iso639_3
from faquarry.robustness.perturb.operation import Editor, Operation
from faquarry.robustness.perturb.perturbed import Perturbed, applied
from faquarry.robustness.perturb.pieces import pieces_of
from faquarry.robustness.perturb.randomness import Source
from faquarry.robustness.perturb.registry import operation_named
from faquarry.robustness.perturb.strength import Strength

__all__ = ["language_code", "perturb", "perturb_many"]


def perturb(
    text: str, language: str, operation: str, strength: str | int | Strength = "10%", seed: int = 0, key: str = ""
) -> Perturbed:
    """The text after an operation: a pure function of its arguments.

    Args:
        language: ISO 639-1 or 639-3, or a tag such as pt-BR; "und" where it is not known.
        operation: a name in `OPERATIONS`.
        strength: how many edits (1, 2), or a share of the text's editable graphemes ("10%").
        key: what the text is known by, so that every text has draws of its own; the text itself when empty.

    Raises:
        UsageError: an operation, strength or language that there is not.

    >>> perturb("How do I reset my password?", "en", "swap", 1, key="q1").text
    'How do I reste my password?'
    """
    return perturb_many([text], language, operation, strength, seed, [key] if key else None)[0]


def perturb_many(
    texts: Sequence[str],
    language: str,
    operation: str,
    strength: str | int | Strength = "10%",
    seed: int = 0,
    keys: Sequence[str] | None = None,
) -> list[Perturbed]:
    """`perturb` of each text with its key, in order; what they share is prepared once.

    Raises:
        UsageError: as `perturb`, or as many keys as texts are not there.
    """
    if keys is not None and len(keys) != len(texts):
        raise UsageError(f"There are {len(texts):,} texts and {len(keys):,} keys: each text needs one key.")
    code, chosen, budget = language_code(language), operation_named(operation), Strength.of(strength)
    if not chosen.applies_to(code):
        return [Perturbed(text, (), False, False) for text in texts]
    edit, source = _editor(chosen, code), Source(operation, str(budget), seed)
    found = []
    for text, key in zip(texts, texts if keys is None else keys, strict=True):
        edits = edit(pieces_of(text), budget, source.draw(key)) if text else None
        if edits:
            found.append(Perturbed(applied(text, edits), tuple(edits), True, True))
        else:
            found.append(Perturbed(text, (), False, False))
    return found


@lru_cache(maxsize=1024)
def language_code(language: str) -> str:
    """A code or tag as the folded ISO 639-3 code that resources are kept under; "und" stays."""
    if language.lower() == "und":
        return "und"
    code = to_iso639_3(language)
    if code is None:
        raise UsageError(
            f"There is no language {language!r}: write a code such as en, eng or pt-BR, or und for unknown."
        )
    return code


@lru_cache(maxsize=1024)
def _editor(operation: Operation, language: str) -> Editor:
    return operation.editor(language)
