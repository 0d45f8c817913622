"""Items written into elements: the algorithm that Microdata and RDFa Lite share.

An element opens an item (``itemscope``, ``typeof``), an element states a property of the nearest item around it
(``itemprop``, ``property``), and a property that opens an item nests. The WHATWG algorithm walks down from an item; here
the few elements that matter are selected, and each looks *up* for its item, with the path remembered: every element of
the page is passed at most once, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faquarry.markup.clock import Clock
from faquarry.markup.terms import folded_name, local_name, type_names

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["Dialect", "read_items"]

Node = dict[str, Any]

MAX_VALUE_CHARS = 16 * 1024 * 1024  # all values of a page together: nested properties repeat their text
MAX_PASSED = 200_000  # elements looked at, itemref included
MAX_REFS = 8  # itemref that leads to itemref

_TEXT_PROPERTIES = frozenset(("name", "text", "headline", "description", "articlebody", "title"))
_ANSWERS = frozenset(("acceptedanswer", "suggestedanswer"))
_OTHERS = (
    "mainentity mainentities haspart about itemlistelement item question questions answer mainentityofpage ispartof url"
    " upvotecount answercount inlanguage datepublished datecreated datemodified"
)
_INTERESTING = _TEXT_PROPERTIES | _ANSWERS | frozenset(_OTHERS.split())
_URL_ATTRIBUTE = {
    "a": "href", "area": "href", "link": "href", "audio": "src", "embed": "src", "iframe": "src", "img": "src",
    "source": "src", "track": "src", "video": "src", "object": "data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a syntax spells the two ideas."""

    syntax: str
    scope: str  # attribute that opens an item
    types: str  # attribute with its types
    names: str  # attribute with property names
    identity: tuple[str, ...]  # attributes that name the item
    refs: str | None = None  # attribute with ids of elements whose properties count too


def read_items(roots: Iterable[LexborNode], dialect: Dialect, clock: Clock) -> list[Node]:
    """The items of the given elements (each opens one) as JSON-LD-like trees.

    Raises `OutOfTime`. Values longer than `MAX_VALUE_CHARS` in all are left out.
    """
    reader = _Reader(dialect, clock)
    items = []
    for root in roots:
        items.append(reader.item(root))
        items += reader.loose
        reader.loose = []
    return items


