"""Where a page stands: its URL in each language, and how `host#page` in a text becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from sampleweb.sources import Page, Site, SourceMistake
from sampleweb.words import LANGUAGES

__all__ = ["alternates", "origin", "resolve", "url_of"]


def origin(site: Site, page: Page, language: str) -> str:
    """scheme://host; with `urls: subdomain` all languages but the first live on a host of their own."""
    host = site.host
    if page.options.get("urls") == "subdomain" and language != site.languages()[0]:
        host = f"{LANGUAGES[language].tag}.{host}"
    return f"{page.options.get('scheme', default='https')}://{host}"


def url_of(site: Site, page: Page, language: str) -> str:
    """The address of one page in one language.

    `urls` of the site: `path` /de/visit for all languages, `prefix` /visit for the first and /de/visit for the others,
    `subdomain` de.host/visit, `query` /visit?lang=de, `slug` (default) /visit, told apart by `slug.deu` alone.
    """
    slug = quote(page.options.get("slug", language, "" if page.id == "home" else page.id), safe="/?=&.%-_~")
    tag, style = LANGUAGES[language].tag, page.options.get("urls", default="slug")
    base = origin(site, page, language)
    first = language == site.languages()[0]
    if style == "path" or (style == "prefix" and not first):
        return f"{base}/{tag}/{slug}"
    if style == "query" and not first:
        return f"{base}/{slug}{'&' if '?' in slug else '?'}lang={tag}"
    return f"{base}/{slug}"


def alternates(site: Site, page: Page) -> list[tuple[str, str]]:
    """(hreflang, absolute address) of every language of a page, x-default last; [] unless the site says `hreflang`."""
    mode = page.options.get("hreflang")
    if mode in ("", "no") or len(page.languages()) < 2:
        return []
    found = [(LANGUAGES[language].tag, url_of(site, page, language)) for language in page.languages()]
    if mode.startswith("wrong "):  # the group names a page that is no translation of this one
        other = site.pages[mode.split()[1]]
        found += [(LANGUAGES[language].tag, url_of(site, other, language)) for language in other.languages()[1:2]]
    return [*found, ("x-default", url_of(site, page, page.languages()[0]))]


def resolve(sites: Mapping[str, Site], target: str, language: str) -> str:
    """`host#page` or `host#page.lang` as an address, in the reader's language where there is one; others as they are."""
    if "#" not in target or "://" in target:
        return target
    host, _, name = target.partition("#")
    name, _, wanted = name.partition(".")
    if host not in sites or name not in sites[host].pages:
        raise SourceMistake(f"a link leads to {target}, which is not in the sample web")
    page = sites[host].pages[name]
    choice = wanted or (language if language in page.languages() else page.languages()[0])
    return url_of(sites[host], page, choice)
