"""One page in, a document and its links out: pure, and never an exception for what a page says.

One walk gives links and regions in the order of the page: the elements that may be regions and the links are selected
together, and the links that follow a region in that order, as many as it holds, stand in it. Then the regions are cut out
of the tree, and what is left is the main text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import stringzilla as sz

from faquarry.config.settings import GraphSettings
from faquarry.graph.address import Base, normalised
from faquarry.graph.anchors import cleaned
from faquarry.graph.links import MAX_HREF, LinkReader, Links
from faquarry.graph.regions import CANDIDATES, Region, region_of
from faquarry.markup.clock import Clock, OutOfTime
from faquarry.markup.guard import too_costly
from faquarry.markup.model import Reason
from faquarry.text.charset import decode_html
from faquarry.web.place import site_of_host

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Document", "Unread", "read_document"]

MAX_TITLE_CHARS = 1000
MAX_TITLES = 100
ENOUGH_CHARS = 1000  # a page with less may well be navigation alone
MAX_NAMES = 300  # characters of class and id that are looked at
SAMPLE_CHARS = 200
SKIP_LINKS = 3  # links of this kind come first
MAX_BOXES = 3000
_MOST = 0.5  # an element that only its name makes a region, and that holds more of the text, is none
_NEARLY_ALL = 0.9  # nor is one that says it is

_MAYBE = ("form", "noscript")  # no main text, where the whole page does not stand in one
_RAW = frozenset(("script", "style"))
_CODE = frozenset(("template", "iframe", "svg", "select", "button", "textarea", "object", "title"))
_SELECTOR = f":is(a,form,noscript,{','.join(sorted(_RAW | _CODE))}),{CANDIDATES}"
_CUT = "\x1f"
_BEFORE_SIGN = re.compile(r"\x1f(?=[.,;:!?)\]}%…’”»、。，！？：；）」』])")


@dataclass(frozen=True, slots=True)
class Document:
    """A page as the graph knows it. `sample` is a stretch of its text, for telling the language."""

    url: str
    site: str
    title: str
    text: str
    sample: str
    html_lang: str | None
    found: int  # links on it, those included that are not written
    links: Links


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a page is no document."""

    reason: Reason
    detail: str


def read_document(
    payload: bytes, *, url: str, headers: Mapping[str, str], settings: GraphSettings
) -> Document | Unread:
    """The document of one page, and every link on it, with the rule that speaks against it.

    `payload` is the HTTP body behind all content codings; its charset is found here. `headers` are the HTTP headers,
    names in lower case.
    """
    try:
        return _read(payload, url, headers, settings, Clock(settings.max_page_s))
    except OutOfTime as over:
        return Unread(Reason.TIMEOUT, str(over))
    except Exception as error:  # the one place: a page must never end the job, and must never vanish
        return Unread(Reason.FAILED, f"{type(error).__name__}: {error}"[:500])


def _read(
    payload: bytes, url: str, headers: Mapping[str, str], settings: GraphSettings, clock: Clock
) -> Document | Unread:
    from selectolax.lexbor import LexborHTMLParser

    address = normalised(url)
    if address is None or len(address) > settings.max_url_chars:
        return Unread(Reason.NO_ADDRESS, "its address is none of a web page, or too long")
    site = site_of_host(address.split("/", 3)[2])
    decoded = decode_html(payload, headers.get("content-type"), tld=site.rpartition(".")[2] or None)
    if danger := too_costly(decoded.utf8):
        return Unread(Reason.TOO_DEEP, danger)
    tree = LexborHTMLParser(decoded.utf8)
    clock.look()
    base = _base(tree, url, sz.find(decoded.utf8, b"<base") >= 0 or sz.find(decoded.utf8, b"<BASE") >= 0)
    title = _title(tree)
    root = tree.root
    html_lang = root.attributes.get("lang") if root is not None else None
    links = Links()
    reader = LinkReader(address, site, base, settings, links)
    boxes = _walk(tree, reader, settings.max_links, clock)
    text = _main_text(tree, boxes)
    return Document(
        url=address,
        site=site,
        title=title,
        text=text[: settings.max_text_chars],
        sample=_sample(text),
        html_lang=html_lang,
        found=reader.found,
        links=links,
    )


def _base(tree: LexborHTMLParser, url: str, said: bool) -> Base:
    """What relative links are relative to: the page, or what its base element says."""
    page = Base.of(url)
    assert page is not None  # the address was normalised
    if said and (node := tree.css_first("base[href]")) is not None:
        return Base.of(page.joined((node.attributes.get("href") or "")[:MAX_HREF])) or page
    return page


