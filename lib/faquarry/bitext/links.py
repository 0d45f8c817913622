"""Which pages say that they are versions of each other: by hreflang, and by their addresses.

Both are claims. Real groups of hreflang name pages that have nothing to do with each other, so a claim is evidence for a
scorer and a reason to compare, never a pair.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from faquarry.bitext.side import Page

__all__ = ["PageLinks", "address", "page_links", "plain_path"]

_CODE = re.compile(r"[a-z]{2}([-_][a-z0-9]{2,8}){0,2}", re.IGNORECASE)
_LANGUAGE_KEYS = {"lang", "language", "locale", "hl", "l", "lng"}


@dataclass(frozen=True)
class PageLinks:
    """Between pages of two languages, by their numbers: how many of the two name the other (1 or 2), and address twins."""

    hreflang: dict[tuple[int, int], int]
    twins: frozenset[tuple[int, int]]
    claimed_left: frozenset[int]
    claimed_right: frozenset[int]

    @property
    def linked(self) -> list[tuple[int, int]]:
        """Pages that at least one of the two names as the other's version, in order."""
        return sorted(self.hreflang)


def page_links(left: Sequence[Page], right: Sequence[Page]) -> PageLinks:
    """What the pages of two languages say of each other."""
    hreflang: dict[tuple[int, int], int] = defaultdict(int)
    places = [_places(left), _places(right)]
    for side, (pages, there) in enumerate(((left, places[1]), (right, places[0]))):
        for number, page in enumerate(pages):
            found = {other for href in set(page.alternates) for other in there.get(address(href), ())}
            for other in found:
                hreflang[(number, other) if side == 0 else (other, number)] += 1
    twins = {(i, j) for i, j in _twins(left, right)}
    return PageLinks(
        dict(hreflang),
        frozenset(twins),
        frozenset(i for i, _ in hreflang),
        frozenset(j for _, j in hreflang),
    )


def address(url: str) -> str:
    """An address without what does not tell pages apart: scheme, case of the host, fragment, last slash.

    >>> address("HTTPS://Shop.example/a%20b/#top") == address("http://shop.example/a b")
    True
    """
    parts = urlsplit(url.strip())
    query = f"?{parts.query}" if parts.query else ""
    return f"{(parts.hostname or '').removeprefix('www.')}{unquote(parts.path).rstrip('/')}{query}"


def plain_path(url: str) -> str:
    """The path without what looks like a language: what two versions of a page often share.

    >>> plain_path("https://x.example/de-at/faq/1"), plain_path("https://en.x.example/faq/1?lang=en")
    ('faq/1', 'faq/1')
    """
    parts = urlsplit(url)
    segments = [s for s in unquote(parts.path).strip("/").split("/") if s and not _CODE.fullmatch(s)]
    query = [q for q in parts.query.split("&") if q and q.partition("=")[0].lower() not in _LANGUAGE_KEYS]
    return "/".join(segments) + ("?" + "&".join(sorted(query)) if query else "")


def _places(pages: Sequence[Page]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for number, page in enumerate(pages):
        for url in (page.url, page.canonical):
            if url:
                found[address(url)].add(number)
    return found


def _twins(left: Sequence[Page], right: Sequence[Page]) -> list[tuple[int, int]]:
    """Pages with one plain path, where it is the path of one page only on each side."""
    paths = []
    for pages in (left, right):
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, page in enumerate(pages):
            numbers[plain_path(page.url)].append(number)
        paths.append({path: found[0] for path, found in numbers.items() if len(found) == 1})
    return [(number, paths[1][path]) for path, number in paths[0].items() if path in paths[1]]
