"""The links of one page, in its order, each with the rule that speaks against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from faquarry.config.settings import GraphSettings
from faquarry.graph.address import Base, normalised
from faquarry.graph.anchors import cleaned
from faquarry.graph.regions import Region
from faquarry.graph.rules import LinkReason, reason_against
from faquarry.web.place import site_of_host

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["MAX_HREF", "Link", "LinkReader", "Links"]

MAX_HREF = 8000

# Most links within a site: nothing in them that normalising would change.
_PLAIN_PATH = re.compile(r"/(?!/)[A-Za-z0-9_~!$&'()*+,=:@./-]*\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}:")

# (target, anchor, region, same site, reason against it)
Link = tuple[str, str, Region, bool, LinkReason | None]


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page in its order, by columns: there are a hundred a page, and they become columns again."""

    targets: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    same_site: list[bool] = field(default_factory=list)
    reasons: list[LinkReason | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.targets)

    def __iter__(self) -> Iterator[Link]:
        return zip(self.targets, self.anchors, self.regions, self.same_site, self.reasons, strict=True)

    def append(self, target: str, anchor: str, region: Region, same_site: bool, reason: LinkReason | None) -> None:
        self.targets.append(target)
        self.anchors.append(anchor)
        self.regions.append(region)
        self.same_site.append(same_site)
        self.reasons.append(reason)


class LinkReader:
    """Makes links of the elements of one page, in order."""

    def __init__(self, address: str, site: str, base: Base, settings: GraphSettings, links: Links) -> None:
        self._address, self._site, self._base, self._settings = address, site, base, settings
        self._links, self._all = links, settings.dropped_links
        self._max_url, self._max_anchor = settings.max_url_chars, settings.max_anchor_chars
        self._kept: set[tuple[str, str]] = set()
        self._root = (normalised(base.origin) or "/")[:-1]
        self._root_site = site_of_host(self._root.partition("://")[2]) if self._root else ""
        self.found = 0

    def add(self, node: LexborNode, region: Region) -> None:
        attributes = node.attributes
        href = attributes.get("href")
        if href is None:
            return
        self.found += 1
        anchor = cleaned(node.text()) or _alternative(node)
        target, site = self._target(href)
        reason: LinkReason | None
        if target is None:
            target, reason = _unread(self._base.joined(href[:MAX_HREF]))
        elif target == self._address:
            reason = LinkReason.SELF
        elif len(target) > self._max_url:
            reason = LinkReason.LONG_URL
        elif site == self._site:
            reason = LinkReason.SAME_SITE
        else:
            reason = reason_against(anchor, site, region, attributes.get("rel"), self._settings)
            if reason is None:
                if (target, anchor) in self._kept:
                    reason = LinkReason.REPEATED
                self._kept.add((target, anchor))
        if self._all or reason is None:
            same = site == self._site
            self._links.append(target[: self._max_url], anchor[: self._max_anchor], region, same, reason)

    def _target(self, href: str) -> tuple[str | None, str]:
        """The normalised address that a link leads to, and its site; (None, "") where it is none."""
        if self._root:
            start = len(self._root) if href.startswith(self._root) else 0
            if _PLAIN_PATH.match(href, start) and "/." not in href:
                return href if start else self._root + href, self._root_site
        return _target_of(self._base.joined(href[:MAX_HREF]))


def _unread(absolute: str) -> tuple[str, LinkReason]:
    """What is written of a link that leads to no page. Of other schemes no more than their name: they hold addresses of
    people, and code."""
    scheme = _SCHEME.match(absolute)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return scheme[0].lower(), LinkReason.NOT_HTTP
    return absolute, LinkReason.BROKEN_URL


@lru_cache(maxsize=16_384)
def _target_of(absolute: str) -> tuple[str | None, str]:
    """The normalised address and its site: pages of a site link to the same places."""
    target = normalised(absolute)
    return (None, "") if target is None else (target, site_of_host(target.split("/", 3)[2]))


def _alternative(node: LexborNode) -> str:
    """What an image in a link is called, or the link itself, where it has no text."""
    image = node.css_first("img[alt]")
    alt = cleaned(image.attributes.get("alt") or "") if image is not None else ""
    return alt or cleaned(node.attributes.get("aria-label") or "")
