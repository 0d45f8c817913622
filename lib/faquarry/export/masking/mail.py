"""E-mail addresses, plain or with a bracketed ``(at)``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from faquarry.export.masking.spans import Span

__all__ = ["addresses"]

# Letters of scripts that put spaces between words; the others' would run on into the address beside them.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff66-\uffdc"
_WORD = rf"[^\W_{_UNSPACED}]"
_SIGNS = "_!#$%&'*+=^`{|}~-"
# It begins where no sign stands before it, and gives nothing back: text without an @ is passed once.
_LOCAL = rf"(?<![{_SIGNS}])(?:{_WORD}|[{_SIGNS}])++(?:\.(?:{_WORD}|[{_SIGNS}])++)*+"
_LABEL = rf"{_WORD}(?:(?:{_WORD}|[_-]){{0,61}}{_WORD})?"
_PLAIN = re.compile(
    rf"(?<!{_WORD})(?<!\.){_LOCAL}[@＠](?P<host>(?:{_LABEL}[.．])+(?P<last>(?:(?!\d){_WORD}){{2,24}}|xn--[a-z0-9-]+))"
    rf"(?!{_WORD}|[@_])"
)
_SPELLED = re.compile(
    rf"(?<![\w.])(?P<local>[\w+-]{{1,64}}(?:\.[\w+-]{{1,64}}){{0,8}})\s?[(\[{{]\s?(?:at|ät|chez|arroba|собака|@)\s?[)\]}}]\s?"
    rf"(?P<host>{_LABEL}(?:\s?[(\[{{]\s?(?:dot|punkt|point|punto|ponto|точка|\.)\s?[)\]}}]\s?{_LABEL}|\.{_LABEL})*"
    r"(?:\s?[(\[{]\s?(?:dot|punkt|point|punto|ponto|точка|\.)\s?[)\]}]\s?|\.)(?P<last>[^\W\d_]{2,24}))(?!\w)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[(\[{]\s?(?:at|ät|chez|arroba|собака|@)\s?[)\]}]", re.IGNORECASE)
# logo@2x.png: a picture for fine screens
_PICTURE = re.compile(r"[@＠]\d(?:\.\d)?x\.(?:png|jpe?g|gif|webp|svg)\b", re.IGNORECASE)


def addresses(text: str) -> Iterator[Span]:
    """Where e-mail addresses stand, of domains under a suffix that is in use."""
    plain, spelled = "@" in text or "＠" in text, _BRACKETED.search(text)
    for pattern in [*([_PLAIN] if plain else []), *([_SPELLED] if spelled else [])]:
        for found in pattern.finditer(text):
            if _in_use(found["last"].lower()) and not _PICTURE.search(found.group()):
                yield found.span()


@lru_cache(maxsize=4096)
def _in_use(last: str) -> bool:
    """Whether a label is a top-level domain by the Public Suffix List, or kept for examples (RFC 2606).

    >>> [_in_use(label) for label in ("de", "рф", "example", "png", "beta")]
    [True, True, True, False, False]
    """
    return last in ("example", "test", "invalid") or last in _top_level()


@lru_cache(maxsize=1)
def _top_level() -> frozenset[str]:
    import tldextract

    # The list that the package carries: no download. `tlds` holds suffixes of several labels too.
    listed = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    return frozenset(suffix.rpartition(".")[2] for suffix in listed)
