"""Keyboards, written down: which letters lie beside which.

A layout is four rows from the digits down to the bottom, and four more for the shifted layer where letters are there; `·`
is a key without a letter. The digit row begins at the key 1 and the bottom row at the US key Z; what lies left of these
keys (ё in Russian, í in Hungarian) stands before a `|`. A letter typed with AltGr stands in `altgr` after its key.
Sources: the national standards as operating systems ship them (InScript IS 16350 for the scripts of India, TIS 820
Kedmanee for Thai, KS X 5002 for Korean, ISIRI 9147 for Persian, CRULP phonetic for Urdu, BDS 5237 for Bulgarian).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "LAYOUTS", "Layout", "layout_of"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of keys: digits, top, home, bottom; `shifted` the same or empty; `altgr` pairs of key and letter."""

    rows: tuple[str, str, str, str]
    shifted: tuple[str, str, str, str] = ("", "", "", "")
    altgr: tuple[str, ...] = ()


def _layout(rows: str, shifted: str = "", altgr: str = "") -> Layout:
    base, other = rows.split(" "), (shifted or "   ").split(" ")
    return Layout((base[0], base[1], base[2], base[3]), (other[0], other[1], other[2], other[3]), tuple(altgr.split()))


_US = "· qwertyuiop asdfghjkl zxcvbnm"
_DEVANAGARI = "· ौैाीूबहगदजड़ ोे्िुपरकतचट ॆंमनवलस··य"
_DEVANAGARI_SHIFTED = "· औऐआईऊभङघधझढञ ओएअइउफऱखथछठ ऎँणऩऴळशष··"

LAYOUTS: dict[str, Layout] = {
    "us": _layout(_US),
    "german": _layout("··········ß qwertzuiopü asdfghjklöä yxcvbnm"),
    "french": _layout("·é····è·çà azertyuiop qsdfghjklmù wxcvbn"),
    "spanish": _layout("· qwertyuiop asdfghjklñ·ç zxcvbnm"),
    "portuguese": _layout("· qwertyuiop asdfghjklç zxcvbnm"),
    "italian": _layout("···········ì qwertyuiopè asdfghjklòàù zxcvbnm"),
    "polish": _layout(_US, altgr="aą cć eę lł nń oó sś xź zż"),
    "czech": _layout("·ěščřžýáíé qwertzuiopú asdfghjklů yxcvbnm"),
    "slovak": _layout("·ľščťžýáíé qwertzuiopúä asdfghjklô·ň yxcvbnm"),
    "hungarian": _layout("·········öüó qwertzuiopőú asdfghjkléáű í|yxcvbnm"),
    "south-slavic": _layout("· qwertzuiopšđ asdfghjklčćž yxcvbnm"),
    "romanian": _layout("· qwertyuiopăî asdfghjklșțâ zxcvbnm"),
    "turkish": _layout("· qwertyuıopğü asdfghjklşi zxcvbnmöç"),
    "azerbaijani": _layout("· qüertyuiopöğ asdfghjklıə zxcvbnmçş"),
    "swedish": _layout("· qwertyuiopå asdfghjklöä zxcvbnm"),
    "danish": _layout("· qwertyuiopå asdfghjklæø zxcvbnm"),
    "norwegian": _layout("· qwertyuiopå asdfghjkløæ zxcvbnm"),
    "icelandic": _layout("··········ö qwertyuiopð asdfghjklæ zxcvbnm··þ"),
    "estonian": _layout("· qwertyuiopüõ asdfghjklöä zxcvbnm"),
    "latvian": _layout(_US, altgr="aā cč eē gģ iī kķ lļ nņ sš uū zž"),
    "lithuanian": _layout("ąčęėįšųū···ž qwertyuiop asdfghjkl zxcvbnm"),
    "albanian": _layout("· qwertzuiopç asdfghjklë yxcvbnm"),
    "maltese": _layout("ċ|· qwertyuiopġħ asdfghjkl ż|zxcvbnm"),
    "russian": _layout("ё| йцукенгшщзхъ фывапролджэ ячсмитьбю"),
    "ukrainian": _layout("· йцукенгшщзхї фівапролджє ґ|ячсмитьбю"),
    "belarusian": _layout("ё| йцукенгшўзх фывапролджэ ячсмітьбю"),
    "bulgarian": _layout("· ·уеишщксдзц ьяаожгтнвмч юйъэфхпрлб"),
    "serbian": _layout("· љњертзуиопшђ асдфгхјклчћж ѕџцвбнм"),
    "macedonian": _layout("· љњертѕуиопшѓ асдфгхјклчќж зџцвбнм"),
    "kazakh": _layout("·әіңғ··үұқөһ йцукенгшщзхъ фывапролджэ ячсмитьбю"),
    "kyrgyz": _layout("ё| йцукенгшщзхъ фывапролджэ ячсмитьбю", altgr="нң уү оө"),
    "mongolian": _layout("· фцужэнгшүзкъ йыбөахролдп ячёсмитьвю"),
    "greek": _layout("· ·ςερτυθιοπ ασδφγηξκλ ζχψωβνμ"),
    "hebrew": _layout("· ··קראטוןםפ שדגכעיחלךף זסבהנמצתץ"),
    "arabic": _layout("ذ| ضصثقفغعهخحجد شسيبلاتنمكط ئءؤر·ىةوزظ"),
    "persian": _layout("· ضصثقفغعهخحجچ شسیبلاتنمکگ ظطزرذدپو"),
    "urdu": _layout("· قوعرتےءیہپ اسدفگحجکل زشچطبنم"),
    "devanagari": _layout(_DEVANAGARI, _DEVANAGARI_SHIFTED),
    "thai": _layout("ๅ··ภถุึคตจขช ๆไำพะัีรนยบล ฟหกดเ้่าสวง ผปแอิืทมใฝ", "·····ู ··ฎฑธํ๊ณ·ญฐ ฤฆฏโฌ็๋ษศซ ··ฉฮฺ์·ฒฬฦ"),
    "korean": _layout("· ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ ㅁㄴㅇㄹㅎㅗㅓㅏㅣ ㅋㅌㅊㅍㅠㅜㅡ", "· ㅃㅉㄸㄲㅆ···ㅒㅖ · ·"),
    "georgian": _layout("· ქწერტყუიოპ ასდფგჰჯკლ ზხცვბნმ", "· ·ჭ·ღთ ·შ····ჟ ძ·ჩ"),
    "armenian": _layout("էթփձջ·ևրչճ·ժ քոեռտըւիօպխծ ասդֆգհյկլ զղցվբնմ"),
}

