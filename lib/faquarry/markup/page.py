"""One page in, its FAQ out: the function that everything else in the domain serves.

`extract_page` is pure: bytes and headers to `Extraction`, no I/O, no Spark, and never an exception. What cannot be read
becomes a reject; an error of ours becomes one too, in one place (`extract_page`), with its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import orjson
import stringzilla as sz

from faquarry.config.settings import FilterSettings
from faquarry.errors import FaquarryError
from faquarry.markup.blocks import json_ld_blocks, json_ld_blocks_flat, names_faq, names_faq_page
from faquarry.markup.clock import Clock, OutOfTime
from faquarry.markup.context import Context, read_context
from faquarry.markup.graph import MAX_QUESTIONS, FaqGraph, Findings
from faquarry.markup.guard import too_costly
from faquarry.markup.ladder import MAX_REPAIR_CHARS, read_block
from faquarry.markup.microdata import MAX_ITEMS, microdata_items
from faquarry.markup.model import Extraction, Page, Reason, Reject
from faquarry.markup.pairs import derive, excerpt
from faquarry.markup.rdfa import rdfa_items
from faquarry.text.charset import Decoded, decode_html
from faquarry.text.clean import clean_question

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["extract_nodes", "extract_page"]

Parser = Literal["faquarry", "extruct"]

_DEFAULT_FILTERS = FilterSettings()
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
MAX_STRAY_REJECTS = 1000

# Attributes that name one of the types; looked for before elements are selected.
_TYPED = rb"\s*=\s*[\"']?[^\"'=>]{0,300}(?:faqpage|qapage|question)"
_MICRODATA = re.compile(rb"itemtype" + _TYPED, re.IGNORECASE)
_RDFA = re.compile(rb"typeof" + _TYPED, re.IGNORECASE)


def extract_page(
    payload: bytes,
    *,
    url: str,
    headers: Mapping[str, str] = _NO_HEADERS,
    filters: FilterSettings = _DEFAULT_FILTERS,
    parser: Parser = "faquarry",
    max_s: float = 10.0,
) -> Extraction:
    """Reads one HTML page.

    `payload` is the HTTP body behind all content codings; its charset is found here. `headers` are the HTTP headers,
    names in lower case. `max_s` bounds the CPU seconds. Raises only `MissingExtra` (parser `extruct` not installed).
    """
    try:
        return _extract(payload, url, headers, filters, parser, Clock(max_s))
    except OutOfTime as over:
        return Extraction(None, (), (Reject("markup", Reason.TIMEOUT, str(over)),))
    except FaquarryError:
        raise
    except Exception as error:  # the one place: a page must never end the job, and must never vanish
        return Extraction(None, (), (Reject("markup", Reason.FAILED, f"{type(error).__name__}: {error}"[:500]),))


def extract_nodes(
    nodes: list[dict[str, Any]],
    *,
    url: str,
    syntax: str = "json-ld",
    filters: FilterSettings = _DEFAULT_FILTERS,
    max_s: float = 10.0,
) -> Extraction:
    """The same for sources that hold a page's nodes already, such as the N-Quads of Web Data Commons.

    `nodes` are flattened JSON-LD: dicts with ``@id``, ``@type`` and properties (full or short names) whose values are
    strings, ``{"@id": …}`` or lists of these.
    """
    clock = Clock(max_s)
    reading = _Reading()
    try:
        graph = FaqGraph(url, clock)
        graph.add(nodes, syntax)
        found = graph.findings()
    except OutOfTime as over:
        return Extraction(None, (), (Reject("markup", Reason.TIMEOUT, str(over)),))
    return _put_together(found, reading, Context(), None, url, filters)


@dataclass(slots=True)
class _Reading:
    """What came up on the way to the graph."""

    rejects: list[Reject] = field(default_factory=list)
    rungs: dict[str, None] = field(default_factory=dict)  # ordered set


def _extract(
    payload: bytes, url: str, headers: Mapping[str, str], filters: FilterSettings, parser: Parser, clock: Clock
) -> Extraction:
    decoded = decode_html(payload, headers.get("content-type"), tld=_tld(url))
    reading = _Reading()
    danger = too_costly(decoded.utf8)
    tree = None if danger else _parsed(decoded)
    if danger:
        reading.rejects.append(Reject("markup", Reason.TOO_DEEP, f"{danger}; only JSON-LD was read"))
    clock.look()
    graph = FaqGraph(url, clock)
    if parser == "extruct":
        from faquarry.markup.comparison import extruct_nodes

        for syntax, nodes in extruct_nodes(decoded.text, url).items():
            graph.add(nodes, syntax)
    else:
        _read_json_ld(tree, decoded.text, graph, reading, clock)
        if tree is not None:
            _read_elements(tree, decoded.utf8, graph, reading, clock)
    found = graph.findings()
    if not found.trees:
        return Extraction(None, (), tuple(reading.rejects) or (_no_markup(found),))
    return _put_together(found, reading, read_context(tree, url, headers), decoded, url, filters)


def _parsed(decoded: Decoded) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(decoded.utf8)


def _read_json_ld(tree: LexborHTMLParser | None, text: str, graph: FaqGraph, reading: _Reading, clock: Clock) -> None:
    repairable = MAX_REPAIR_CHARS
    for block in json_ld_blocks(tree) if tree is not None else json_ld_blocks_flat(text):
        if not names_faq(block):
            continue
        parsed = read_block(block, repairable)
        clock.look()
        if "repair" in parsed.rungs:
            repairable -= len(block)
        if parsed.error is None and ("repair" not in parsed.rungs or "schema.org" in block.lower()):
            reading.rungs.update(dict.fromkeys(parsed.rungs))
            graph.add(list(parsed.values), "json-ld")
        elif names_faq_page(block):
            reason = Reason.TOO_DEEP if parsed.too_deep else Reason.BROKEN_MARKUP
            problem = parsed.error or "no schema.org in it"
            reading.rejects.append(Reject("markup", reason, problem, excerpt=excerpt(block.strip())))


def _read_elements(tree: LexborHTMLParser, utf8: bytes, graph: FaqGraph, reading: _Reading, clock: Clock) -> None:
    """Microdata and RDFa, each behind a look at the bytes; when time runs out there, JSON-LD's finds remain."""
    try:
        if _says(utf8, b"itemtype", b"itemType", _MICRODATA):
            if (count := sz.count(utf8, b"temscope") + sz.count(utf8, b"temprop")) > MAX_ITEMS:
                reading.rejects.append(Reject("markup", Reason.TOO_LARGE, f"{count} elements with Microdata"))
            else:
                graph.add(microdata_items(tree, clock), "microdata")
        if _says(utf8, b"typeof=", b"typeOf=", _RDFA):
            if (count := sz.count(utf8, b"typeof=") + sz.count(utf8, b"property=")) > MAX_ITEMS:
                reading.rejects.append(Reject("markup", Reason.TOO_LARGE, f"{count} elements with RDFa"))
            else:
                graph.add(rdfa_items(tree, clock), "rdfa")
    except OutOfTime as over:
        reading.rejects.append(Reject("markup", Reason.TIMEOUT, str(over)))
        clock.restart()


