"""What a page says about itself: title, description, language, canonical, translations, robots and opt-outs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from faquarry.markup.model import Alternate
from faquarry.text.clean import to_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["Context", "read_context"]

MAX_ALTERNATES = 1000
MAX_CHARS = 4000  # of one value

# Addresses that resolving would not change: most of them, and resolving is slow.
_SEGMENTS = r"(?:[\w%~,+-][\w%~.,+-]*+(?:/|(?=\Z)))*+\Z"
_PLAIN_URL = re.compile(rf"https?://[\w.-]+(?::\d+)?(?:/{_SEGMENTS}|\Z)", re.ASCII)
_PLAIN_PATH = re.compile(rf"/{_SEGMENTS}", re.ASCII)
_ORIGIN = re.compile(r"https?://[\w.-]+(?::\d+)?(?=/|\Z)", re.ASCII)
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_LINK_PARAMETER = re.compile(r";\s*([\w*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_AI_TOKENS = ("noai", "noimageai")


@dataclass(slots=True)
class Context:
    """The fields of `Page` that come from the head of the page and from its HTTP headers."""

    title: str | None = None
    description: str | None = None
    keywords: str | None = None
    author: str | None = None
    html_lang: str | None = None
    canonical: str | None = None
    alternates: tuple[Alternate, ...] = ()
    robots: str | None = None
    opt_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Head:
    """The elements as they come, before they are weighed against each other."""

    metas: dict[str, str] = field(default_factory=dict)
    robots: list[str] = field(default_factory=list)
    links: list[tuple[str, str, str]] = field(default_factory=list)  # rel, hreflang, href
    base: str | None = None
    title: str | None = None


def read_context(tree: LexborHTMLParser | None, url: str, headers: Mapping[str, str]) -> Context:
    """The context of a page at `url`; `tree` is None when the page was too hostile to parse."""
    head = _Head()
    html_lang = None
    if tree is not None:
        _read_head(tree, head)
        root = tree.root
        if root is not None:
            attributes = root.attributes
            html_lang = _line(attributes.get("lang") or attributes.get("xml:lang"))
    base = _absolute(url, head.base) or url
    for target, parameters in _LINK.findall(headers.get("link", "")[:100_000]):
        values = {name.lower(): quoted or bare for name, quoted, bare in _LINK_PARAMETER.findall(parameters)}
        head.links.append((values.get("rel", "").lower(), values.get("hreflang", ""), target))
    if header := headers.get("x-robots-tag"):
        head.robots.append(header.strip())
    metas = head.metas
    return Context(
        title=_line(head.title) or _line(metas.get("og:title")) or _line(metas.get("twitter:title")),
        description=_first(metas, "description", "og:description", "twitter:description", "dc.description"),
        keywords=_first(metas, "keywords", "news_keywords"),
        author=_first(metas, "author", "article:author", "dc.creator", "twitter:creator"),
        html_lang=html_lang,
        canonical=next((_absolute(base, href) for rel, _, href in head.links if "canonical" in rel.split()), None),
        alternates=_alternates(base, head.links),
        robots=_line(", ".join(head.robots)),
        opt_out=_opt_out(head, headers),
    )


def _read_head(tree: LexborHTMLParser, head: _Head) -> None:
    for node in tree.css('title,meta[content],link[hreflang],link[rel*="canonical" i],base'):
        tag = node.tag
        if tag == "title":
            if head.title is None and (parent := node.parent) is not None and parent.tag != "svg":
                head.title = node.text()
            continue
        attributes = node.attributes
        if tag == "meta":
            name = (attributes.get("name") or attributes.get("property") or attributes.get("http-equiv") or "").strip()
            content = attributes.get("content")
            if name and content:
                name = name.lower()
                if name == "robots":
                    head.robots.append(content.strip())
                head.metas.setdefault(name, content)
        elif tag == "link":
            rel, href = attributes.get("rel"), attributes.get("href")
            if rel and href:
                head.links.append((rel.lower(), attributes.get("hreflang") or "", href))
        elif head.base is None:
            head.base = attributes.get("href")


def _alternates(base: str, links: list[tuple[str, str, str]]) -> tuple[Alternate, ...]:
    """Every translation that the page names, absolute, in its order, each once."""
    found: dict[Alternate, None] = {}
    for rel, hreflang, href in links:
        if hreflang.strip() and "alternate" in rel.split() and (target := _absolute(base, href)):
            found.setdefault(Alternate(hreflang.strip()[:64], target))
            if len(found) >= MAX_ALTERNATES:
                break
    return tuple(found)


def _opt_out(head: _Head, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Signals against mining: ``noai``, ``noimageai`` (robots) and ``tdm-reservation`` (the TDM protocol)."""
    robots = " ".join(head.robots).lower()
    found = {token for token in _AI_TOKENS if re.search(rf"\b{token}\b", robots)}
    reserved = head.metas.get("tdm-reservation", headers.get("tdm-reservation", ""))
    if reserved.strip() == "1":
        found.add("tdm-reservation")
    return tuple(sorted(found))


def _absolute(base: str, href: str | None) -> str | None:
    href = (href or "").strip()
    if not href or len(href) > MAX_CHARS:
        return None
    if _PLAIN_URL.match(href):
        return href
    if _PLAIN_PATH.match(href) and (origin := _ORIGIN.match(base)):
        return origin.group() + href
    try:
        target = urljoin(base, href)
        return target if urlsplit(target).scheme in ("http", "https") else None
    except ValueError:
        return None


def _first(metas: dict[str, str], *names: str) -> str | None:
    return next((line for name in names if (line := _line(metas.get(name)))), None)


def _line(value: str | None) -> str | None:
    if not value:
        return None
    return to_text(value[:MAX_CHARS]).replace("\n", " ") or None