# The scripts of India repeat Devanagari's keys, each letter at the same place of its own block.
_BLOCKS = {
    "bengali": 0x0980, "gurmukhi": 0x0A00, "gujarati": 0x0A80, "oriya": 0x0B00, "tamil": 0x0B80, "telugu": 0x0C00,
    "kannada": 0x0C80, "malayalam": 0x0D00,
}  # fmt: skip


def _moved(row: str, block: int) -> str:
    moved = (chr(ord(letter) - 0x0900 + block) if letter != "·" else "·" for letter in row)
    return "".join(letter if letter == "·" or letter.isprintable() else "·" for letter in moved)


for _name, _block in _BLOCKS.items():
    LAYOUTS[_name] = _layout(
        " ".join(_moved(row, _block) for row in _DEVANAGARI.split(" ")),
        " ".join(_moved(row, _block) for row in _DEVANAGARI_SHIFTED.split(" ")),
    )

# ISO 639-3, macro-languages folded as faquarry.language does. Japanese is typed in romaji (keyboard.py), Chinese in pinyin,
# whose slips give homophones, not neighbours: it has no layout here.
_OF_LAYOUT = {
    "us": "eng nld ind msa swa tgl afr gle cym vie jav sun ceb hau som zul xho sot tsn sna uzb tuk ltz fry",
    "german": "deu",
    "french": "fra bre",
    "spanish": "spa cat glg eus ast",
    "portuguese": "por",
    "italian": "ita",
    "polish": "pol",
    "czech": "ces",
    "slovak": "slk",
    "hungarian": "hun",
    "south-slavic": "hrv bos slv",
    "romanian": "ron",
    "turkish": "tur",
    "azerbaijani": "aze",
    "swedish": "swe fin",
    "danish": "dan",
    "norwegian": "nor",
    "icelandic": "isl",
    "estonian": "est",
    "latvian": "lav",
    "lithuanian": "lit",
    "albanian": "sqi",
    "maltese": "mlt",
    "russian": "rus",
    "ukrainian": "ukr",
    "belarusian": "bel",
    "bulgarian": "bul",
    "serbian": "srp",
    "macedonian": "mkd",
    "kazakh": "kaz",
    "kyrgyz": "kir",
    "mongolian": "mon",
    "greek": "ell",
    "hebrew": "heb",
    "arabic": "ara",
    "persian": "fas",
    "urdu": "urd",
    "devanagari": "hin mar nep san kok mai bho",
    "bengali": "ben asm",
    "gurmukhi": "pan",
    "gujarati": "guj",
    "oriya": "ori",
    "tamil": "tam",
    "telugu": "tel",
    "kannada": "kan",
    "malayalam": "mal",
    "thai": "tha",
    "korean": "kor",
    "georgian": "kat",
    "armenian": "hye",
}
LANGUAGES: dict[str, str] = {
    language: name for name, languages in _OF_LAYOUT.items() for language in languages.split() if len(language) == 3
}


def layout_of(language: str) -> Layout | None:
    """The layout most people type this language (ISO 639-3) on, None where none is written down."""
    name = LANGUAGES.get(language)
    return LAYOUTS[name] if name is not None else None
