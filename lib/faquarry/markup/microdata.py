"""Microdata (WHATWG): ``itemscope``, ``itemtype``, ``itemprop``, ``itemref``, ``itemid``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faquarry.markup.clock import Clock
from faquarry.markup.elements import Dialect, read_items
from faquarry.markup.terms import type_names

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["MAX_ITEMS", "microdata_items"]

MAX_ITEMS = 50_000  # elements with itemscope or itemprop; real pages have hundreds

_DIALECT = Dialect("microdata", "itemscope", "itemtype", "itemprop", ("itemid",), "itemref")
_ROOTS = '[itemtype*="FAQPage" i],[itemtype*="QAPage" i],[itemtype*="Question" i],[itemtype*="Answer" i]'


def microdata_items(tree: LexborHTMLParser, clock: Clock) -> list[dict[str, Any]]:
    """The FAQPage, QAPage, Question and Answer items of a page that are not inside one another, in document order."""
    roots: list[LexborNode] = []
    inside: set[int] = set()
    for element in tree.css(_ROOTS):
        clock.tick()
        if element.mem_id in inside or not _ROOT_TYPES & type_names(element.attributes.get("itemtype") or ""):
            continue
        roots.append(element)
        inside.update(below.mem_id for below in element.css(_ROOTS))
    return read_items(roots, _DIALECT, clock)


_ROOT_TYPES = frozenset(("faqpage", "qapage", "question", "answer"))
