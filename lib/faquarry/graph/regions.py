"""In which part of a page something stands: told from HTML5 elements, ARIA roles, and words of classes and ids.

Elements and roles say what they are. Names of classes are habits, so a name is read as words (``site-header``,
``mainNav``), a header or footer of something smaller than the page (``card-header``) is none, and an element that was
named so must not hold the page's content (`named`).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

__all__ = ["CANDIDATES", "Found", "Region", "region_of"]


class Region(StrEnum):
    """Where a link stands."""

    NAVIGATION = "navigation"
    HEADER = "header"
    FOOTER = "footer"
    SIDEBAR = "sidebar"
    BODY = "body"


# (region, whether only a class or id says so)
Found = tuple[Region, bool]

_BOXES = ":is(div,ul,ol,section,table,td)"
_HINTS = ",".join(
    f'[{attribute}*="{hint}"{flag}]'
    for attribute, hints in (("class", "nav menu eader ooter side crumb"), ("id", "nav menu eader ooter side"))
    for hint, flag in ((hint, " i" if hint in ("nav", "menu", "side") else "") for hint in hints.split())
)
CANDIDATES = f"nav,header,footer,aside,{_BOXES}:is([role],{_HINTS})"
"""A selector list of every element that `region_of` may have something to say about; it gives each once."""

_TAGS = {
    "nav": Region.NAVIGATION,
    "header": Region.HEADER,
    "footer": Region.FOOTER,
    "aside": Region.SIDEBAR,
}
_ROLES = {
    "navigation": Region.NAVIGATION,
    "menu": Region.NAVIGATION,
    "menubar": Region.NAVIGATION,
    "banner": Region.HEADER,
    "contentinfo": Region.FOOTER,
    "complementary": Region.SIDEBAR,
}
_CONTENT_ROLES = frozenset(("main", "article", "presentation", "none", "group", "list", "region"))
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Names that say what stands beside, or is open: has-sidebar, with-nav, menu-open.
_ABOUT = re.compile(
    r"(?:^|-)(?:has|have|with|without|no|not|open|opened|closed|toggle|hide|show|is|below|after|before|content)(?:-|$)"
)
_NAVIGATION = re.compile(
    r"(?:^|-)(?:nav|navi|navs|navbar|navigation|navmenu|mainnav|topnav|subnav|sitenav|menu|menus|menubar|mainmenu|topmenu"
    r"|submenu|megamenu|breadcrumb|breadcrumbs|pagination|pager|paging)(?:-|$|\d)"
)
_PAGE = (
    r"(?:(?:site|page|main|global|top|app|web|website|wrapper|sticky|fixed|master|mobile|desktop|primary|l|o|the|theme"
    r"|elementor-location)-)*"
)
_PART = (
    r"(?:-(?:wrapper|wrap|container|inner|outer|area|bar|main|top|bottom|row|section|content|nav|menu|links|widgets|global"
    r"|site|holder|box|v?\d+))*"
)
_HEADER = re.compile(rf"{_PAGE}(?:header|masthead|topbar|top-bar|headerbar|siteheader|pageheader){_PART}\Z")
_FOOTER = re.compile(rf"{_PAGE}(?:footer|colophon|bottombar|sitefooter|pagefooter|subfooter){_PART}\Z")
_SIDEBAR = re.compile(
    r"(?:(?:left|right|primary|secondary|main|blog|shop|site|the|widget)-)*"
    r"(?:sidebar|side-bar|sidenav|side-nav|sidemenu|side-menu|side-column|sidecolumn|side-col|aside)"
    r"(?:-(?:left|right|primary|secondary|inner|wrapper|wrap|container|area|widget|widgets|column|\d+))*\Z"
)


@lru_cache(maxsize=65_536)
def region_of(tag: str, role: str | None, names: str) -> Found | None:
    """The region that an element is, if it is one. `names` are its class and id, with a space between.

    >>> region_of("nav", None, ""), region_of("div", None, "siteHeader"), region_of("div", None, "card-header")
    ((<Region.NAVIGATION: 'navigation'>, False), (<Region.HEADER: 'header'>, True), None)
    """
    if role:
        named = role.lower().split()
        for word in named:
            if word in _ROLES:
                return _ROLES[word], False
        if not _CONTENT_ROLES.isdisjoint(named) and tag not in _TAGS:
            return None
    if tag in _TAGS:
        return _TAGS[tag], False
    for name in names.split():
        name = _HUMP.sub("-", name).replace("_", "-").lower().strip("-")
        name = re.sub("-{2,}", "-", name)
        if _HEADER.match(name):
            return Region.HEADER, True
        if _FOOTER.match(name):
            return Region.FOOTER, True
        if _SIDEBAR.match(name):
            return Region.SIDEBAR, True
        if _NAVIGATION.search(name) and not _ABOUT.search(name):
            return Region.NAVIGATION, True
    return None
