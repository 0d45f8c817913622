"""One graph a page: the nodes of all syntaxes and blocks, with references between them followed.

Every syntax arrives as JSON-LD-like trees: dicts with ``@type``, ``@id`` and properties, nested or by reference. The
graph finds the FAQPage nodes, follows what leads to their Questions and Answers, wherever these stand, and writes each
FAQPage as one plain tree (`faq_trees`), which is what `Page.markup` keeps and what pairs are derived from.

References may run in circles: following them is bounded by depth, and every node is opened once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from faquarry.markup.clock import Clock
from faquarry.markup.terms import folded_name, types_of
from faquarry.markup.values import ANSWERS, CANONICAL_ANSWERS, leaves, plain, scalars

__all__ = ["FaqGraph", "Findings"]

Node = dict[str, Any]

MAX_HOPS = 6  # FAQPage → ItemList → ListItem → Question is three
MAX_QUESTIONS = 20_000  # of one page
MAX_SAME_ID = 64  # nodes that share an @id

_MAIN: tuple[str, ...] = ("mainentity", "mainentities", "mainentitys")
_OWN = (*_MAIN, "haspart", "about", "itemlistelement", "question", "questions", "faq", "faqs", "@graph", "@included")
_INWARD = (*_OWN, "item")
_OUTWARD = ("mainentityofpage", "ispartof")  # a Question may name its page instead
_REFERENCE = re.compile(r"(?:[#_]|https?://)\S{1,1000}\Z")  # a plain string that may name a node
_BARE_REFERENCE = frozenset(("@id", "id", "@type", "type", "@context"))


@dataclass(slots=True)
class Findings:
    """What a page's graph holds: FAQPage trees, Questions that no FAQPage owns, and how many QAPages."""

    trees: list[Node] = field(default_factory=list)
    strays: list[Node] = field(default_factory=list)  # trees of Questions
    qa_pages: int = 0
    cut: bool = False  # MAX_QUESTIONS was reached


