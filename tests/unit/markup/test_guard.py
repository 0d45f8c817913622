"""Pages that would hold an HTML parser up are told; real pages are not."""

from __future__ import annotations

import pytest

from faquarry.markup.guard import too_costly
from faquarry.markup.page import extract_page

_BLOCK = (
    '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": {"@type": "Question",'
    ' "name": "How deep is the quarry?", "acceptedAnswer": {"@type": "Answer", "text": "Forty metres at the northern wall."}}}</script>'
)
_HOSTILE = {
    "nested": "<div>" * 50_000,
    "nested and closed": "<div>" * 20_000 + "</div>" * 20_000,
    "formatting": "<p>" + "".join(f"<b a={n}>" for n in range(2000)) + "</p>" + "<p>x</p>" * 20_000,
    "formatting, balanced behind": "<p>"
    + "".join(f"<i a={n}>" for n in range(2000))
    + "</p>"
    + "<p>x</p>" * 5000
    + "</i>" * 2000,
    "attributes": "<div " + " ".join(f"a{n}" for n in range(100_000)) + ">",
    "attributes behind a quoted bracket": '<div x=">" ' + " ".join(f"a{n}" for n in range(100_000)) + ">",
    "attributes behind a stray quote": '<div a"=">" ' + " ".join(f"a{n}" for n in range(100_000)) + ">",
    "attributes that hold brackets": "<div " + " ".join(f'a{n}="<"' for n in range(50_000)) + ">",
    "upper case": "<DIV>" * 50_000,
    "tags without end": "<p>x</p>" * 600_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_pages_are_told(name: str) -> None:
    assert too_costly(_HOSTILE[name].encode())


@pytest.mark.parametrize("name", _HOSTILE)
def test_json_ld_is_read_all_the_same(name: str) -> None:
    result = extract_page((_BLOCK + _HOSTILE[name]).encode(), url="https://a.example/")
    assert [pair.question for pair in result.pairs] == ["How deep is the quarry?"]
    assert result.rejects[0].reason.value == "too_deep"


@pytest.mark.parametrize(
    "page",
    [
        "<ul>" + "<li>item" * 20_000 + "</ul>",
        "<p>" + "line<br>" * 20_000,
        "<table>" + "<tr><td>a<td>b" * 10_000 + "</table>",
        "".join(f'<i class="icon icon-{n}"></i>' for n in range(20_000)),
        "<script>" + "if (a<b) { document.write('<div><div>') }" * 5000 + "</script>",
        "<!-- " + "<div>" * 20_000 + " -->",
        '<img src="data:image/png;base64,' + "QUJD" * 100_000 + '">',
        "<div data-state='" + '{"a": "b", "c": [1, 2, 3]} ' * 10_000 + "'></div>",
        "<style>" + ".a > .b { color: red } " * 10_000 + "</style>",
        "word " * 100_000,
        "<div><span>" * 300 + "</span></div>" * 300,
        "<svg>" + '<path d="M0 0"/>' * 20_000 + "</svg>",
    ],
    ids=lambda page: page[:12],
)
def test_long_pages_of_the_ordinary_kind_are_not(page: str) -> None:
    assert too_costly(page.encode()) is None


@pytest.mark.parametrize(
    "page", ["<div>" * 7990, "<p>" + "".join(f"<b a={n}>" for n in range(99)) + "</p>" + "<p>x</p>" * 3900]
)
def test_small_pages_are_let_through_whatever_they_hold(page: str) -> None:
    """Counts alone say that these cannot cost much; a wrong bound would run into the suite's time limit."""
    assert too_costly(page.encode()) is None
    assert len(extract_page((_BLOCK + page).encode(), url="https://a.example/").pairs) == 1
