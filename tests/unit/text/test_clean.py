"""Cleaning holds for every string, not only for the goldens."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faquarry.text.clean import clean_answer, clean_question, to_text

# Pieces that meet in real strings, and those that traps are made of.
_PIECES = st.sampled_from(
    ["<p>", "</p>", "<br>", "<br/>", "<li>", "<b>", "</b>", "<a href='x'>", "</a>", "<td>", "<!-- x -->", "<!--", "-->", "<script>",
     "</script>", "<pre>", "</pre>", "<T>", "<head>", "</head>", "&amp;", "&lt;", "&gt;", "&nbsp;", "&#60;", "&#x3C;", "&amp;lt;",
     "&", ";", "<", ">", "\\", "\\n", "\\u003c", "\\\"", "\n", "\r\n", "\t", "  ", "\u00a0", "\u200b", "\ufeff", "\u00ad", "\u037e",
     "e\u0301", "\ud800", "\ue000", "Q: ", "A: ", "Question 2: ", "1. ", "(3) ", "\"", "“", "”", "„", "«", "»", "'", "word", "字", "ك", "?"]
)  # fmt: skip
_STRINGS = st.lists(_PIECES | st.text(max_size=4), max_size=24).map("".join)
_LOOSE_TAG = re.compile(r"<(?:br|p|li|ul|b|i|strong|em|span|div|a|td|tr)(?:\s[^<>]*)?/?>", re.IGNORECASE)


@given(_STRINGS)
@example("&lt\u037ebr>")
@example("<\u200bbr>")
@example("\\u003cbr\\u003e")
@example("><body></bo<body>")  # these were found by fuzzing: cut tags that come to the end when the last one goes
@example(">\n</bodyk\n</h")
@example("<hea><title>Questions and answers</title</hea>\n</b")
@settings(max_examples=600, deadline=None)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = to_text(raw)
    assert to_text(once) == once


@given(_STRINGS)
@settings(max_examples=400, deadline=None)
def test_nothing_of_the_markup_is_left(raw: str) -> None:
    text = to_text(raw)
    assert not _LOOSE_TAG.search(text)
    assert not re.search(r"&(?:amp|lt|gt|quot|nbsp|#\d{1,6}|#x[0-9a-f]{1,5});", text)


@given(_STRINGS)
@settings(max_examples=400, deadline=None)
def test_the_text_is_folded_composed_and_writable(raw: str) -> None:
    text = to_text(raw)
    assert text == "\n".join(" ".join(line.split()) for line in text.split("\n"))
    assert "\n\n" not in text
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    text.encode("utf-8")


@given(_STRINGS)
@settings(max_examples=400, deadline=None)
def test_text_never_grows(raw: str) -> None:
    # NFC may compose two characters, and decompose a few letters into up to three; named references never get longer.
    assert len(to_text(raw)) <= 3 * len(raw)


@given(_STRINGS)
@example('\\"\\n\\"')
@settings(max_examples=400, deadline=None)
def test_questions_and_answers_are_stable_too(raw: str) -> None:
    question, answer = clean_question(raw), clean_answer(raw)
    assert "\n" not in question
    assert clean_question(question) == question
    assert clean_answer(answer) == answer


@given(st.text(alphabet=st.characters(categories=["L", "M", "N"]), min_size=1, max_size=40))
def test_letters_and_digits_stay(word: str) -> None:
    composed = unicodedata.normalize("NFC", word)
    assert to_text(word) == composed


@pytest.mark.parametrize(
    "trap",
    ["<" * 200_000, "&amp;" * 50_000, "&" + "amp;" * 50_000, "<!--" * 50_000, '<a "' * 50_000, "<a '\"" * 40_000, " " * 200_000 + "x",
     "\u00a0" * 200_000, "<script>" * 30_000 + "</style>", "&am" * 30_000 + "p;" * 30_000, "Q:" * 100_000, '"' * 200_000, "\\" * 200_000,
     "<pre>" * 40_000 + "</pre>", "1. " * 60_000, "&" + "a" * 200_000, "<" + "a" * 200_000],
    ids=lambda trap: trap[:8],
)  # fmt: skip
def test_traps_end(trap: str) -> None:
    """A quadratic pattern would run into the suite's time limit here."""
    assert len(clean_question(trap)) <= len(trap)
    assert len(clean_answer(trap)) <= len(trap)
