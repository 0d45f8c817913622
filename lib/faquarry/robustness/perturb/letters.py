"""The letters of a language: what a slip may put where another letter should be."""

from __future__ import annotations

from functools import lru_cache

from faquarry.robustness.perturb.layouts import LAYOUTS, layout_of
from faquarry.robustness.perturb.operation import scripts_of

__all__ = ["letters_of"]


@lru_cache(maxsize=512)
def letters_of(language: str) -> str:
    """Its letters without signs, as its keyboard has them, in a fixed order; "" where none are written down.

    A Korean keyboard types parts of letters, and Chinese and Japanese have too many: slips there reuse letters of the
    text itself.

    >>> letters_of("swe"), letters_of("zho")
    ('abcdefghijklmnopqrstuvwxyzäåö', '')
    """
    layout = layout_of(language)
    if language == "kor":
        return ""
    if layout is None:
        if scripts_of(language) != frozenset({"Latin"}):
            return ""
        layout = LAYOUTS["us"]
    typed = "".join((*layout.rows, *layout.shifted, *(pair[1] for pair in layout.altgr)))
    return "".join(sorted({letter for letter in typed if letter.isalpha() and letter.isprintable()}))
