"""Card numbers and IBANs: both carry check digits, so that other numbers of their shape are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from faquarry.export.masking.spans import Span, digits_of

__all__ = ["cards", "ibans", "luhn", "mod97"]

# Runs of digits as they are printed on a card: 4-4-4-4, 4-6-5, 4-4-4-4-3, or none apart.
_CARD = re.compile(
    r"(?<![\w.,+/=&-])(?:\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?:(?P=gap)\d{3})?|\d{4}[ -]\d{6}[ -]\d{5}|\d{15,16})"
    r"(?![\w/=&-]|[.,]\d)"
)
# First digits of Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir.
_ISSUER = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6")

# Letters and digits of an IBAN by country (IBAN registry, SWIFT, release 99).
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
    "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
    "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
_PERHAPS_CARD = re.compile(r"\d{4}(?:[ -]\d{4}[ -]\d|[ -]\d{6}|\d{11})")
_PERHAPS_IBAN = re.compile(r"[A-Z]{2}\d\d")
_IBAN = re.compile(r"(?<![\w])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![\w])", re.ASCII)


def cards(text: str) -> Iterator[Span]:
    """Where payment card numbers stand."""
    if not _PERHAPS_CARD.search(text):
        return
    for found in _CARD.finditer(text):
        digits = digits_of(found.group())
        if _ISSUER.match(digits) and len(set(digits)) > 1 and luhn(digits):
            yield found.span()


def ibans(text: str) -> Iterator[Span]:
    """Where IBANs stand; what follows one after a space is not taken along."""
    if not _PERHAPS_IBAN.search(text):
        return
    for found in _IBAN.finditer(text):
        wanted = _LENGTHS.get(found.group()[:2], 0)
        size = end = 0
        for end, character in enumerate(found.group(), 1):  # noqa: B007
            size += character not in " -"
            if size == wanted:
                break
        written = found.group()[:end]
        following = found.group()[end : end + 1]
        if size == wanted and not following.isalnum() and mod97(re.sub("[ -]", "", written)) == 1:
            yield found.start(), found.start() + end


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it (ISO/IEC 7812).

    >>> luhn("4242424242424242"), luhn("4242424242424243")
    (True, False)
    """
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def mod97(iban: str) -> int:
    """The remainder of an IBAN (ISO 7064): 1 when its check digits are right.

    >>> mod97("DE89370400440532013000")
    1
    """
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97
