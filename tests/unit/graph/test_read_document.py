"""One page: its main text, its links, where they stand, what speaks against them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.config.settings import GraphSettings
from faquarry.graph.links import Link
from faquarry.graph.page import Document, Unread, read_document
from faquarry.markup.model import Reason

URL = "https://Club.example/en/knots?utm_source=mail#top"


def document(
    html: str | bytes, url: str = URL, content_type: str = "text/html; charset=utf-8", **settings: object
) -> Document:
    payload = html if isinstance(html, bytes) else html.encode()
    found = read_document(
        payload,
        url=url,
        headers={"content-type": content_type},
        settings=GraphSettings(**settings),  # type: ignore[arg-type]
    )
    assert isinstance(found, Document), found
    return found


def links(html: str, **settings: object) -> list[Link]:
    return list(document(f"<body>{html}</body>", **settings).links)


def reasons(html: str, **settings: object) -> list[str | None]:
    return [None if link[4] is None else str(link[4]) for link in links(html, **settings)]


def regions(html: str) -> list[str]:
    return [str(link[2]) for link in links(html)]


PAGE = """<!doctype html><html lang="en"><head><title> Knots
 for all </title><style>p{}</style></head><body class="has-sidebar">
<a class="skip-link" href="#main">Skip to content</a>
<header><a href="/">Club</a><nav><a href="/en/">Home</a> <a href="https://shop.example/">Shop</a></nav> Since 1998</header>
<div id="content"><article><header><h1>Knots</h1> by <a href="https://people.example/ann">Ann Teller</a></header>
<p>The <b>bowline</b> holds, says the <a href="https://ropes.example/bowline">rope makers' guide</a>, and (now) so do <i>we</i>.</p>
<script>var a = "<a href='/x'>no</a>";</script>
<form action="/s">Search <a href="https://find.example/">the finder</a></form></article></div>
<div class="sidebar">Tags <a href="https://tags.example/rope">ropes and lines</a></div>
<footer><a href="https://makers.example/">Made by Makers</a> \u00a9 2024</footer></body></html>"""


def test_a_page_by_hand() -> None:
    page = document(PAGE)
    assert (page.url, page.site, page.title) == ("https://club.example/en/knots", "club.example", "Knots for all")
    assert page.text == "Knots by Ann Teller The bowline holds, says the rope makers' guide, and (now) so do we."
    assert page.found == 9
    assert [
        (link[0], link[1], str(link[2]), link[3], None if link[4] is None else str(link[4])) for link in page.links
    ] == [
        ("https://club.example/en/knots", "Skip to content", "body", True, "self"),
        ("https://club.example/", "Club", "header", True, "same_site"),
        ("https://club.example/en/", "Home", "navigation", True, "same_site"),
        ("https://shop.example/", "Shop", "navigation", False, "region"),
        ("https://people.example/ann", "Ann Teller", "body", False, None),
        ("https://ropes.example/bowline", "rope makers' guide", "body", False, None),
        ("https://find.example/", "the finder", "body", False, None),
        ("https://tags.example/rope", "ropes and lines", "sidebar", False, "region"),
        ("https://makers.example/", "Made by Makers", "footer", False, "region"),
    ]


def test_regions_end_where_their_elements_end() -> None:
    a = '<a href="https://x.example/{}">Some words</a>'
    html = f"{a}<header>{a}<nav>{a}{a}</nav>{a}</header>{a}<nav></nav>{a}<footer>{a}</footer>{a}"
    assert regions(html) == [
        "body", "header", "navigation", "navigation", "header", "body", "body", "footer", "body",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "region"),
    [
        ("<article><header>{}</header></article>", "body"),
        ('<div role="banner">{}</div>', "header"),
        ('<div class="card-header">{}</div>', "body"),
        ('<div class="site-footer">{}</div><p>' + "words " * 40, "footer"),
        ('<div class="nav menu" id="nav">{}</div><p>' + "words " * 40, "navigation"),
        # named like a sidebar, and holds the page
        ('<div class="sidebar">{}' + "words " * 40 + "</div>", "body"),
        ('<div class="sidebar"><main>{}</main></div><p>' + "words " * 40, "body"),
    ],
)
def test_regions(html: str, region: str) -> None:
    assert regions(html.format('<a href="https://x.example/">Some words</a>')) == [region]


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ('<a href="https://x.example/">Knots</a>', None),
        ('<a href="mailto:ann@x.example">Ann Teller</a>', "not_http"),
        ('<a href="javascript:void(0)">Open the map</a>', "not_http"),
        ('<a href="https://">Knots</a>', "broken_url"),
        ('<a href="https://x.example/' + "a" * 300 + '">Knots</a>', "long_url"),
        ('<a href="#part">Second part</a>', "self"),
        ('<a href="?utm_medium=x">This again</a>', "self"),
        ('<a href="https://www.club.example/de/">Knoten</a>', "same_site"),
        ('<nav><a href="https://x.example/">Knots</a></nav>', "region"),
        ('<a href="https://x.example/" rel="sponsored">Knots</a>', "sponsored"),
        ('<a href="https://x.example/" rel="nofollow">Knots</a>', None),
        ('<a href="https://x.example/"><img src="a.png"></a>', "empty_anchor"),
        ('<a href="https://x.example/"><img src="a.png" alt=" A reef  knot "></a>', None),
        ('<a href="https://x.example/">https://x.example/</a>', "bare_url"),
        ('<a href="https://x.example/">Read more</a>', "uninformative_anchor"),
        ('<a href="https://x.example/">' + "knot " * 50 + "</a>", "long_anchor"),
    ],
)
def test_reasons(html: str, reason: str | None) -> None:
    assert reasons(html, max_url_chars=200) == [reason]


def test_a_link_is_kept_once_a_page() -> None:
    html = '<a href="https://x.example/#a">Knots</a><a href="https://x.example">Knots</a><a href="https://x.example/">Reef knots</a>'
    assert reasons(html) == [None, "repeated", None]


def test_addresses_of_mail_and_scripts_are_not_written() -> None:
    assert [link[0] for link in links('<a href="MAILTO:ann@x.example">a</a><a href="javascript:go(\'secret\')">b</a>')] == [
        "mailto:", "javascript:",
    ]  # fmt: skip


def test_base_is_honoured() -> None:
    page = document(
        '<head><base href="//cdn.example/docs/"></head><a href="a">Words here</a><a href="#b">More of it</a>'
    )
    assert [link[0] for link in page.links] == ["https://cdn.example/docs/a", "https://cdn.example/docs/"]
    assert document('<base href="::"><a href="a">Words</a>').links.targets == ["https://club.example/en/a"]


def test_only_kept_links_where_that_is_wanted() -> None:
    html = '<a href="/x">Here too</a><a href="https://x.example/">Knots</a>'
    page = document(html, dropped_links=False)
    assert (len(page.links), page.found) == (1, 2)


def test_limits() -> None:
    page = document("<p>" + "word " * 1000 + '<a href="/a">aa</a>' * 30, max_text_chars=100, max_links=10)
    assert (len(page.text), len(page.links)) == (100, 10)


def test_a_form_around_the_whole_page_is_no_form() -> None:
    page = document("<form><p>The whole page stands in a form, as some servers have it.</p></form>")
    assert page.text == "The whole page stands in a form, as some servers have it."


def test_a_picture_has_no_say_in_the_title() -> None:
    svg = "<svg><title>Logo</title><style><a href='/in-style'>Styled</a></style></svg>"
    page = document(f"<body>{svg}<title>Knots</title><p>All of them.")
    assert (page.title, page.text, page.links.anchors) == ("Knots", "All of them.", ["Styled"])


def test_what_holds_the_whole_page_is_no_part_of_it() -> None:
    """Forums write their pages into noscript, and an aside without an end holds all that follows."""
    words = "The whole page stands here, whatever holds it. " * 40
    assert document(f"<noscript><p>{words}</noscript><p>Loading").text == f"{words}Loading"
    assert document(f"<body><noscript>Switch it on</noscript><p>{words}").text == words.strip()
    assert document(f"<aside>News<p>{words}").text == f"News {words.strip()}"


def test_charsets() -> None:
    page = document("<title>Größe</title><p>Maß".encode("windows-1252"), content_type="text/html; charset=iso-8859-1")
    assert (page.title, page.text) == ("Größe", "Maß")


@pytest.mark.parametrize("url", ["urn:uuid:1", "dns:shop.example", "https://", "https://shop.example/" + "a" * 3000])
def test_a_record_without_an_address_is_no_document(url: str) -> None:
    found = read_document(b"<p>x", url=url, headers={}, settings=GraphSettings())
    assert isinstance(found, Unread)
    assert found.reason == Reason.NO_ADDRESS


def test_hostile_pages_are_rejected_or_read_but_never_raise() -> None:
    found = read_document(b"<div>" * 60_000, url=URL, headers={}, settings=GraphSettings())
    assert isinstance(found, Unread)
    assert found.reason == Reason.TOO_DEEP
    nested = b"<nav class=menu>" * 500 + b'<a href="https://x.example/">Words</a>'
    assert isinstance(read_document(nested, url=URL, headers={}, settings=GraphSettings()), Document)


TOKENS = [
    "<nav>", "</nav>", "<div class=sidebar>", "</div>", "<header>", "</header>", "<footer class=nav id=menu>", "</footer>", "<p>", "text ",
    '<a href="/a">', "</a>", "<a href=x><a href=y>", "<table class=nav><td>", "</table>", "<form>", "</form>", "<script>", "</script>",
    "<svg><a href=q></svg>", "<svg><style><a href=s>s</a></style>", "</svg>", "<math><script><a href=m>", "</math>", "<noscript><a href=n>n</a></noscript>", "<template><a href=t>", "<button class=menu><a href=b>", "<select>",
    "<body role=banner class=nav>", "<html class=nav>", "<base href=/z/>", "<title>", "<!--", "-->", "<aside", ">", "\x00", "\u00e9", "<li>",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_no_page_breaks_it(tokens: list[str]) -> None:
    found = read_document("".join(tokens).encode(), url=URL, headers={}, settings=GraphSettings())
    assert isinstance(found, Document), found
    assert found.found == len(found.links)


def test_random_bytes() -> None:
    dice = random.Random(5)
    for _ in range(50):
        payload = dice.randbytes(dice.randrange(400))
        assert isinstance(read_document(payload, url=URL, headers={}, settings=GraphSettings()), Document)