def _says(utf8: bytes, name: bytes, other: bytes, pattern: re.Pattern[bytes]) -> bool:
    """Whether an attribute stands in the page with a type of ours. Two spellings are looked for at memory speed, the
    slow pattern runs only behind a hit, or where the whole page is in capitals."""
    found = sz.find(utf8, name) >= 0 or sz.find(utf8, other) >= 0 or sz.find(utf8, name.upper()) >= 0
    return found and pattern.search(utf8) is not None


def _put_together(
    found: Findings, reading: _Reading, context: Context, decoded: Decoded | None, url: str, filters: FilterSettings
) -> Extraction:
    if not found.trees:
        return Extraction(None, (), tuple(reading.rejects) or (_no_markup(found),))
    markup, trees = _as_json(found.trees)
    pairs, rejects = derive(trees, filters)
    if found.cut:
        reading.rejects.append(
            Reject("markup", Reason.TOO_LARGE, f"only the first {MAX_QUESTIONS} questions were read")
        )
    page = Page(
        url=url,
        title=context.title,
        description=context.description,
        keywords=context.keywords,
        author=context.author,
        html_lang=context.html_lang,
        canonical=context.canonical,
        alternates=context.alternates,
        markup=markup,
        syntaxes=tuple(sorted({tree["@syntax"] for tree in trees})),
        repair="+".join(reading.rungs) or None,
        questions=len(pairs) + sum(reject.position is not None for reject in rejects),
        charset=decoded.charset if decoded else "utf-8",
        charset_by=decoded.charset_by if decoded else "default",
        replaced=decoded.replaced if decoded else 0,
        robots=context.robots,
        opt_out=context.opt_out,
    )
    return Extraction(page, pairs, (*reading.rejects, *rejects, *_strays(found)))


def _no_markup(found: Findings) -> Reject:
    """Why a page whose bytes say FAQPage has none."""
    seen = []
    if found.qa_pages:
        seen.append(f"{found.qa_pages} QAPage")
    if found.strays:
        seen.append(f"{len(found.strays)} Question outside any FAQPage")
    return Reject("markup", Reason.NO_MARKUP, ", ".join(seen) or None)


def _strays(found: Findings) -> list[Reject]:
    """One reject for each Question that is main entity of no FAQPage."""
    rejects = []
    for stray in _as_json(found.strays[:MAX_STRAY_REJECTS])[1]:
        name = stray.get("name")
        shown = excerpt(orjson.dumps(stray).decode("utf-8"))
        rejects.append(
            Reject(
                "pairs",
                Reason.NOT_IN_FAQPAGE,
                stray["@syntax"],
                question=clean_question(name) if isinstance(name, str) else None,
                excerpt=shown,
            )
        )
    return rejects


def _as_json(trees: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The trees as `Page.markup`, and as they read back from there (lone surrogates and huge numbers mended)."""
    try:
        return orjson.dumps(trees).decode("utf-8"), trees
    except (TypeError, ValueError):
        text = json.dumps(trees, ensure_ascii=False, default=str)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text, json.loads(text)


def _tld(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    return host.rpartition(".")[2] or None