class FaqGraph:
    """Collects roots with `add`, then answers with `findings`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._faqs: list[tuple[Node, str]] = []
        self._questions: list[tuple[Node, str]] = []
        self._qa_pages = 0
        self._by_id: dict[str, list[Node]] = {}
        self._absolute: dict[str, list[Node]] | None = None
        self._taken: set[int] = set()
        self._keep: list[Node] = []  # merged nodes stay alive, so that no id() is used twice
        self._left = MAX_QUESTIONS

    def add(self, root: Any, syntax: str) -> None:
        """Walks a tree (dict, list or scalar) in document order and notes its nodes."""
        stack = [root]
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                self._clock.tick()
                types = types_of(value)
                if "faqpage" in types:
                    self._faqs.append((value, syntax))
                elif "question" in types:
                    self._questions.append((value, syntax))
                elif "qapage" in types:
                    self._qa_pages += 1
                name = value.get("@id") or value.get("id")
                if name.__class__ is str and not _is_reference(value):
                    group = self._by_id.setdefault(name, [])
                    if len(group) < MAX_SAME_ID:
                        group.append(value)
                children = [child for child in value.values() if child.__class__ in (dict, list)]
                children.reverse()
                stack.extend(children)
            elif isinstance(value, list):
                stack.extend(child for child in reversed(value) if child.__class__ in (dict, list))

    def findings(self) -> Findings:
        """The FAQPage trees in document order, then what belongs to none of them."""
        found = Findings(qa_pages=self._qa_pages)
        owned = self._named_from_outside() if self._faqs and self._questions else {}
        for node, syntax in self._faqs:
            tree = self._tree(node, syntax, owned.get(id(node), ()))
            if tree["mainEntity"] or self._left > 0:
                found.trees.append(tree)
        for node, syntax in self._questions if self._left > 0 else ():
            if id(node) not in self._taken and not _is_reference(node):
                found.strays.append({**self._question(node), "@syntax": syntax})
        found.cut = self._left <= 0
        return found

    # -- questions of a page

    def _tree(self, node: Node, syntax: str, outside: tuple[Node, ...] | list[Node]) -> Node:
        fields = self._fields(self._joined(node))
        opened = {id(node)}
        questions: list[Node] = []
        for name in _OWN:
            if name in fields:
                questions.extend(self._inward(fields[name], 0, opened, anything=name in _MAIN))
        if not questions:
            for name, value in fields.items():
                if name not in _OWN and name not in _OUTWARD and not name.startswith("@"):
                    questions.extend(self._inward(value, 1, opened, anything=False))
        for extra in outside:
            if id(extra) not in self._taken and self._left > 0:
                self._left -= 1
                self._taken.add(id(extra))
                questions.append(extra)
        tree: Node = {"@type": "FAQPage", "@syntax": syntax, **scalars(node)}
        tree["mainEntity"] = [self._question(question) for question in questions]
        return tree

    def _inward(self, value: Any, hops: int, opened: set[int], *, anything: bool) -> list[Node]:
        """Questions below a property's value, in order; through lists, references, ItemLists and parts of the page."""
        found: list[Node] = []
        stack = [(leaf, hops) for leaf in reversed(list(leaves(value)))]
        while stack and self._left > 0:
            leaf, hops = stack.pop()
            node = self._followed(leaf)
            if node is None:
                continue
            self._clock.tick()
            originals = self._same(leaf, node)
            if not originals.isdisjoint(opened):
                continue
            opened |= originals
            types = types_of(node)
            if "question" in types or (anything and "faqpage" not in types and _reads_as_question(node)):
                self._left -= 1
                self._taken |= originals
                found.append(node)
                inner = _MAIN  # a Question whose end tag is missing swallows those behind it
            elif hops < MAX_HOPS and "faqpage" not in types and "answer" not in types:
                inner, hops = _INWARD, hops + 1
            else:
                continue
            fields = self._fields(node)
            below = [leaf for name in inner if name in fields for leaf in leaves(fields[name])]
            stack += [(leaf, hops) for leaf in reversed(below)]
        return found

    def _named_from_outside(self) -> dict[int, list[Node]]:
        """Questions that say which FAQPage they are of, by that page's node: ``isPartOf``, ``mainEntityOfPage``."""
        pages: dict[str | int, Node] = {}
        for node, _ in self._faqs:
            pages[id(node)] = node
            name = node.get("@id") or node.get("id")
            if isinstance(name, str):
                pages.setdefault(name, node)
                pages.setdefault(self._resolved(name), node)
        owned: dict[int, list[Node]] = {}
        for question, _ in self._questions:
            outward = [value for key, value in question.items() if folded_name(key) in _OUTWARD]
            for leaf in leaves(outward):
                name = (leaf.get("@id") or leaf.get("id")) if isinstance(leaf, dict) else leaf
                page = pages.get(id(leaf))
                if page is None and isinstance(name, str):
                    page = pages.get(name) or pages.get(self._resolved(name))
                if page is not None:
                    owned.setdefault(id(page), []).append(question)
        return owned

    def _question(self, node: Node) -> Node:
        tree: Node = {"@type": "Question", **scalars(node)}
        for key, value in node.items():
            name = CANONICAL_ANSWERS.get(folded_name(key))
            if name:
                answers = [answer for answer in map(self._answer, leaves(value)) if answer]
                tree[name] = tree.get(name, []) + answers
        return tree

    def _answer(self, leaf: Any) -> Any:
        node = self._followed(leaf)
        if node is None or "@value" in node:
            text = plain(leaf)
            return text if isinstance(text, str) else None
        return {"@type": "Answer", **scalars(node)}

    # -- references

    def _followed(self, leaf: Any) -> Node | None:
        """The node behind a value: itself, or the one that its ``@id`` names; None for plain text."""
        if isinstance(leaf, dict):
            return self._joined(leaf) if "@id" in leaf or "id" in leaf else leaf
        if isinstance(leaf, str) and self._by_id and (leaf in self._by_id or _REFERENCE.match(leaf)):
            named = self._named(leaf)
            return self._merged(named) if named else None
        return None

    def _joined(self, node: Node) -> Node:
        name = node.get("@id") or node.get("id")
        if not isinstance(name, str):
            return node
        named = self._named(name)
        if len(named) < 2:
            return named[0] if named and _is_reference(node) else node
        return self._merged([node, *(other for other in named if other is not node)])

    def _merged(self, nodes: list[Node]) -> Node:
        if len(nodes) == 1:
            return nodes[0]
        merged: Node = {}
        types: set[str] = set()
        for node in nodes:
            types |= types_of(node)
            for key, value in node.items():
                if key not in merged or merged[key] in (None, "", []):
                    merged[key] = value
        merged["@type"] = sorted(types)
        merged["@from"] = [id(node) for node in nodes]
        self._keep.append(merged)
        return merged

    @staticmethod
    def _same(leaf: Any, node: Node) -> set[int]:
        same = {id(node), *node.get("@from", ())}
        if isinstance(leaf, dict):
            same.add(id(leaf))
        return same

    def _named(self, name: str) -> list[Node]:
        if nodes := self._by_id.get(name):
            return nodes
        if self._absolute is None:
            self._absolute = {}
            for known, group in self._by_id.items():
                self._clock.tick()
                self._absolute.setdefault(self._resolved(known), []).extend(group)
        return self._absolute.get(self._resolved(name), [])

    def _resolved(self, name: str) -> str:
        if name.startswith("_:"):
            return name
        try:
            return urljoin(self._url, name)
        except ValueError:
            return name

    @staticmethod
    def _fields(node: Node) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in node.items():
            name = folded_name(key)
            if name in fields and value not in (None, "", []):
                known = fields[name]
                fields[name] = [*(known if isinstance(known, list) else [known]), value]
            else:
                fields.setdefault(name, value)
        return fields


def _is_reference(node: Node) -> bool:
    """Whether a node only names another one."""
    return ("@id" in node or "id" in node) and node.keys() <= _BARE_REFERENCE


def _reads_as_question(node: Node) -> bool:
    """A main entity without the type Question that still states a name and an answer."""
    names = {folded_name(key) for key in node}
    return not names.isdisjoint(ANSWERS) and not names.isdisjoint(("name", "headline", "text"))
