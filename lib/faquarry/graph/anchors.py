"""The words of a link: cleaned, and whether they say anything about the page behind it."""

from __future__ import annotations

import re
from functools import lru_cache

from faquarry.graph.phrases import bared, uninformative

__all__ = ["cleaned", "is_bare_address", "says_nothing"]

# Characters that join nothing and show nothing, and controls, which stand where a blank was meant.
_UNSEEN = re.compile("[\\xad\\u200b-\\u200f\\u202a-\\u202e\\u2060\\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f]")
_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS = re.compile(r"(?:https?://|www\d?\.)\S+", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}(?=/|\?|$)")
MAX_PHRASE = 60
_ALPHABETIC_END = 0x0590  # Latin, Greek, Cyrillic, Armenian: there, a letter alone is no word


def cleaned(text: str) -> str:
    """The text on one line, without characters that cannot be seen.

    >>> cleaned("  Coffee\\n\\tfrom\\u00a0So\\u00adnora ")
    'Coffee from Sonora'
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return " ".join(_CONTROL.sub(" ", _UNSEEN.sub("", line)).split())


def says_nothing(anchor: str) -> bool:
    """Whether an anchor would fit any page: a phrase of the interface, a number, a letter, signs only.

    >>> [says_nothing(anchor) for anchor in ("Read more »", "2", "→", "Weiterlesen …", "Kayaks on the Douro", "茶")]
    [True, True, True, True, False, False]
    """
    return len(anchor) <= MAX_PHRASE and _says_nothing(anchor)


@lru_cache(maxsize=16_384)
def _says_nothing(anchor: str) -> bool:
    if not _LETTER.search(anchor):
        return True
    bare = bared(anchor)
    return bare in uninformative() or (len(bare) == 1 and ord(bare) < _ALPHABETIC_END)


def is_bare_address(anchor: str, site: str) -> bool:
    """Whether an anchor is nothing but an address; a name with a dot in it is one where it is the target's own host.

    >>> is_bare_address("www.shop.example/a", "x"), is_bare_address("shop.example", "shop.example")
    (True, True)
    >>> is_bare_address("Node.js", "nodejs.org"), is_bare_address("see www.shop.example", "shop.example")
    (False, False)
    """
    if " " in anchor or "." not in anchor:
        return False
    if _ADDRESS.fullmatch(anchor):
        return True
    host = _HOST.match(anchor)
    return host is not None and bool(site) and f".{host[0].lower()}".endswith(f".{site}")
