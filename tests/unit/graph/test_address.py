"""One spelling for every address."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.graph.address import Base, normalised

SAME = [
    ("HTTP://Shop.EXAMPLE/A", "http://shop.example/A"),
    ("https://shop.example", "https://shop.example/"),
    ("https://shop.example:443/a", "https://shop.example/a"),
    ("http://shop.example:80/a", "http://shop.example/a"),
    ("http://shop.example:443/a", "http://shop.example:443/a"),
    ("https://shop.example:/a", "https://shop.example/a"),
    ("https://shop.example./a", "https://shop.example/a"),
    ("https://me:secret@shop.example/a", "https://shop.example/a"),
    ("  https://shop.example/a\n", "https://shop.example/a"),
    ("https://shop.exa\nmple/a\tb", "https://shop.example/ab"),
    ("https:\\\\shop.example\\a\\b?c\\d", "https://shop.example/a/b?c%5Cd"),
    ("https://shop.example/a/./b/../c", "https://shop.example/a/c"),
    ("https://shop.example/../../a/..", "https://shop.example/"),
    ("https://shop.example/a/%2E%2e/b", "https://shop.example/b"),
    ("https://shop.example/.well-known/x", "https://shop.example/.well-known/x"),
    ("https://shop.example/a//b/", "https://shop.example/a//b/"),
    ("https://shop.example/%7euser/%e2%82%ac", "https://shop.example/~user/%E2%82%AC"),
    ("https://shop.example/caf\u00e9 au lait", "https://shop.example/caf%C3%A9%20au%20lait"),
    ("https://shop.example/100%", "https://shop.example/100%25"),
    ("https://shop.example/a%2Fb", "https://shop.example/a%2Fb"),
    ("https://shop.example/a#top", "https://shop.example/a"),
    ("https://shop.example/a?#top", "https://shop.example/a"),
    ("https://shop.example/a?b=1&utm_source=x&c=2&fbclid=y", "https://shop.example/a?b=1&c=2"),
    ("https://shop.example/a?UTM_Campaign=x", "https://shop.example/a"),
    ("https://shop.example/a?utm%5Fsource=x&b", "https://shop.example/a?b"),
    ("https://shop.example/a;jsessionid=1F?b=1", "https://shop.example/a?b=1"),
    ("https://shop.example/a?b=2&a=1", "https://shop.example/a?b=2&a=1"),
    ("https://m\u00fcller.example/", "https://xn--mller-kva.example/"),
    ("https://M\u00dcLLER.example\u3002/", "https://xn--mller-kva.example/"),
    ("http://[2001:DB8::0:1]:8080/a", "http://[2001:db8::1]:8080/a"),
    ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
]


@pytest.mark.parametrize(("url", "wanted"), SAME)
def test_spellings_of_one_address(url: str, wanted: str) -> None:
    assert normalised(url) == wanted
    assert normalised(wanted) == wanted


@pytest.mark.parametrize(
    "url",
    ["mailto:me@shop.example", "javascript:void(0)", "ftp://shop.example/", "//shop.example/a", "/a", "", "https://",
     "https://sh op.example/", "https://shop.example:99999/", "https://shop.example:8o/", "https://[::zz]/", "https://a..b/", "https://-/"],
)  # fmt: skip
def test_what_is_no_address_of_a_page(url: str) -> None:
    assert normalised(url) is None


pieces = st.sampled_from(
    ["a", "B", "%7E", "%2e", "%2f", "%", "%25", "%zz", ".", "..", "/", "//", "\\", "?", "&", "=", "#", ";jsessionid=1", ";", "utm_source=x",
     "\u00e9", "\u4f60", " ", "+", "|", "\t", "\ud800", "gclid=", ":", "@", "[", "]", "'", '"', "<"]
)  # fmt: skip


@given(
    st.sampled_from(["https://shop.example", "HTTP://B\u00fccher.Example:80", "http://[::1]", "https://a.b."]),
    st.lists(pieces, max_size=14),
)
def test_normalising_twice_is_normalising_once(origin: str, rest: list[str]) -> None:
    once = normalised(origin + "/" + "".join(rest))
    assert once is not None
    assert normalised(once) == once
    assert once.isascii()
    assert not any(part in once for part in ("#", " ", "/../", "/./"))


@given(st.text(max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    for url in (text, "https://" + text, "https://shop.example/" + text):
        once = normalised(url)
        assert once is None or normalised(once) == once


@pytest.mark.parametrize(
    "href",
    [
        "",
        "#a",
        "?x=1",
        "b",
        "./b",
        "../b",
        "../../b?c=d",
        "/b",
        "/b/../c",
        "//other.example/b",
        "b/",
        "https://x.example/y",
    ],
)
@pytest.mark.parametrize(
    "page",
    ["https://shop.example/", "https://shop.example/de/hilfe?x=2", "https://shop.example/de/", "http://shop.example"],
)
def test_relative_addresses_are_those_of_the_standard(page: str, href: str) -> None:
    base = Base.of(page)
    assert base is not None
    assert normalised(base.joined(href)) == normalised(urljoin(page, href))