# -- regions and links ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A region that the walk is in, and how many links of it are still to come."""

    region: Region
    left: int


def _walk(tree: LexborHTMLParser, reader: LinkReader, max_links: int, clock: Clock) -> list[LexborNode]:
    """Hands every link to `reader` with the innermost region it stands in. -> what is no main text, outermost first."""
    boxes: list[LexborNode] = []
    open_regions: list[_Open] = []
    seen = links = 0
    whole = -1  # characters of the page's text, counted when first needed
    nodes = tree.css(_SELECTOR)
    tags = [node.tag for node in nodes]
    for node, tag in zip(nodes, tags, strict=True):
        if tag in _RAW and _is_leaf(node):
            node.decompose()  # no other node of the list goes with it
    for node, tag in zip(nodes, tags, strict=True):
        if tag == "a":
            links += 1
            if links <= SKIP_LINKS and _skips(node):
                boxes.append(node)
            if links <= max_links:
                reader.add(node, open_regions[-1].region if open_regions else Region.BODY)
            for region in open_regions:
                region.left -= 1
            while open_regions and not open_regions[-1].left:
                open_regions.pop()
            continue
        if tag in _RAW:
            continue
        if tag in _CODE:
            boxes.append(node)
            continue
        around = open_regions[-1].region if open_regions else None
        seen += 1
        if around is Region.NAVIGATION or seen > MAX_BOXES:
            continue  # nothing in it can be another region
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:MAX_NAMES]
        found = (None, True) if tag in _MAYBE else region_of(tag, attributes.get("role"), names)
        if found is None:
            continue
        kind, only_named = found
        if kind is around and kind is not None:
            continue
        if whole < 0:
            whole = len(tree.body.text()) if tree.body is not None else 0
        if _holds_content(node, whole, only_named):
            continue
        if not only_named and kind in (Region.HEADER, Region.FOOTER) and _inside_content(node):
            continue
        boxes.append(node)
        if kind is not None and (held := len(node.css("a"))):
            open_regions.append(_Open(kind, held))
        if seen % 64 == 0:
            clock.look()
    return boxes


def _is_leaf(node: LexborNode) -> bool:
    """Whether an element holds text alone; a style of an SVG may hold elements."""
    first = node.first_child
    return first is None or (first.tag == "-text" and first.next is None)


def _title(tree: LexborHTMLParser) -> str:
    """The title element's text on one line; pictures (SVG) have titles too."""
    first = tree.css_first("title")
    found = [first] if first is not None and not _of_picture(first) else tree.css("title")[:MAX_TITLES]
    return next((cleaned(node.text()[:MAX_TITLE_CHARS]) for node in found if not _of_picture(node)), "")


def _of_picture(node: LexborNode) -> bool:
    parent = node.parent
    return parent is not None and parent.tag == "svg"


def _holds_content(node: LexborNode, whole: int, only_named: bool) -> bool:
    """Whether an element that should be beside the content is, in truth, what the page is about: its name misleads, or its
    end is missing."""
    if not only_named:
        return whole > ENOUGH_CHARS and len(node.text()) > _NEARLY_ALL * whole
    if len(node.text()) > _MOST * whole:
        return True
    return node.css_first("main,article,[role=main]") is not None


def _skips(node: LexborNode) -> bool:
    """Whether a link at the beginning of a page only leads past its navigation ("Skip to content")."""
    attributes = node.attributes
    said = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
    return (attributes.get("href") or "").startswith("#") and ("skip" in said or "screen-reader" in said)


def _inside_content(node: LexborNode) -> bool:
    """Whether a header or footer is that of an article or a section, not of the page."""
    parent = node.parent
    while parent is not None and parent.tag != "body":
        if parent.tag in ("article", "main", "section", "blockquote"):
            return True
        parent = parent.parent
    return False


# -- main text --------------------------------------------------------------------------------------------------------


def _main_text(tree: LexborHTMLParser, boxes: list[LexborNode]) -> str:
    """What is left without the boxes, on one line. Takes the tree apart: nothing else can be read from it afterwards.

    Between two elements stands a blank, but not before a sign that closes.
    """
    for node in reversed(boxes):  # inner ones first: taking an element out takes out all in it
        node.decompose()
    body = tree.body
    if body is None:
        return ""
    return cleaned(_BEFORE_SIGN.sub("", body.text(separator=_CUT)).replace(_CUT, " "))


def _sample(text: str) -> str:
    """A stretch from the middle of a text, where prose is likelier than at its ends."""
    start = max(0, len(text) // 2 - SAMPLE_CHARS)
    return text[start : start + SAMPLE_CHARS]
