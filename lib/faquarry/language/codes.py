"""Language codes: from what detectors, tags and country suffixes say to ISO 639-3, macro-languages folded.

Folding follows WebFAQ: varieties of one written language count as it (Wu, Yue, Mandarin → Chinese; Bokmål, Nynorsk →
Norwegian; the Arabics → Arabic …), so that counts a language compare. Bosnian, Croatian and Serbian stay apart, and so
do Indonesian and Malay: they have codes of their own there.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["languages_of_suffix", "to_iso639_3"]

# member of a macro-language -> the code it is counted under (ISO 639-3 registry, macrolanguage mappings)
_FOLDED = {
    **dict.fromkeys(("cmn", "wuu", "yue", "hak", "nan", "gan", "hsn", "cdo", "lzh"), "zho"),
    **dict.fromkeys(("nob", "nno"), "nor"),
    **dict.fromkeys(("arb", "arz", "ary", "apc", "acm", "ajp", "aeb", "ars", "acq", "apd", "arq"), "ara"),
    **dict.fromkeys(("pes", "prs"), "fas"),
    **dict.fromkeys(("lvs", "ltg"), "lav"),
    **dict.fromkeys(("ekk", "vro"), "est"),
    **dict.fromkeys(("azj", "azb"), "aze"),
    **dict.fromkeys(("uzn", "uzs"), "uzb"),
    **dict.fromkeys(("khk", "mvf"), "mon"),
    **dict.fromkeys(("npi", "dty"), "nep"),
    **dict.fromkeys(("ory", "spv"), "ori"),
    **dict.fromkeys(("pbt", "pbu", "pst"), "pus"),
    **dict.fromkeys(("als", "aln", "aat", "aae"), "sqi"),
    **dict.fromkeys(("swh", "swc"), "swa"),
    **dict.fromkeys(("ckb", "kmr", "sdh"), "kur"),
    **dict.fromkeys(("plt", "bhr"), "mlg"),
    **dict.fromkeys(("gug", "gun"), "grn"),
    **dict.fromkeys(("quy", "quz", "quh"), "que"),
    **dict.fromkeys(("fuv", "fuf", "fuc", "fub", "ffm"), "ful"),
    **dict.fromkeys(("gaz", "hae"), "orm"),
    **dict.fromkeys(("ydd", "yih"), "yid"),
    **dict.fromkeys(("knn", "gom"), "kok"),
    **dict.fromkeys(("dik", "dib", "dip", "diw", "dks"), "din"),
    **dict.fromkeys(("zsm", "zlm"), "msa"),
    "fil": "tgl",
    "hbo": "heb",
    "knc": "kau",
    "hnj": "hmn",
    "mww": "hmn",
    "ttq": "tmh",
    "mol": "ron",
    "hbs": "srp",
}

# Country suffixes whose pages are mostly in one or a few languages. Suffixes that are sold world-wide (.io, .co, .tv, .me,
# .ai, .eu) say nothing and are left out.
_SUFFIXES = {
    "ad": "cat", "ae": "ara", "al": "sqi", "am": "hye", "ar": "spa", "at": "deu", "au": "eng", "az": "aze",
    "ba": "bos hrv srp", "bd": "ben", "be": "nld fra", "bg": "bul", "bo": "spa", "br": "por", "by": "rus bel",
    "ca": "eng fra", "cat": "cat", "ch": "deu fra ita", "cl": "spa", "cn": "zho", "cr": "spa", "cu": "spa",
    "cy": "ell", "cz": "ces", "de": "deu", "dk": "dan", "do": "spa", "dz": "ara fra", "ec": "spa", "ee": "est",
    "eg": "ara", "es": "spa cat", "eus": "eus", "fi": "fin", "fo": "fao", "fr": "fra", "gal": "glg", "ge": "kat",
    "gr": "ell", "gt": "spa", "hk": "zho", "hn": "spa", "hr": "hrv", "hu": "hun", "id": "ind", "ie": "eng", "il": "heb",
    "in": "eng hin", "iq": "ara kur", "ir": "fas", "is": "isl", "it": "ita", "jo": "ara", "jp": "jpn", "ke": "eng swa",
    "kg": "rus kir", "kh": "khm", "kr": "kor", "kw": "ara", "kz": "rus kaz", "la": "lao", "lb": "ara", "lk": "sin tam",
    "lt": "lit", "lu": "fra deu ltz", "lv": "lav", "ma": "fra ara", "md": "ron rus", "mk": "mkd", "mm": "mya",
    "mn": "mon", "mt": "mlt eng", "mx": "spa", "my": "msa eng", "ni": "spa", "nl": "nld", "no": "nor", "np": "nep",
    "nz": "eng", "pa": "spa", "pe": "spa", "ph": "eng tgl", "pk": "urd eng", "pl": "pol", "pt": "por", "py": "spa",
    "qa": "ara", "quebec": "fra", "ro": "ron", "rs": "srp", "ru": "rus", "sa": "ara", "se": "swe", "si": "slv",
    "sk": "slk", "sn": "fra", "su": "rus", "sv": "spa", "sy": "ara", "th": "tha", "tj": "tgk rus", "tm": "tuk",
    "tn": "fra ara", "tr": "tur", "tw": "zho", "tz": "swa eng", "ua": "ukr", "uk": "eng", "uy": "spa", "uz": "uzb rus",
    "ve": "spa", "vn": "vie", "xn--p1ai": "rus", "za": "eng afr", "рф": "rus",
}  # fmt: skip


@lru_cache(maxsize=4096)
def to_iso639_3(tag: str) -> str | None:
    """A BCP 47 tag, an ISO 639 code or a locale name as a folded ISO 639-3 code; None when it is none.

    >>> [to_iso639_3(tag) for tag in ("pt_BR", "zh-Hant-TW", "nb", "iw", "x-default", "faq", "")]
    ['por', 'zho', 'nor', 'heb', None, None, None]
    """
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    cleaned = tag.strip().replace("_", "-").rstrip("-")
    first = cleaned.partition("-")[0]
    if not (2 <= len(first) <= 3 and first.isascii() and first.isalpha()):
        return None
    try:
        language = Language.get(first.lower())
        code = language.to_alpha3()
    except (LanguageTagError, LookupError):
        return None
    return _FOLDED.get(code, code) if language.is_valid() else None


def languages_of_suffix(host: str) -> tuple[str, ...]:
    """The languages of the country suffix of a host name, most likely first; () when it says nothing.

    >>> languages_of_suffix("www.shop.example.ch"), languages_of_suffix("shop.example.com")
    (('deu', 'fra', 'ita'), ())
    """
    return tuple(_SUFFIXES.get(host.rpartition(".")[2].lower(), "").split())
