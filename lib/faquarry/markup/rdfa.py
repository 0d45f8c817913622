"""RDFa Lite: ``vocab``, ``typeof``, ``property``, ``resource`` and ``prefix``, as far as schema.org's FAQ goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faquarry.markup.clock import Clock
from faquarry.markup.elements import Dialect, read_items
from faquarry.markup.terms import type_names

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["rdfa_items"]

_DIALECT = Dialect("rdfa", "typeof", "typeof", "property", ("resource", "about"))
_ROOTS = '[typeof*="FAQPage" i],[typeof*="QAPage" i],[typeof*="Question" i],[typeof*="Answer" i]'
_ROOT_TYPES = frozenset(("faqpage", "qapage", "question", "answer"))


def rdfa_items(tree: LexborHTMLParser, clock: Clock) -> list[dict[str, Any]]:
    """The FAQPage, QAPage, Question and Answer items of a page that are not inside one another, in document order.

    Questions and answers that stand apart count too: ``resource`` may lead to them from the page's item.
    """
    roots: list[LexborNode] = []
    inside: set[int] = set()
    for element in tree.css(_ROOTS):
        clock.tick()
        if element.mem_id in inside or not _ROOT_TYPES & type_names(element.attributes.get("typeof") or ""):
            continue
        roots.append(element)
        inside.update(below.mem_id for below in element.css(_ROOTS))
    return read_items(roots, _DIALECT, clock)
