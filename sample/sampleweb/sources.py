"""Reads a site's plain-text source: pages are `##` headings with options, pairs are `###` headings with two lines each.

The grammar is in sample/README.md. Everything wrong in a source raises `SourceMistake` with file and line, so that an
author learns of a typo here and not from a missing row later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sampleweb.words import LANGUAGES

__all__ = ["Entry", "Page", "Site", "SourceMistake", "load"]

SITE_OPTIONS = {
    "name",
    "theme",
    "languages",
    "urls",
    "hreflang",
    "topic",
    "footer",
    "scheme",
    "tagline",
    "aside",
    "nav",
}
PAGE_OPTIONS = {
    "title", "menu", "intro", "slug", "languages", "markup", "spoil", "answers", "json", "charset", "coding", "claims",
    "robots", "damage", "date", "mention", "labels", "html-lang", "hreflang", "type", "aside", "theme", "canonical",
}  # fmt: skip
ENTRY_OPTIONS = {"reject", "near", "accepted"}

OPTION = re.compile(r"([a-z][a-z-]*)(?:\.([a-z]{3}))?: (.+)")
TEXT = re.compile(r"([a-z]{3})([?!]) ?(.*)")
COPY = re.compile(r"(\S+)(?: = (\S+))?")


class SourceMistake(ValueError):
    """A source breaks the grammar; the message names file and line."""


@dataclass
class Options:
    """Settings that may differ by language: `name.lang` wins over `name`, a page over its site."""

    values: dict[tuple[str, str | None], str] = field(default_factory=dict)
    parent: Options | None = None

    def get(self, name: str, language: str | None = None, default: str = "") -> str:
        for key in ((name, language), (name, None)):
            if key in self.values:
                return self.values[key]
        return self.parent.get(name, language, default) if self.parent else default


@dataclass
class Entry:
    """One question with its answer in every language it is written in; `key` is the same for all of them."""

    key: str
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    copy_of: str | None = None  # "host#page/key": the texts are those of another entry


@dataclass
class Page:
    """One page in all its languages. `body` is prose, one paragraph an element; `entries` is empty on plain pages."""

    id: str
    options: Options
    body: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def languages(self) -> list[str]:
        return self.options.get("languages").split()


@dataclass
class Site:
    host: str
    options: Options = field(default_factory=Options)
    pages: dict[str, Page] = field(default_factory=dict)

    def languages(self) -> list[str]:
        return self.options.get("languages").split()


def load(folder: Path) -> dict[str, Site]:
    """All sites of a folder by host, copies resolved."""
    sites: dict[str, Site] = {}
    for path in sorted(folder.glob("*.txt")):
        for site in read(path):
            if site.host in sites:
                raise SourceMistake(f"{path.name}: the site {site.host} is written twice")
            sites[site.host] = site
    resolve_copies(sites)
    return sites


def read(path: Path) -> Iterator[Site]:
    site: Site | None = None
    page: Page | None = None
    entry: Entry | None = None
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line, where = raw.strip(), f"{path.name}:{number}"
        if not line or line.startswith("//"):
            continue
        if line.startswith("### "):
            entry = begin_entry(line[4:], page, where)
        elif line.startswith("## "):
            page, entry = begin_page(line[3:], site, where), None
        elif line.startswith("# "):
            if site:
                yield site
            site, page, entry = Site(line[2:].strip()), None, None
        elif entry is not None and (text := TEXT.fullmatch(line)):
            add_text(entry, text, where)
        elif option := OPTION.fullmatch(line):
            add_option(option, site, page, entry, where)
        elif page is not None and entry is None:
            page.body.append(line)
        else:
            raise SourceMistake(f"{where}: neither a heading nor an option nor a text: {line[:60]!r}")
    if site:
        yield site


def begin_page(name: str, site: Site | None, where: str) -> Page:
    if site is None:
        raise SourceMistake(f"{where}: a page before the first site")
    if name in site.pages:
        raise SourceMistake(f"{where}: the page {name} is written twice")
    site.pages[name] = Page(name, Options(parent=site.options))
    return site.pages[name]


def begin_entry(heading: str, page: Page | None, where: str) -> Entry:
    match = COPY.fullmatch(heading)
    if page is None or match is None:
        raise SourceMistake(f"{where}: a pair's heading is '### key' or '### key = host#page/key', inside a page")
    if any(other.key == match[1] for other in page.entries):
        raise SourceMistake(f"{where}: the key {match[1]} stands twice on this page")
    page.entries.append(Entry(match[1], copy_of=match[2]))
    return page.entries[-1]


def add_text(entry: Entry, text: re.Match[str], where: str) -> None:
    language, mark, words = text.groups()
    if language not in LANGUAGES:
        raise SourceMistake(f"{where}: {language} is not in sampleweb.words.LANGUAGES")
    question, answer = entry.texts.get(language, ("", ""))
    entry.texts[language] = (words, answer) if mark == "?" else (question, words)


def add_option(option: re.Match[str], site: Site | None, page: Page | None, entry: Entry | None, where: str) -> None:
    name, language, value = option.groups()
    holder, known = (
        (entry.options, ENTRY_OPTIONS) if entry
        else (page.options, PAGE_OPTIONS) if page
        else (site.options, SITE_OPTIONS | PAGE_OPTIONS) if site
        else (None, set())
    )  # fmt: skip
    if holder is None or name not in known:
        raise SourceMistake(f"{where}: unknown option {name}; known here: {', '.join(sorted(known))}")
    holder.values[name, language] = value


def resolve_copies(sites: Mapping[str, Site]) -> None:
    for site in sites.values():
        for page in site.pages.values():
            for entry in page.entries:
                if entry.copy_of:
                    entry.texts = dict(find(sites, entry.copy_of).texts)


def find(sites: Mapping[str, Site], address: str) -> Entry:
    """The entry at "host#page/key"; a copy of a copy is a mistake."""
    host, _, rest = address.partition("#")
    page_id, _, key = rest.partition("/")
    for entry in sites[host].pages[page_id].entries if host in sites and page_id in sites[host].pages else ():
        if entry.key == key and entry.copy_of is None:
            return entry
    raise SourceMistake(f"no entry {address}")
