"""Where a page stands on the web: its origin and its site (registrable domain)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["origin_of", "site_of", "site_of_host"]


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` in lower case.

    >>> origin_of("HTTPS://Shop.Example:8443/a?b")
    'https://shop.example:8443'
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return ""
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}" if parts.netloc else ""


def site_of(url: str) -> str:
    """The registrable domain by the Public Suffix List, its private part included; a host without one is itself.

    >>> site_of("https://fr.shop.example.co.uk/faq"), site_of("https://me.github.io/"), site_of("http://127.0.0.1:80/")
    ('example.co.uk', 'me.github.io', '127.0.0.1')
    >>> site_of("https://library.town.example/"), site_of("http://co.uk/"), site_of("http://localhost/")
    ('town.example', 'co.uk', 'localhost')
    """
    return site_of_host(origin_of(url).partition("://")[2])


@lru_cache(maxsize=65_536)
def site_of_host(netloc: str) -> str:
    """The same of a host in lower case, which may have a port behind it."""
    bare = netloc.partition("]")[0] + "]" if netloc.startswith("[") else netloc.partition(":")[0]
    found = _suffixes()(bare)
    if found.top_domain_under_public_suffix:
        return str(found.top_domain_under_public_suffix)
    bare = bare.rstrip(".")
    if found.suffix or found.ipv4 or found.ipv6:
        return bare
    # No rule of the list matches: then its algorithm takes the last label for the suffix.
    return ".".join(bare.split(".")[-2:])


@lru_cache(maxsize=1)
def _suffixes():  # type: ignore[no-untyped-def]
    import tldextract

    # The list that the package carries: no download, the same on every worker.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
