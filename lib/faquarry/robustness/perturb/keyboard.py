"""Slips of the finger: the key beside the right one, on the keyboard of the language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.hangul import compose, decompose
from faquarry.robustness.perturb.layouts import LAYOUTS, Layout, layout_of
from faquarry.robustness.perturb.operation import Editor, Operation, grapheme_editor, scripts_of
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["OPERATIONS", "neighbours_of"]

_OFFSETS = (0.0, 0.5, 0.75, 1.25)  # how far the rows of a keyboard are set in, in keys
_REACH = 1.3  # keys: the centre of a letter to that of a neighbour, beside or aslant


def neighbours(layout: Layout) -> dict[str, str]:
    """Each letter, and those on the keys beside its key in the same layer, of the same kind (letter or sign).

    >>> neighbours(LAYOUTS["us"])["g"], neighbours(LAYOUTS["german"])["z"], neighbours(LAYOUTS["turkish"])["ı"]
    ('tyfhvb', 'tugh', 'uojk')
    """
    found: dict[str, str] = {}
    for layer in (layout.rows, layout.shifted):
        keys = [key for depth, row in enumerate(layer) for key in _placed(row, depth)]
        for letter, x, y in keys:
            near = [
                other
                for other, x2, y2 in keys
                if other != letter
                and (x - x2) ** 2 + (y - y2) ** 2 <= _REACH**2
                and unicodedata.category(other)[0] == unicodedata.category(letter)[0]
            ]
            if near:
                found[letter] = "".join(near)
    for pair in layout.altgr:
        found[pair[1]] = pair[0]  # AltGr let go too early
    return found


def _placed(row: str, depth: int) -> list[tuple[str, float, float]]:
    left, bar, rest = row.rpartition("|")
    start = _OFFSETS[depth] - len(left) if bar else _OFFSETS[depth]
    return [(letter, start + at, float(depth)) for at, letter in enumerate(left + rest) if letter != "·"]


@lru_cache(maxsize=512)
def neighbours_of(language: str) -> dict[str, str]:
    """The neighbours on the keyboard of a language, and for Latin letters that are not on it, on a US one."""
    own = layout_of(language)
    found = dict(neighbours(LAYOUTS["us"]))
    if "Latin" in scripts_of(language) and language in ("srp", "bos"):
        found |= neighbours(LAYOUTS["south-slavic"])
    if own is not None:
        found |= neighbours(own)
    if language == "jpn":
        found |= _kana()
    for small, near in list(found.items()):
        capital = small.upper()
        if capital != small and len(capital) == 1:
            found[capital] = "".join(other.upper() if len(other.upper()) == 1 else other for other in near)
    if language == "tur" or language == "aze":
        found["I"], found["İ"] = found["ı"].upper(), "".join("İ" if n == "i" else n.upper() for n in found["i"])
    return found


# Kana as romaji types them: rows by consonant, columns by vowel.
_ROMAJI = {
    "": "あいうえお", "k": "かきくけこ", "s": "さしすせそ", "t": "たちつてと", "n": "なにぬねの", "h": "はひふへほ",
    "m": "まみむめも", "r": "らりるれろ", "g": "がぎぐげご", "z": "ざじずぜぞ", "d": "だぢづでど",
    "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ",
}  # fmt: skip


def _kana() -> dict[str, str]:
    """Each kana, and those that come of one wrong key in romaji."""
    keys = neighbours(LAYOUTS["us"])
    found: dict[str, str] = {}
    for consonant, row in _ROMAJI.items():
        for column, vowel in enumerate("aiueo"):
            near = [row["aiueo".index(other)] for other in keys[vowel] if other in "aiueo"]
            near += [_ROMAJI[other][column] for other in keys.get(consonant, "") if other in _ROMAJI]
            if near:
                found[row[column]] = "".join(near)
    katakana = {chr(ord(kana) + 0x60): "".join(chr(ord(n) + 0x60) for n in near) for kana, near in found.items()}
    return found | katakana


def _editor(language: str) -> Editor:
    if language == "kor":
        return grapheme_editor(_slip_of_jamo, _syllables)
    table = neighbours_of(language)

    @lru_cache(maxsize=8192)
    def typed(cluster: str) -> tuple[int, ...]:
        """Which of its code points are keys with neighbours."""
        return tuple(at for at, point in enumerate(cluster) if point in table)

    def places(pieces: Pieces) -> list[int]:
        units = pieces.pieces
        if pieces.simple:
            return [i for i in pieces.editable if units[i] in table]
        return [i for i in pieces.editable if typed(units[i])]

    def slip(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        old = pieces.pieces[place]
        if len(old) == 1:
            near = table[old]
            return (place, place + 1, near[draw.below(len(near))])
        keys = typed(old)
        at = keys[draw.below(len(keys))]
        near = table[old[at]]
        return (place, place + 1, old[:at] + near[draw.below(len(near))] + old[at + 1 :])

    return grapheme_editor(slip, places)


def _syllables(pieces: Pieces) -> list[int]:
    return [i for i in pieces.editable if "가" <= pieces.pieces[i] <= "힣" and len(pieces.pieces[i]) == 1]


@lru_cache(maxsize=1)
def _jamo_table() -> dict[str, str]:
    """Parts of a syllable that have a key; doubled consonants fall back to the single one, as Shift let go does."""
    doubled = dict(zip("ㄲㄸㅃㅆㅉㅒㅖ", "ㄱㄷㅂㅅㅈㅐㅔ", strict=True))
    layout = LAYOUTS["korean"]
    vowels = set("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ")
    same = neighbours(Layout(layout.rows))
    return {key: "".join(n for n in near if (n in vowels) == (key in vowels)) for key, near in same.items()} | doubled


def _slip_of_jamo(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    parts, table = decompose(pieces.pieces[place]), _jamo_table()
    typed = [at for at, part in enumerate(parts) if table.get(part)]
    if not typed:
        return None
    at = typed[draw.below(len(typed))]
    near = table[parts[at]]
    new = compose((*parts[:at], near[draw.below(len(near))], *parts[at + 1 :]))
    return (place, place + 1, new) if new is not None else None


OPERATIONS = (
    Operation(
        "keyboard",
        "types the key beside the right one, on the language's own keyboard (Korean by jamo, Japanese by romaji)",
        "the word, as a slip of the finger; Chinese is typed by sound, so there are no neighbours and it is left out",
        _editor,
        scripts=frozenset(
            {"Latin", "Cyrillic", "Greek", "Armenian", "Georgian", "Hebrew", "Arabic", "Thai", "Hangul", "Kana"}
            | {"Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam"}
        ),
    ),
)
