"""In which part of a page an element stands, told from its tag, role and names."""

from __future__ import annotations

import pytest

from faquarry.graph.regions import Region, region_of

NAV, HEADER, FOOTER, SIDEBAR = Region.NAVIGATION, Region.HEADER, Region.FOOTER, Region.SIDEBAR


@pytest.mark.parametrize(
    ("tag", "role", "wanted"),
    [("nav", None, NAV), ("header", None, HEADER), ("footer", None, FOOTER), ("aside", None, SIDEBAR), ("div", None, None),
     ("div", "navigation", NAV), ("ul", "menubar", NAV), ("div", "BANNER", HEADER), ("div", "contentinfo", FOOTER),
     ("div", "complementary", SIDEBAR), ("div", "main", None), ("section", "region", None), ("nav", "presentation", NAV)],
)  # fmt: skip
def test_elements_and_roles(tag: str, role: str | None, wanted: Region | None) -> None:
    assert region_of(tag, role, "") == (None if wanted is None else (wanted, False))


@pytest.mark.parametrize(
    ("names", "wanted"),
    [("nav", NAV), ("main-nav", NAV), ("mainNav", NAV), ("menu-main-menu-container", NAV), ("breadcrumbs", NAV), ("pagination", NAV),
     ("site-header", HEADER), ("header", HEADER), ("masthead", HEADER), ("pageHeader", HEADER), ("header__inner", HEADER),
     ("footer", FOOTER), ("site-footer-widgets", FOOTER), ("colophon", FOOTER), ("sidebar", SIDEBAR), ("left-sidebar", SIDEBAR),
     ("widget-sidebar sidebar-1", SIDEBAR)],
)  # fmt: skip
def test_names_that_say_it(names: str, wanted: Region) -> None:
    assert region_of("div", None, names) == (wanted, True)


@pytest.mark.parametrize(
    "names",
    ["card-header", "entry-header", "section-header", "modal-footer", "has-sidebar", "content-sidebar", "with-nav", "menu-open",
     "navy-blue", "canvas", "unavailable", "headline", "footnotes", "manual", "page", "", "  ", "aside-note"],
)  # fmt: skip
def test_names_that_do_not(names: str) -> None:
    assert region_of("div", None, names) is None
