"""Bytes to text: whatever comes in, text comes out, and what could not be read is counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faquarry.text.charset import decode_html

_RUSSIAN = "Можно ли взять книгу на дом? Да, на две недели, если книга не из читального зала."
_GREEK = "Μπορώ να δανειστώ ένα βιβλίο; Ναι, για δύο εβδομάδες, εκτός από τα λεξικά."
_FRENCH = "Où est la clé ? Chez le gardien, qui vous la remettra à midi ; il connaît le château."


@pytest.mark.parametrize(
    ("text", "encoding", "label", "name"),
    [
        (_RUSSIAN, "cp1251", "cp1251", "windows-1251"),
        (_RUSSIAN, "koi8-r", "KOI8-R", "koi8-r"),
        (_RUSSIAN, "iso8859-5", "iso-8859-5", "iso-8859-5"),
        (_GREEK, "cp1253", "windows-1253", "windows-1253"),
        (_FRENCH, "cp1252", "latin1", "windows-1252"),
        (_FRENCH, "cp1252", "us-ascii", "windows-1252"),
        (_FRENCH, "mac-roman", "macintosh", "macintosh"),
    ],
)
def test_labels_of_the_header(text: str, encoding: str, label: str, name: str) -> None:
    found = decode_html(text.encode(encoding), f'text/html; charset="{label}"')
    assert (found.text, found.charset, found.charset_by, found.replaced) == (text, name, "header", 0)
    assert found.utf8 == text.encode("utf-8")


@pytest.mark.parametrize(("text", "encoding"), [(_RUSSIAN, "cp1251"), (_RUSSIAN, "koi8-r"), (_GREEK, "iso8859-7")])
def test_the_detector_reads_what_nobody_declared(text: str, encoding: str) -> None:
    found = decode_html(text.encode(encoding))
    assert (found.text, found.charset_by) == (text, "detector")


def test_the_top_level_domain_helps_the_detector() -> None:
    estonian = "Kas ma võin raamatu koju viia? Jah, kaheks nädalaks, kui see pole sõnaraamat."
    found = decode_html(estonian.encode("windows-1257"), tld="ee")
    assert "võin" in found.text


def test_xml_declaration_counts_as_meta() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-15"?>\n<html><p>5 €</p></html>'
    assert decode_html(page.encode("iso8859-15")).text == page


def test_undecodable_bytes_are_replaced_and_counted() -> None:
    page = ("Größe und Länge für Übung " * 4).encode() + b"\xff \xfe \xff"
    found = decode_html(page, "text/html; charset=utf-8")
    assert (found.charset, found.replaced, found.text.count("\ufffd")) == ("utf-8", 3, 3)


def test_replacement_characters_of_the_page_itself_are_not_counted() -> None:
    page = ("Größe \ufffd und Länge für Übung " * 4).encode() + b"\xff"
    assert decode_html(page, "text/html; charset=utf-8").replaced == 1


def test_labels_that_browsers_refuse_are_not_believed() -> None:
    found = decode_html(b"plain words", "text/html; charset=hz-gb-2312")
    assert (found.text, found.charset) == ("plain words", "utf-8")


def test_clean_utf8_is_not_copied() -> None:
    page = _GREEK.encode()
    assert decode_html(page).utf8 is page


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "text/html; charset=utf-8", ";charset=gbk", ";charset=utf-16", "charset"]),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_become_text(payload: bytes, content_type: str | None) -> None:
    found = decode_html(payload, content_type)
    assert found.utf8.decode("utf-8") == found.text
    assert 0 <= found.replaced <= found.text.count("\ufffd")
    assert found.charset_by in {"bom", "header", "meta", "detector", "default"}
