"""What the script of a text says about its language: often everything, sometimes which languages are out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["LANGUAGES_OF", "dominant_script", "never_latin"]

# script -> languages written in it (ISO 639-3, folded). A script with one language decides alone.
LANGUAGES_OF: dict[str, frozenset[str]] = {
    script: frozenset(languages.split())
    for script, languages in {
        "Cyrillic": "rus ukr bel bul mkd srp bos kaz kir tgk mon tat bak uzb chv sah oss kom mhr mrj myv rue crh che ava "
        "lez tyv udm xal krc kbd ady abk tuk aze",
        "Arabic": "ara fas urd pus kur uig snd skr aze uzb pnb kas msa mzn glk lrc tuk kaz",
        "Hebrew": "heb yid",
        "Devanagari": "hin mar nep san kok bho mai new awa",
        "Bengali": "ben asm bpy",
        "Gurmukhi": "pan",
        "Gujarati": "guj",
        "Oriya": "ori",
        "Tamil": "tam",
        "Telugu": "tel",
        "Kannada": "kan",
        "Malayalam": "mal",
        "Sinhala": "sin",
        "Thai": "tha",
        "Lao": "lao",
        "Tibetan": "bod dzo",
        "Myanmar": "mya",
        "Georgian": "kat",
        "Hangul": "kor",
        "Ethiopic": "amh tir",
        "Cherokee": "chr",
        "Canadian Aboriginal": "iku",
        "Khmer": "khm",
        "Mongolian": "mon",
        "Greek": "ell",
        "Armenian": "hye",
        "Syriac": "syr",
        "Thaana": "div",
        "Tifinagh": "shi tmh",
        "Kana": "jpn",
        "Han": "zho jpn",
    }.items()
}

_LATIN_TOO = frozenset("srp bos uzb aze tat kur tuk kaz kir crh mon msa shi tmh kok sna uig".split())

# First and last code point of the blocks that matter, by script. A coarse cut is enough to find the dominant one.
_BLOCKS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    (
        "Latin",
        (
            (0x41, 0x5A),
            (0x61, 0x7A),
            (0xC0, 0x24F),
            (0x1E00, 0x1EFF),
        ),
    ),
    (
        "Greek",
        (
            (0x370, 0x3FF),
            (0x1F00, 0x1FFF),
        ),
    ),
    (
        "Cyrillic",
        (
            (0x400, 0x52F),
            (0x1C80, 0x1C8F),
            (0x2DE0, 0x2DFF),
        ),
    ),
    ("Armenian", ((0x530, 0x58F),)),
    (
        "Hebrew",
        (
            (0x590, 0x5FF),
            (0xFB1D, 0xFB4F),
        ),
    ),
    (
        "Arabic",
        (
            (0x620, 0x6FF),
            (0x750, 0x77F),
            (0x8A0, 0x8FF),
            (0xFB50, 0xFDFF),
            (0xFE70, 0xFEFE),
        ),
    ),
    ("Syriac", ((0x700, 0x74F),)),
    ("Thaana", ((0x780, 0x7BF),)),
    (
        "Devanagari",
        (
            (0x900, 0x963),
            (0x966, 0x97F),
        ),
    ),
    ("Bengali", ((0x980, 0x9FF),)),
    ("Gurmukhi", ((0xA00, 0xA7F),)),
    ("Gujarati", ((0xA80, 0xAFF),)),
    ("Oriya", ((0xB00, 0xB7F),)),
    ("Tamil", ((0xB80, 0xBFF),)),
    ("Telugu", ((0xC00, 0xC7F),)),
    ("Kannada", ((0xC80, 0xCFF),)),
    ("Malayalam", ((0xD00, 0xD7F),)),
    ("Sinhala", ((0xD80, 0xDFF),)),
    ("Thai", ((0xE00, 0xE7F),)),
    ("Lao", ((0xE80, 0xEFF),)),
    ("Tibetan", ((0xF00, 0xFFF),)),
    ("Myanmar", ((0x1000, 0x109F),)),
    (
        "Georgian",
        (
            (0x10A0, 0x10FF),
            (0x1C90, 0x1CBF),
            (0x2D00, 0x2D2F),
        ),
    ),
    (
        "Ethiopic",
        (
            (0x1200, 0x139F),
            (0x2D80, 0x2DDF),
        ),
    ),
    (
        "Cherokee",
        (
            (0x13A0, 0x13FF),
            (0xAB70, 0xABBF),
        ),
    ),
    ("Canadian Aboriginal", ((0x1400, 0x167F),)),
    ("Khmer", ((0x1780, 0x17FF),)),
    ("Mongolian", ((0x1820, 0x18AF),)),
    ("Tifinagh", ((0x2D30, 0x2D7F),)),
    (
        "Kana",
        (
            (0x3041, 0x30FA),
            (0x30FC, 0x30FF),
            (0x31F0, 0x31FF),
            (0xFF66, 0xFF9D),
        ),
    ),
    (
        "Han",
        (
            (0x3400, 0x4DBF),
            (0x4E00, 0x9FFF),
            (0xF900, 0xFAFF),
        ),
    ),
    (
        "Hangul",
        (
            (0x1100, 0x11FF),
            (0x3130, 0x318F),
            (0xAC00, 0xD7A3),
        ),
    ),
)
_NAMES = ("", *(block[0] for block in _BLOCKS))
_HAN, _KANA, _HANGUL = (_NAMES.index(name) for name in ("Han", "Kana", "Hangul"))
_LATIN = _NAMES.index("Latin")

# A Latin product name inside a Thai sentence must not outweigh the sentence: another script decides from this share on.
_ENOUGH = 0.3
# A sign of these scripts says about as much as so many letters.
_WEIGHTS = {_HAN: 3.0, _KANA: 2.0, _HANGUL: 2.5}
# Japanese mixes Han with kana; Chinese does not. Korean may hold some Han.
_KANA_SHARE = 0.05


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint8]:
    """Script number of every code point of the basic plane; 0 for none of ours."""
    table = np.zeros(0x10000, np.uint8)
    for number, (_, ranges) in enumerate(_BLOCKS, start=1):
        for first, last in ranges:
            table[first : last + 1] = number
    table[[0xD7, 0xF7]] = 0  # × and ÷
    return table


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.float64]:
    weights = np.ones(len(_NAMES))
    for number, weight in _WEIGHTS.items():
        weights[number] = weight
    weights[0] = 0.0
    return weights


def dominant_script(text: str) -> str:
    """The script that most of a text is in, as a name; "" when it has no letters.

    A script other than Latin wins from 30 % of the letters on. Han with kana is "Kana" (Japanese).

    >>> [dominant_script(t) for t in ("Wie lange?", "รับประกัน iPhone กี่ปี", "使い方は", "退货期限多久", "42 %")]
    ['Latin', 'Thai', 'Kana', 'Han', '']
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    points = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    shares = np.bincount(_table()[points], minlength=len(_NAMES)) * _weights()
    total = float(shares.sum())
    if total == 0:
        return ""
    east = shares[_HAN] + shares[_KANA]
    if east and shares[_KANA] >= _KANA_SHARE * east:
        shares[_KANA], shares[_HAN] = east, 0.0
    elif shares[_HANGUL] and shares[_HANGUL] >= 0.2 * (east + shares[_HANGUL]):
        shares[_HANGUL], shares[_HAN] = east + shares[_HANGUL], 0.0
    other = shares.copy()
    other[_LATIN] = 0.0
    best = int(other.argmax())
    return _NAMES[best] if other[best] >= _ENOUGH * total else _NAMES[int(shares.argmax())]


@lru_cache(maxsize=1)
def never_latin() -> frozenset[str]:
    """Languages that are not written in Latin letters."""
    return frozenset().union(*LANGUAGES_OF.values()) - _LATIN_TOO
