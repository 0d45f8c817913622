"""Korean syllables and the jamo they are typed with.

A syllable is initial × vowel × final in one code point (Unicode's Hangul arithmetic), so parts change without tables of
syllables.
"""

from __future__ import annotations

from collections.abc import Sequence

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.operation import Operation, grapheme_editor
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["OPERATIONS", "compose", "decompose"]

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"


def decompose(syllable: str) -> tuple[str, ...]:
    """Initial, vowel and, where there is one, final.

    >>> decompose("한"), decompose("게")
    (('ㅎ', 'ㅏ', 'ㄴ'), ('ㄱ', 'ㅔ'))
    """
    number = ord(syllable) - 0xAC00
    final = number % 28
    parts = (_INITIALS[number // 588], _VOWELS[number % 588 // 28])
    return (*parts, _FINALS[final]) if final else parts


def compose(parts: Sequence[str]) -> str | None:
    """The syllable of such parts; None where Korean has none (ㄸ does not end one).

    >>> compose("ㅎㅏㄴ"), compose("ㄱㅔ"), compose("ㄱㅏㄸ")
    ('한', '게', None)
    """
    initial, vowel = _INITIALS.find(parts[0]), _VOWELS.find(parts[1])
    final = _FINALS.find(parts[2]) if len(parts) > 2 else 0
    return chr(0xAC00 + (initial * 21 + vowel) * 28 + final) if min(initial, vowel, final) >= 0 else None


def _alike(groups: str) -> dict[str, str]:
    return {part: group.replace(part, "") for group in groups.split() for part in group}


# Sounds that Korean writers mix up: vowels that have fallen together, plain with tense and aspirated consonants, finals
# that sound the same at the end of a syllable.
_VOWELS_ALIKE = _alike("ㅐㅔ ㅒㅖ ㅙㅚㅞ ㅢㅣ ㅗㅜ ㅓㅏ ㅕㅑ ㅛㅠ")
_INITIALS_ALIKE = _alike("ㄱㄲㅋ ㄷㄸㅌ ㅂㅃㅍ ㅅㅆ ㅈㅉㅊ")
_FINALS_ALIKE = _alike("ㄱㄲㅋㄳㄺ ㄷㅅㅆㅈㅊㅌㅎ ㅂㅍㅄ ㄴㄵㄶ ㄹㄼㄽㄾㅀ ㅁㄻ")
_TABLES = (_INITIALS_ALIKE, _VOWELS_ALIKE, _FINALS_ALIKE)


def _syllables(pieces: Pieces) -> list[int]:
    return [i for i in pieces.editable if len(pieces.pieces[i]) == 1 and "가" <= pieces.pieces[i] <= "힣"]


def _respelled(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    """One part becomes another that sounds like it, or the final goes."""
    parts = decompose(pieces.pieces[place])
    at = draw.below(len(parts))
    alike = _TABLES[at].get(parts[at], "")
    if at == 2 and (not alike or draw.below(3) == 0):
        return (place, place + 1, compose(parts[:2]) or "")
    if not alike:
        return None
    new = compose((*parts[:at], alike[draw.below(len(alike))], *parts[at + 1 :]))
    return (place, place + 1, new) if new is not None else None


OPERATIONS = (
    Operation(
        "jamo",
        "changes one part of a Korean syllable into one that sounds like it, or drops its final",
        "the word, spelled as it sounds",
        lambda language: grapheme_editor(_respelled, _syllables),
        scripts=frozenset({"Hangul"}),
    ),
)
