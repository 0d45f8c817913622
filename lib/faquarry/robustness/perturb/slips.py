"""What a slip depends on, in terms that hold in every alphabet: vowel or consonant, doubled or not, where in the word.

Shared by the model of human noise (noise.py) and the command that fits it, so that both see the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

from faquarry.robustness.perturb.marks import plain

__all__ = ["Kind", "Slip", "context", "letter_class", "relation", "slip_between", "sounds_like"]

Kind = Literal["delete", "insert", "substitute", "transpose"]

_VOWELS = frozenset("aeiouyаеёиіїоуыэюяєўәөүұαεηιουωաեէըիոօւაეიოუ")
# Consonants that ears mix up: voiced and unvoiced, nasals, liquids, hisses.
_SOUNDS = (
    "bp dt gkqcx vfw zsc mn lr jy gj bv "
    "бпв дт гґкх вф зсц жшщч мн лр "
    "βπφ δτθ γκχ ζσξς μν λρ "
    "բպփ դտթ գկք զս ծցձ ճջչ ղխ մն լր րռ "
    "ბპფ დტთ გკქ ზს ძცწ ჯჩჭ ღხყ მნ ლრ"
).split()
_SILENT = frozenset("ьъ")  # letters that are no sound of their own


def letter_class(letter: str) -> str:
    """V, C, or S for a sign that is a letter (ь).

    >>> [letter_class(letter) for letter in "áБьω"]
    ['V', 'C', 'S', 'V']
    """
    small = letter.lower()
    if small in _SILENT:
        return "S"
    return "V" if small in _VOWELS or plain(small) in _VOWELS else "C"


def context(previous: str, letter: str, following: str) -> str:
    """Class, whether a neighbour is the same letter, and place: first, last or inner; "" stands for the word's edge.

    >>> context("", "a", "b"), context("l", "l", "o"), context("o", "t", "")
    ('V-first', 'C2-inner', 'C-last')
    """
    small = letter.lower()
    double = "2" if small in (previous.lower(), following.lower()) else ""
    place = "first" if not previous else "last" if not following else "inner"
    return f"{letter_class(letter)}{double}-{place}"


@lru_cache(maxsize=1)
def sounds_like() -> dict[str, str]:
    """Each consonant and those it is taken for.

    >>> sounds_like()["d"], sounds_like()["c"]
    ('t', 'gkqxzs')
    """
    found: dict[str, str] = {}
    for group in _SOUNDS:
        for letter in group:
            found[letter] = found.get(letter, "") + group.replace(letter, "")
    return found


def relation(old: str, new: str, neighbours: dict[str, str]) -> str:
    """How a substitute is related to what it replaces: case, mark, sound, key, or the classes of both (VV, VC …).

    >>> relation("a", "A", {}), relation("e", "é", {}), relation("a", "s", {"a": "qs"}), relation("a", "o", {})
    ('case', 'mark', 'key', 'VV')
    """
    small, other = old.lower(), new.lower()
    if small == other:
        return "case"
    if plain(small) == plain(other):
        return "mark"
    if other in sounds_like().get(small, ""):
        return "sound"
    if other in neighbours.get(small, ""):
        return "key"
    return letter_class(old) + letter_class(new)


class Slip(NamedTuple):
    """In the right word, at letter `at`: `old` came out as `new` (what was put in, for an insertion, before `at`)."""

    kind: Kind
    at: int
    old: str
    new: str


def slip_between(right: str, wrong: str, is_letter: Callable[[str], bool] = str.isalpha) -> Slip | None:
    """The one slip that makes the right word the wrong one; None when it takes none, more, or touches no letter.

    >>> slip_between("garden", "graden")
    Slip(kind='transpose', at=1, old='ar', new='ra')
    >>> slip_between("fitness", "fittness"), slip_between("heart", "hear")
    (Slip(kind='insert', at=3, old='', new='t'), Slip(kind='delete', at=4, old='t', new=''))
    """
    start = 0
    while start < min(len(right), len(wrong)) and right[start] == wrong[start]:
        start += 1
    end = 0
    while end < min(len(right), len(wrong)) - start and right[-1 - end] == wrong[-1 - end]:
        end += 1
    old, new = right[start : len(right) - end], wrong[start : len(wrong) - end]
    if not all(map(is_letter, old + new)):
        return None
    if len(old) == 1 and not new:
        return Slip("delete", start, old, "")
    if len(new) == 1 and not old:
        return Slip("insert", start, "", new)
    if len(old) == len(new) == 1:
        return Slip("substitute", start, old, new)
    if len(old) == 2 and new == old[::-1]:
        return Slip("transpose", start, old, new)
    return None
