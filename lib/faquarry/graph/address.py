"""One spelling for every address, so that a link and the page it leads to are equal strings.

The rules, in their order. Each keeps what a server can tell apart, and the whole is idempotent.

1. Blanks and control characters around it go, and tabs and line ends inside it; ``\\`` before the query is ``/``.
2. Scheme and host are in lower case; only http and https are addresses of pages. Names in other scripts are IDNA (UTS 46).
3. User and password go, dots at the end of the host go, and so does the port that the scheme implies.
4. Percent-encoding has one form: unreserved characters are not encoded (``%7E`` is ``~``), all else that may not stand
   in a path or query is, as UTF-8 with capital digits; a ``%`` that begins no escape is ``%25``.
5. ``.`` and ``..`` in the path are resolved, an empty path is ``/``, ``;jsessionid=…`` goes.
6. Parameters that only say where a visitor came from go (`TRACKING`), and session ids; the others keep their order. A
   query without parameters goes with its ``?``.
7. The fragment goes: it is a place in a page, not another page.

Not done, because servers tell them apart: http and https, ``www.``, the slash at the end, the case of paths, the order of
parameters, ``index.html``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["TRACKING", "Base", "normalised"]

TRACKING = re.compile(
    r"(?:utm_[a-z_]+|mtm_[a-z_]+|pk_[a-z_]+|hsa_[a-z_]+|(?:g|fb|dc|ms|y|tw|tt|wick|gad_source|ysc)clid|gclsrc|gbraid|wbraid"
    r"|gad_source|igshid|igsh|mc_cid|mc_eid|mkt_tok|_ga|_gl|_hsenc|_hsmi|_openstat|vero_id|oly_anon_id|oly_enc_id"
    r"|s_kwcid|ef_id|rb_clickid|srsltid|phpsessid|jsessionid|aspsessionid[a-z]*)\Z",
    re.IGNORECASE,
)
"""Names of parameters that choose no content: of campaigns, of clicks, of sessions."""

# What most links look like: nothing in it that a rule could change.
_PLAIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}/[A-Za-z0-9_~!$&'()*+,=:@./-]*\Z")
_PARTS = re.compile(r"(https?):[/\\]{2,}([^/\\?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?\Z", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AROUND = "".join(map(chr, range(33)))
_INSIDE = re.compile(r"[\t\n\r]")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\Z")
_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_OTHERS = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/-]")
_QUERY_OTHERS = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")
_PORTS = {"http": 80, "https": 443}


def normalised(url: str) -> str | None:
    """The one spelling of an absolute address; None where it is none of a page (another scheme, no host, a bad port).

    >>> normalised("HTTP://Shop.Example.:80/a/../b%7e/%e2%82%ac?utm_source=x&q=1#top")
    'http://shop.example/b~/%E2%82%AC?q=1'
    >>> normalised("https://shop.example"), normalised("mailto:me@shop.example")
    ('https://shop.example/', None)
    """
    if _PLAIN.match(url) and "/." not in url:
        return url
    found = _PARTS.match(_INSIDE.sub("", url.strip(_AROUND)))
    if found is None:
        return None
    scheme, authority, path, query = found[1].lower(), found[2], found[3], found[4]
    place = _authority(scheme, authority)
    if place is None:
        return None
    return f"{scheme}://{place}{_path(path)}{_query(query) if query else ''}"


@dataclass(frozen=True, slots=True)
class Base:
    """What relative addresses of a page are relative to.

    >>> base = Base.of("https://shop.example/de/hilfe?x=1")
    >>> base.joined("../agb"), base.joined("/agb"), base.joined("?x=2"), base.joined("//b.example/c")
    ('https://shop.example/de/../agb', 'https://shop.example/agb', 'https://shop.example/de/hilfe?x=2', 'https://b.example/c')
    """

    scheme: str
    origin: str
    folder: str  # up to its last slash
    page: str  # without query and fragment
    query: str  # with its "?"

    @classmethod
    def of(cls, url: str) -> Base | None:
        """None where `url` is no address of a page."""
        found = _PARTS.match(_INSIDE.sub("", url.strip(_AROUND)))
        if found is None or not found[2]:
            return None
        origin = f"{found[1]}://{found[2]}"
        path = found[3].replace("\\", "/") or "/"
        query = f"?{found[4]}" if found[4] else ""
        return cls(found[1], origin, origin + path[: path.rindex("/") + 1], origin + path, query)

    def joined(self, href: str) -> str:
        """An absolute address (dots and all, for `normalised`), or `href` itself where it names a scheme."""
        href = href.strip(_AROUND)
        first = href[:1]
        if first == "/" or first == "\\":
            return f"{self.scheme}:{href}" if href[1:2] in ("/", "\\") else self.origin + href
        if not href or first == "#":
            return self.page + self.query
        if first == "?":
            return self.page + href
        return href if _SCHEME.match(href) else self.folder + href


def _authority(scheme: str, authority: str) -> str | None:
    host, _, port = authority.rpartition("@")[2], "", ""
    if host.startswith("["):
        host, _, rest = host.partition("]")
        address = _ipv6(host[1:])
        if address is None or (rest and not rest.startswith(":")):
            return None
        name, port = f"[{address}]", rest[1:]
    else:
        host, _, port = host.partition(":")
        found = _host(host)
        if found is None:
            return None
        name = found
    if not port:
        return name
    if not (port.isascii() and port.isdigit()) or int(port[:9]) > 65535:
        return None
    return name if int(port) == _PORTS[scheme] else f"{name}:{int(port)}"


@lru_cache(maxsize=16_384)
def _host(host: str) -> str | None:
    from urllib.parse import unquote

    import idna

    name = unquote(host).rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii").rstrip(".").lower()
        except (idna.IDNAError, UnicodeError):
            return None
    return name if _HOST.match(name) and len(name) <= 253 else None


def _ipv6(host: str) -> str | None:
    from ipaddress import IPv6Address

    try:
        return str(IPv6Address(host)) if "%" not in host else None
    except ValueError:
        return None


def _path(path: str) -> str:
    path = _SESSION.sub("", _PATH_OTHERS.sub(_escaped, path.replace("\\", "/")))
    if "/." in path:
        path = _without_dots(path)
    return path or "/"


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, for a path that begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    pieces = [_QUERY_OTHERS.sub(_escaped, piece) for piece in query.split("&")]
    kept = [piece for piece in pieces if piece and not TRACKING.match(piece.partition("=")[0])]
    return f"?{'&'.join(kept)}" if kept else ""


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 3:
        char = chr(int(text[1:], 16))
        return char if char in _UNRESERVED else text.upper()
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
