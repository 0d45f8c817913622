"""HTML and embedded JSON hold what strangers wrote as text, whatever it is."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.everything import HOSTILE

from faquarry.report.page.markup import Html, embedded, h, join, said, tag_of


class Seen(HTMLParser):
    """Elements, attributes and text, as a parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def plain(text: str) -> str:
    """As HTML can hold it: forbidden characters replaced."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "�", text)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(HOSTILE)


@given(texts)
def test_text_is_text_in_elements_and_attributes(text: str) -> None:
    seen = Seen(h("p", text, data_tip=text))
    assert seen.elements == ["p"]
    assert seen.attributes == {"data-tip": plain(text)}
    assert seen.text == plain(text)


@given(texts)
def test_embedded_data_comes_back_and_cannot_leave_its_element(text: str) -> None:
    made = embedded("x", {text: [text, 1, None]})
    inner = made.removeprefix('<script type="application/json" id="data-x">').removesuffix("</script>")
    assert not set(inner) & set("<>&\u2028\u2029")
    back = json.loads(inner)
    assert {plain(key): value for key, value in back.items()}.keys() == {plain(text)}
    assert [plain(str(one)) for one in back[next(iter(back))]] == [plain(text), "1", "None"]


@given(st.lists(texts, max_size=4))
def test_what_is_html_stays_and_the_rest_is_escaped_once(parts: list[str]) -> None:
    inner = [h("b", part) for part in parts]
    assert join(inner) == "".join(inner)
    assert isinstance(join(*parts), Html)
    assert Seen(join(*parts)).text == plain("".join(parts))
    assert Seen(h("p", join(*parts))).elements == ["p"]


@pytest.mark.parametrize(
    ("given_", "tag"), [("deu", "de"), ("zho", "zh"), ("und", "und"), ('x" onclick="', "und"), ("", "und")]
)
def test_language_tags(given_: str, tag: str) -> None:
    assert tag_of(given_) == tag


def test_a_text_says_its_direction_and_language() -> None:
    assert said("שלום", "heb") == '<span dir="auto" lang="he">שלום</span>'
    assert said(None) == '<span dir="auto"></span>'
    assert said("abcdef", most=4) == '<span dir="auto">abc…</span>'
