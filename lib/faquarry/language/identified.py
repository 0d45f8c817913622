"""The answer of the domain: which language a pair is in, how surely, and by what evidence."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Identified"]


@dataclass(frozen=True, slots=True)
class Identified:
    """ISO 639-3 code (macro-languages folded), calibrated probability, and the evidence that decided.

    `by`: script (only one language is written so), text, hint (the page's declarations turned it), page (its pairs did).
    `sure` is False where the settings say that a pair with so little evidence is to be rejected.
    """

    code: str
    confidence: float
    by: str
    sure: bool = True
