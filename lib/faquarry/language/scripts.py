"""What the script of a text says about its language: often everything, sometimes which languages are out."""

from __future__ import annotations

from functools import lru_cache

from faquarry.text.scripts import script_counts

__all__ = ["LANGUAGES_OF", "deciding_script", "never_latin"]

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
        "Canadian_Aboriginal": "iku",
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

# A Latin product name inside a Thai sentence must not outweigh the sentence: another script decides from this share on.
_ENOUGH = 0.3
# A sign of these scripts says about as much as so many letters.
_WEIGHTS = {"Han": 3.0, "Kana": 2.0, "Hangul": 2.5}
# Japanese mixes Han with kana; Chinese does not. Korean may hold some Han.
_KANA_SHARE = 0.05
_HANGUL_SHARE = 0.2


def deciding_script(text: str) -> str:
    """The script that tells most about a text's language; "" when it has no letters.

    A script other than Latin wins from 30 % of the letters on. Kana with Han is "Kana" (Japanese), Hangul with some Han
    is "Hangul".

    >>> [deciding_script(t) for t in ("Wie lange?", "รับประกัน iPhone กี่ปี", "使い方は", "退货期限多久", "42 %")]
    ['Latin', 'Thai', 'Kana', 'Han', '']
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    found = script_counts(text)
    kana = found.pop("Hiragana", 0) + found.pop("Katakana", 0)
    shares = {script: count * _WEIGHTS.get(script, 1.0) for script, count in found.items()}
    total = sum(shares.values()) + kana * _WEIGHTS["Kana"]
    if not total:
        return ""
    east = shares.get("Han", 0.0) + kana * _WEIGHTS["Kana"]
    if kana and kana * _WEIGHTS["Kana"] >= _KANA_SHARE * east:
        shares["Kana"], shares["Han"] = east, 0.0
    elif shares.get("Hangul", 0.0) > _HANGUL_SHARE * (east + shares.get("Hangul", 0.0)):
        shares["Hangul"], shares["Han"] = east + shares["Hangul"], 0.0
    best = max(
        (script for script in shares if script != "Latin"), key=lambda script: (shares[script], script), default="Latin"
    )
    return best if best == "Latin" or shares[best] >= _ENOUGH * total else max(shares, key=lambda s: (shares[s], s))


@lru_cache(maxsize=1)
def never_latin() -> frozenset[str]:
    """Languages that are not written in Latin letters."""
    return frozenset().union(*LANGUAGES_OF.values()) - _LATIN_TOO
