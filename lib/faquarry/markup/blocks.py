"""Where JSON-LD stands in a page: the script elements whose type says so, however it is spelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["json_ld_blocks", "json_ld_blocks_flat", "names_faq", "names_faq_page"]

_TYPE = re.compile(r"ld\s*(?:\+|%2b|&#x2b;|&#43;|-|)\s*json|json\s*\+\s*ld", re.IGNORECASE)
_SCRIPT = re.compile(
    r"<script\b((?:[^<>\"']++|\"[^\"<>]*+\"|'[^'<>]*+')*+)>(.*?)(?:</script\b|\Z)", re.IGNORECASE | re.DOTALL
)
_TYPE_ATTRIBUTE = re.compile(r"\btype\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


def json_ld_blocks(tree: LexborHTMLParser) -> list[str]:
    """The text of every JSON-LD script element, in document order."""
    return [
        script.text()
        for script in tree.css('script[type*="json" i]')
        if _TYPE.search(script.attributes.get("type") or "")
    ]


def json_ld_blocks_flat(html: str) -> list[str]:
    """The same without a tree, for pages that are too hostile to be parsed into one."""
    found = []
    for match in _SCRIPT.finditer(html):
        kind = _TYPE_ATTRIBUTE.search(match.group(1))
        if kind and _TYPE.search(next(filter(None, kind.groups()), "")):
            found.append(match.group(2))
    return found


def names_faq_page(text: str) -> bool:
    """Whether a block says FAQPage, in any case."""
    return "FAQPage" in text or "faqpage" in text.lower()


def names_faq(text: str) -> bool:
    """Whether a block can hold any part of an FAQ: others need not be parsed."""
    return "FAQPage" in text or "Answer" in text or "Question" in text or _has_word(text.lower())


def _has_word(lower: str) -> bool:
    return "faqpage" in lower or "answer" in lower or "question" in lower
