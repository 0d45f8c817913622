"""Signs on letters: left out, or the wrong one. Where a sign is a vowel of its own (Hindi, Thai) it is none of these.

Latin and Greek accents, the dots of ё and ї, Hebrew points, the tones of Vietnamese, the short vowels and hamzas of Arabic
script. A native reader does without them every day: they are what hurried typists and foreign keyboards leave out first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.letters import letters_of
from faquarry.robustness.perturb.operation import Editor, Operation, grapheme_editor
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["OPERATIONS", "plain", "wrong_marks"]

_STROKES = {"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "ŧ": "t", "ơ": "o", "ư": "u"}
_STROKES |= {letter.upper(): base.upper() for letter, base in _STROKES.items() if letter != "ı"}
_DOTS = {"ё": "е", "Ё": "Е", "ї": "і", "Ї": "І", "ґ": "г", "Ґ": "Г", "ў": "у", "Ў": "У"}
_TONES = "\u0300\u0301\u0303\u0309\u0323"  # Vietnamese: huyền, sắc, ngã, hỏi, nặng
_POINTS = frozenset(map(chr, [*range(0x05B0, 0x05BD), 0x05BF, 0x05C1, 0x05C2, 0x05C7]))  # Hebrew niqqud


@lru_cache(maxsize=8192)
def plain(piece: str) -> str:
    """The letter without its signs; itself where they are part of the alphabet of its script.

    >>> [plain(letter) for letter in ("é", "ế", "ø", "ή", "ё", "й", "कि")]
    ['e', 'e', 'o', 'η', 'е', 'й', 'कि']
    """
    if piece in _DOTS:
        return _DOTS[piece]
    base = unicodedata.normalize("NFD", piece)
    if "\u0590" < base[0] < "\u05eb":
        return unicodedata.normalize("NFC", "".join(point for point in base if point not in _POINTS))
    if not ("A" <= base[0] <= "\u024f" or "\u0370" <= base[0] <= "\u03ff") or not base[0].isalpha():
        return piece
    bare = "".join(point for point in base if not unicodedata.combining(point))
    return _STROKES.get(bare, bare)


def _replacing(table: Callable[[str], str]) -> Editor:
    """An editor over pieces for which the table knows others: one string, each character a choice."""

    def places(pieces: Pieces) -> list[int]:
        units = pieces.pieces
        return [i for i in pieces.editable if table(units[i])]

    def replace(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        choices = table(pieces.pieces[place])
        return (place, place + 1, choices[draw.below(len(choices))])

    return grapheme_editor(replace, places)


def _stripper(language: str) -> Editor:
    def places(pieces: Pieces) -> list[int]:
        if pieces.text.isascii():
            return []
        units = pieces.pieces
        return [i for i in pieces.editable if not units[i].isascii() and plain(units[i]) != units[i]]

    return grapheme_editor(lambda pieces, at, draw: (at, at + 1, plain(pieces.pieces[at])), places)


# Letters of one base, over the languages written in Latin and Greek letters; a language's own come from its keyboard.
_FAMILIES = """
aàáâãäåāăą cćčç dďđ eèéêëēěęė gğģ iìíîïīįı lłľĺļ nñńňņ oòóôõöőōø rřŕ sśšşș tťţț uùúûüűūůų yýÿ zźżž
αά εέ ηή ιίϊΐ οό υύϋΰ ωώ
""".split()

_OWN = {  # letters that stand on no key of their own, or on a dead key
    "fra": "éèêëàâîïôûùüç", "spa": "áéíóúñü", "por": "áéíóúâêôãõàç", "ita": "àèéìíòóù", "cat": "àèéíïòóúüç",
    "ron": "ăâîșț", "ces": "áčďéěíňóřšťúůýž", "slk": "áäčďéíĺľňóôŕšťúýž", "nld": "ëïéèöü", "glg": "áéíóúñ",
    "isl": "áéíóúýðþæö", "gle": "áéíóú", "cym": "âêîôûŵŷ", "tur": "çğıöşüâî",
}  # fmt: skip


@lru_cache(maxsize=512)
def wrong_marks(language: str) -> dict[str, str]:
    """Each letter that has relatives in this language, and those relatives."""
    own = set(letters_of(language)) | set(_OWN.get(language, ""))
    if language == "vie":
        return _wrong_vowels()
    if language == "ell":
        own |= set("άέήίϊΐόύϋΰώ")
    found: dict[str, str] = {}
    for family in _FAMILIES:
        used = [letter for letter in family if letter in own]
        if len(used) < 2:
            continue
        for letter in family:
            others = "".join(other for other in used if other != letter)
            if letter in used and others:
                found[letter] = others
                found[letter.upper()] = others.upper() if len(others.upper()) == len(others) else others
    return found


def _wrong_vowels() -> dict[str, str]:
    """Vietnamese: the breve, hat or horn of a vowel comes, goes or changes; its tone stays."""
    found: dict[str, str] = {}
    for family in ("aăâ", "eê", "oôơ", "uư", "AĂÂ", "EÊ", "OÔƠ", "UƯ"):
        for tone in ("", *_TONES):
            toned = [unicodedata.normalize("NFC", letter + tone) for letter in family]
            found |= {letter: "".join(other for other in toned if other != letter) for letter in toned}
    return found | {"d": "đ", "đ": "d", "D": "Đ", "Đ": "D"}


def _wrong(language: str) -> Editor:
    table = wrong_marks(language)
    return _replacing(lambda piece: table.get(piece, ""))


# -- Vietnamese ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _tones(piece: str) -> str:
    """The same vowel in other tones, for a vowel that has one; hỏi and ngã, which the south speaks alike, come twice.

    >>> _tones("ễ"), _tones("ê")
    ('ềếểểệê', '')
    """
    parts = unicodedata.normalize("NFD", piece)
    tone = next((point for point in parts if point in _TONES), None)
    if tone is None:
        return ""
    bare = parts.replace(tone, "")
    others = [other for other in _TONES if other != tone]
    if tone in "\u0303\u0309":
        others.insert(2, "\u0303\u0309".replace(tone, ""))
    made = [unicodedata.normalize("NFC", bare + other) for other in (*others, "")]
    return "".join(one for one in made if len(one) == 1)


# -- Arabic script ---------------------------------------------------------------------------------------------------

_TASHKEEL = frozenset(map(chr, [*range(0x064B, 0x0653), 0x0670]))
_VARIANTS = {
    "أ": "ا", "إ": "اأ", "آ": "اأ", "ٱ": "ا", "ؤ": "و", "ئ": "يى", "ة": "ه", "ى": "ي",
}  # fmt: skip
_VARIANTS_FA = {
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ؤ": "و",
    "ئ": "ی",
    "ۀ": "ه",
    "ة": "ه",
    "ی": "ي",
    "ک": "ك",
    "ي": "ی",
    "ك": "ک",
}
_WORD_END = {"ه": "ة", "ي": "ى"}


def _arabic(language: str) -> Editor:
    table = _VARIANTS if language in ("ara", "und") else _VARIANTS_FA
    ends = _WORD_END if table is _VARIANTS else {}
    known = table.keys() | ends.keys() | ({"ا"} if ends else set())

    def others(pieces: Pieces, place: int) -> list[str]:
        piece = pieces.pieces[place]
        base, signs = piece[0], piece[1:]
        found = [other + signs for other in table.get(base, "")]
        if place + 1 not in pieces.free:
            found += [other + signs for other in ends.get(base, "")]
        if place - 1 not in pieces.free and base == "ا" and ends:
            found += ["أ" + signs, "إ" + signs]
        bare = "".join(point for point in piece if point not in _TASHKEEL)
        return [*found, bare] if bare != piece else found

    def places(pieces: Pieces) -> list[int]:
        units = pieces.pieces
        return [i for i in pieces.editable if (units[i] in known or len(units[i]) > 1) and others(pieces, i)]

    def respell(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        found = others(pieces, place)
        return (place, place + 1, found[draw.below(len(found))])

    return grapheme_editor(respell, places)


OPERATIONS = (
    Operation(
        "diacritics",
        "leaves out accents, dots and points on letters (é → e, ё → е, ế → e)",
        "the same word, as people without that keyboard write it",
        _stripper,
        scripts=frozenset({"Latin", "Cyrillic", "Greek", "Hebrew"}),
    ),
    Operation(
        "diacritics_wrong",
        "puts another sign of the language on a letter, or one where none belongs (é → è, n → ñ)",
        "the same word, with a spelling mistake; where signs tell words apart, sometimes another word",
        _wrong,
        scripts=frozenset({"Latin", "Greek"}),
    ),
    Operation(
        "tone",
        "changes or drops the tone of a Vietnamese vowel, and keeps the vowel",
        "the sentence, guessing the syllable from its neighbours",
        lambda language: _replacing(_tones),
        languages=frozenset({"vie"}),
    ),
    Operation(
        "arabic",
        "leaves out short vowels, mixes up hamzas, final ya and ta marbuta; Persian and Arabic forms of kaf and ya",
        "the same word, as most people type it",
        _arabic,
        scripts=frozenset({"Arabic"}),
    ),
)
