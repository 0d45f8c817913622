"""Vowel signs of India's scripts: the wrong length, the wrong nasal, a nukta left out; never a consonant without its sign.

Unicode gives the nine scripts the same order, so one table of offsets serves them all.
"""

from __future__ import annotations

from functools import lru_cache

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.operation import Operation, grapheme_editor
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["OPERATIONS"]

_BLOCKS = (0x0900, 0x0980, 0x0A00, 0x0A80, 0x0B00, 0x0B80, 0x0C00, 0x0C80, 0x0D00)
# offset of a sign -> offsets of signs it is mixed up with
_CONFUSED = {
    0x3F: (0x40,), 0x40: (0x3F,),  # i, ii
    0x41: (0x42,), 0x42: (0x41,),  # u, uu
    0x46: (0x47, 0x48), 0x47: (0x46, 0x48), 0x48: (0x47, 0x46),  # short e, e, ai
    0x4A: (0x4B, 0x4C), 0x4B: (0x4A, 0x4C), 0x4C: (0x4B, 0x4A),  # short o, o, au
    0x01: (0x02,), 0x02: (0x01,),  # candrabindu, anusvara
}  # fmt: skip
_DROPPED = (0x01, 0x02, 0x3C)  # nasals and nukta, which hurried typists leave out


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for block in _BLOCKS:
        for sign, others in _CONFUSED.items():
            there = [chr(block + other) for other in others if chr(block + other).isprintable()]
            # Devanagari, Bengali, Gurmukhi and Gujarati have no short e and o of their own; 0x46 and 0x4A stand elsewhere
            there = [other for other in there if block >= 0x0B80 or ord(other) - block not in (0x46, 0x4A)]
            if chr(block + sign).isprintable() and there:
                found[chr(block + sign)] = tuple(there)
        for sign in _DROPPED:
            if chr(block + sign).isprintable():
                found[chr(block + sign)] = (*found.get(chr(block + sign), ()), "")
    return found


def _places(pieces: Pieces) -> list[int]:
    table, units = _table(), pieces.pieces
    return [i for i in pieces.editable if not table.keys().isdisjoint(units[i])]


def _mistaken(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    table, old = _table(), pieces.pieces[place]
    signs = [at for at, point in enumerate(old) if point in table]
    at = signs[draw.below(len(signs))]
    others = table[old[at]]
    return (place, place + 1, old[:at] + others[draw.below(len(others))] + old[at + 1 :])


OPERATIONS = (
    Operation(
        "matra",
        "mixes up short and long vowel signs, the two nasal signs, or leaves a nasal or nukta out",
        "the word, spelled as it sounds",
        lambda language: grapheme_editor(_mistaken, _places),
        scripts=frozenset(
            {"Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam"}
        ),
    ),
)
