"""Places in a text, and digits of any script."""

from __future__ import annotations

import unicodedata

__all__ = ["Span", "digits_of"]

Span = tuple[int, int]


def digits_of(text: str) -> str:
    """The decimal digits of a text, of whatever script, as ASCII.

    >>> digits_of("(٠٣٠) 12-३४")
    '0301234'
    """
    return "".join(
        character if character.isascii() else str(unicodedata.decimal(character))
        for character in text
        if character.isdecimal()
    )