class _Reader:
    def __init__(self, dialect: Dialect, clock: Clock) -> None:
        self._dialect, self._clock = dialect, clock
        self._chars_left, self._left = MAX_VALUE_CHARS, MAX_PASSED
        self._made: dict[int, Node] = {}  # element → its item
        self.loose: list[Node] = []  # items inside others that are no property of these
        self._stated: set[tuple[int, int]] = set()  # (element, its owner): itemref may lead to an element twice
        self._ids: dict[str, LexborNode] | None = None

    def item(self, root: LexborNode) -> Node:
        """The item that `root` opens, with everything below it and everything it refers to."""
        made = self._made.get(root.mem_id)
        if made is None:
            made = self._made[root.mem_id] = self._opened(root)
            self._fill(root, made)
        return made

    def _opened(self, element: LexborNode) -> Node:
        attributes = element.attributes
        node: Node = {}
        types = attributes.get(self._dialect.types)
        if types:
            node["@type"] = types.split()
        for name in self._dialect.identity:
            if identity := (attributes.get(name) or "").strip():
                node["@id"] = identity
                break
        return node

    def _fill(self, root: LexborNode, item: Node, referred: frozenset[int] = frozenset()) -> None:
        """Reads all elements below `root` that open items or state properties, in document order."""
        dialect = self._dialect
        owners: dict[int, Node] = {root.mem_id: item}
        refs: list[tuple[LexborNode, Node]] = []
        if referred:
            self._state(root, item, owners, refs)
        elif dialect.refs and root.attributes.get(dialect.refs):
            refs.append((root, item))
        for element in root.css(f"[{dialect.scope}],[{dialect.names}]:not([{dialect.scope}])"):
            self._clock.tick()
            self._left -= 1
            if self._left < 0:
                return
            if element.mem_id != root.mem_id:
                owner = self._owner(element, owners, root)
                self._state(element, owner, owners, refs)
        for element, owner in refs if len(referred) < MAX_REFS else ():
            for name in (element.attributes.get(dialect.refs or "") or "").split():
                target = self._by_id(element, name)
                if target is not None and target.mem_id not in referred and target.mem_id != element.mem_id:
                    self._fill(target, owner, referred | {target.mem_id})

    def _owner(self, element: LexborNode, owners: dict[int, Node], root: LexborNode) -> Node:
        """The item of the nearest element above that opens one; remembers the way."""
        path = []
        above = element.parent
        while above is not None:
            key = above.mem_id
            if key in owners:
                break
            path.append(key)
            above = above.parent
        owner = owners[above.mem_id] if above is not None else owners[root.mem_id]
        for key in path:
            owners[key] = owner
        return owner

    def _state(
        self, element: LexborNode, owner: Node, owners: dict[int, Node], refs: list[tuple[LexborNode, Node]]
    ) -> None:
        statement = (element.mem_id, id(owner))
        if statement in self._stated:
            owners[element.mem_id] = self._made.get(element.mem_id, owner)
            return
        self._stated.add(statement)
        dialect = self._dialect
        attributes = element.attributes
        names = (attributes.get(dialect.names) or "").split()
        value: Any
        if dialect.scope in attributes:
            value = self._made.get(element.mem_id)
            if value is None:
                value = self._made[element.mem_id] = self._opened(element)
                if dialect.refs and attributes.get(dialect.refs):
                    refs.append((element, value))
            if not names and not value:
                value = owner  # an empty scope between an item and its properties is none
            owners[element.mem_id] = value
            names = names or _implied(value, owner)
            if not names and value is not owner:
                self.loose.append(value)
        else:
            names = [name for name in names if folded_name(name) in _INTERESTING]
            if not names:
                return
            value = self._value(element, attributes, {folded_name(name) for name in names})
        for name in names:
            _add(owner, local_name(name), value)

    def _value(self, element: LexborNode, attributes: dict[str, str | None], names: set[str]) -> Any:
        """What an element without an item says. Properties that hold text take it even from a link."""
        tag = element.tag or ""
        content = attributes.get("content")
        if tag == "meta" or (content and self._dialect.syntax == "rdfa"):
            return content or ""
        if names.isdisjoint(_TEXT_PROPERTIES):
            if identity := attributes.get("resource"):
                return {"@id": identity}
            if tag in _URL_ATTRIBUTE and (tag == "link" or names.isdisjoint(_ANSWERS)):
                return {"@id": attributes.get(_URL_ATTRIBUTE[tag]) or ""}
            if tag in ("data", "meter"):
                return attributes.get("value") or ""
            if tag == "time" and attributes.get("datetime"):
                return attributes.get("datetime")
        if self._chars_left < 0:
            return ""
        inner = element.inner_html or ""
        self._chars_left -= len(inner)
        self._clock.look()
        return _folded_html(inner) or content or ""

    def _by_id(self, element: LexborNode, name: str) -> LexborNode | None:
        if self._ids is None:
            self._ids = {}
            top = element
            while top.parent is not None:
                top = top.parent
            for candidate in top.css("[id]"):
                self._clock.tick()
                identity = candidate.attributes.get("id")
                if identity:
                    self._ids.setdefault(identity, candidate)
        return self._ids.get(name)


def _implied(item: Node, owner: Node) -> list[str]:
    """The property of an item that forgot to name one.

    A Question right inside a FAQPage and an Answer right inside a Question can be meant in one way only.
    """
    mine, above = _types(item), _types(owner)
    if "question" in mine and "faqpage" in above:
        return ["mainEntity"]
    if "answer" in mine and "question" in above:
        return ["acceptedAnswer"]
    return []


def _types(item: Node) -> frozenset[str]:
    return type_names(" ".join(item.get("@type", ())))


def _add(owner: Node, name: str, value: Any) -> None:
    if folded_name(name) in _ANSWERS and "faqpage" in _types(owner):
        # An answer that stands behind its question instead of inside it.
        last = next((entry for entry in reversed(owner.get("mainEntity", ())) if isinstance(entry, dict)), None)
        if last is not None and name not in last:
            owner = last
    owner.setdefault(name, []).append(value)


def _folded_html(html: str) -> str:
    """Inner HTML whose line breaks are spaces, as a browser reads them; those of ``<pre>`` stay."""
    if "<pre" in html:
        return html.strip()
    return " ".join(html.split())
