"""Telephone numbers: what is written like one, read together with what stands around it.

Digits alone do not tell a telephone number from a price, a date or a part number, so that a run of digits counts when

* it is international: ``+`` or ``00`` and a country code (ITU-T E.164), or
* a word before it says so (Tel., phone, Telefon, тел., 电话, هاتف …), or
* it has a national form that little else has: ``(030) 123456``, ``555-867-5309``, ``0800 123 456``, ``8 (495) 123-45-67``,

and when nothing beside it says otherwise: a currency, a unit, a word as *part no.*, *ISBN* or *order*; a date, years, an
address on the network. Runs inside URLs count only after ``tel:`` or ``wa.me/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from faquarry.export.masking.spans import Span, digits_of
from faquarry.export.masking.words import BETWEEN, CALLED, CALLED_UNSPACED, NAMED, UNITS

__all__ = ["phones"]

# A run: digits with single separators (a bracket may stand beside one), an extension at its end.
_RUN = re.compile(r"\d(?<!\d\d)(?:[ \u00a0\u2009.\-–‑/]{0,2}[()]?[ \u00a0\u2009.\-–‑]?\d){5,60}")
_EXTENSION = re.compile(r"\s?(?:ext\.?|extension|Durchwahl|доб\.?|poste|int\.|anexo|x)\s?\d{1,5}(?!\w)", re.IGNORECASE)
_VANITY = re.compile(
    r"1(?<![\w-]1)[-. ]8(?:00|33|44|55|66|77|88)[-. ](?=[A-Z0-9-]*[A-Z]{3})[A-Z0-9]{3,4}-?[A-Z0-9]{3,5}(?![\w-])"
)

# Country codes of E.164, those of three digits by their first two.
_COUNTRY = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689]\d|3[578]\d|42[013]|50\d|59\d|67\d|68\d|69[0-2]|8[05789]\d|85[02356]|88[0-6]|96\d|97\d|99[2-68]"
)


_LABEL = re.compile(
    rf"(?:(?<![^\W\d_])(?:{CALLED})|{CALLED_UNSPACED})(?:\s?(?:no|nr|num|number|numarası|num[eé]ro|número|номер\w?))?[.:：)\]]{{0,2}}"
    rf"(?:\s(?:{BETWEEN})){{0,4}}[\s.:：()\[=–-]{{0,4}}$",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:tel:|callto:|sms:|wa\.me/|whatsapp\.com/send\?phone=)$", re.IGNORECASE)
_NOT_BEFORE = re.compile(
    rf"(?:[€$£¥₹₽₺₴#№@&=_]|(?<![^\W\d_])(?:{NAMED}))"
    r"(?:[\s-]?(?:no|nr|num|number|nummer|numéro|número|номер|id|code)){0,2}[.:：#]{0,2}\s{0,2}$",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(rf"\s{{0,2}}(?:[€$£¥₹₽₺₴%°‰²³]|(?:{UNITS})(?![^\W\d_]))", re.IGNORECASE)
_DATE = re.compile(
    r"(?<!\d)(?:"
    r"(?:0?[1-9]|[12]\d|3[01])([./\- ])(?:0?[1-9]|1[0-2])\1(?:19|20)?\d\d"
    r"|(?:19|20)\d\d([./\- ])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|1[0-2])[./-](?:19|20)\d\d)(?!\d)"
)
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d\d\s?[-–/]\s?(?:(?:19|20)\d\d)(?!\d)")
_NETWORK = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d+)?")
_HOURS = re.compile(
    r"(?<![\d-])(?:(?:[01]\d|2[0-4])[.:]?[0-5]\d|\d[.:][0-5]\d)\s?[-–]\s?(?:(?:[01]\d|2[0-4])[.:]?[0-5]\d|\d[.:][0-5]\d)(?![\d-])"
)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)

# Forms of national numbers that stand without a word: whole runs, digits of any script made ASCII, every gap a single sign.
_NATIONAL = tuple(
    re.compile(pattern)
    for pattern in (
        r"\(0?[1-9]\d{1,3}\)[ -]?\d{2,5}(?:[ -]?\d{2,4}){1,3}",  # (555) 867-5309, (11) 91234-5678
        r"\(0\d{1,5}\)[ /-]?\d{2,}(?:[ -]?\d{2,}){0,4}",  # (030) 123 45 67
        r"(?:1[-. ])?[2-9]\d\d([-.])[2-9]\d\d\1\d{4}",  # 555-867-5309, 1-555-867-5309
        r"1?[-. ]?\(?8(?:00|33|44|55|66|77|88)\)?[-. ]\d{3}[-. ]\d{4}",  # 800 555 1234
        r"[48]00[- ]\d{3}[- ]\d{4}",  # 400-820-8820
        r"1[38]00[ -]\d{3}[ -]\d{3,4}",  # 1300 123 456
        r"[78][ -]?\(\d{3,5}\)[ -]?\d{1,3}(?:[ -]?\d{2}){2}",  # 8 (495) 123-45-67
        r"8[ -]\d{3}[ -]\d{3}[ -]\d{2}[ -]\d{2}",  # 8-800-555-35-35
        r"0[1-9](?:([ .-])\d\d)(?:\1\d\d){3}",  # 01 23 45 67 89
        r"0\d{1,4}[ /-]\d{3,}(?:[ -]\d{2,}){0,3}",  # 020 7946 0958, 030/1234567, 090-1234-5678
        r"0\d{2,4} \d\d(?: \d\d){1,3}",  # 044 123 45 67 and its like in pairs
        r"0\d{2} \d{3} \d\d \d\d",
    )
)


_WORD = re.compile(r"(?<!\S)[+(\d][\d().-]{8,}\d(?!\S)")
_DASHED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:\+?1[-.])?\(?[2-9]\d\d(?:[-.]|\)-?)[2-9]\d\d[-.]\d{4}",
        r"1-8(?:00|33|44|55|66|77|88)-\d{3}-\d{4}",
        r"\+[1-9]\d{0,2}(?:[-.]\d{2,}){2,4}",
        r"0\d{1,4}-\d{3,4}-\d{4}",
    )
)


def phones(text: str) -> Iterator[Span]:
    """Where telephone numbers stand, extensions included."""
    if "8" in text:
        for found in _VANITY.finditer(text):
            yield found.span()
    runs = list(_RUN.finditer(text))
    links = [found.span() for found in _URL.finditer(text)] if runs else []
    for found in runs:
        start, end = _closed(text, _opened(text, found.start()), found.end())
        before = text[max(0, start - 48) : start]
        linked = bool(_LINK.search(before))
        if not linked and any(low <= start < high for low, high in links):
            continue
        if _is_phone(text[start:end], before, text[end : end + 16], linked):
            extension = _EXTENSION.match(text, end)
            yield start, extension.end() if extension else end
        elif not _NOT_BEFORE.search(before):  # perhaps several numbers, each without spaces
            for word in _WORD.finditer(text, start, end):
                if any(pattern.fullmatch(_plain(word.group())) for pattern in _DASHED) and not _DATE.search(
                    word.group()
                ):
                    yield word.span()


def _opened(text: str, start: int) -> int:
    """Where a run begins: with the plus or the bracket before its first digit."""
    signed = re.search(r"\(?\+\s?$|\($", text[max(0, start - 3) : start])
    return start if signed is None else start - len(signed.group())


def _closed(text: str, start: int, end: int) -> Span:
    """A run without a bracket that it only opens, and up to one that it only closes."""
    run = text[start:end]
    if run.startswith("(") and ")" not in run:
        return start + 1, end
    return start, end if run.count("(") >= run.count(")") else start + run.rindex(")")


def _is_phone(run: str, before: str, after: str, linked: bool) -> bool:
    digits = digits_of(run)
    if not 7 <= len(digits) <= 16 or len(set(digits)) < 2:
        return False
    if linked:
        return True
    if _glued(before, after) or _NOT_AFTER.match(after):
        return False
    plain = _plain(run)
    if _DATE.search(plain) or _YEARS.search(plain) or _NETWORK.fullmatch(plain):
        return False
    if _thousands(plain) or _HOURS.search(plain):
        return False
    if not (_is_international(plain, digits) or _is_national(plain, digits) or _LABEL.search(before)):
        return False
    return not _NOT_BEFORE.search(before)


def _is_international(plain: str, digits: str) -> bool:
    if plain.startswith(("+", "(+")):
        return len(digits) >= 8 and _COUNTRY.match(digits) is not None
    return digits.startswith("00") and len(digits) >= 11 and _COUNTRY.match(digits[2:]) is not None


def _is_national(plain: str, digits: str) -> bool:
    return len(digits) >= 9 and any(pattern.fullmatch(plain) for pattern in _NATIONAL)


def _plain(run: str) -> str:
    """A run with ASCII digits and one sign for every gap."""
    ascii_ = "".join(digits_of(character) or character for character in run)
    return re.sub(r"[\u00a0\u2009]", " ", re.sub(r"[–‑]", "-", ascii_)).strip()


def _thousands(plain: str) -> bool:
    """Whether a run is one number in groups of three, as 10 000 000, or +12 345 678 (telephone numbers are longer).

    >>> [_thousands(run) for run in ("+10 000 000", "12.500.000", "+12 345 678", "+49 301 234 567", "912 345 678")]
    [True, True, True, False, False]
    """
    first, *groups = re.split(r"[ .]", plain.lstrip("+("))
    if len(groups) < 2 or len(first) > 3 or any(len(group) != 3 for group in groups):
        return False
    signed = plain.startswith("+") and len(first) + 3 * len(groups) <= 9
    return signed or all(group in ("000", "500") for group in groups)


def _glued(before: str, after: str) -> bool:
    """Whether letters or signs beside a run make it part of something else. Scripts without spaces may touch it."""
    left, right = before[-1:], after[:1]
    if right.isdecimal() or (right.isalpha() and ord(right) < 0x0590) or right in ("@", "_", "#"):
        return True
    if after[:2].strip()[:1] in (",", ".", "/", "-", ":") and after[1:2].isdecimal():
        return True
    if left in ("-", "/", ".", ",", ":", "_", "+") and before[-2:-1].isalnum() and left != ":":
        return True
    return left.isalpha() and ord(left) < 0x0590
