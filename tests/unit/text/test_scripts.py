"""Scripts and the weight of their characters."""

from __future__ import annotations

import unicodedata

import pytest

from faquarry.text.scripts import COMMON, dominant_script, has_letters, script_counts, script_of, weighted_length

_NAMED = {"CYRILLIC": "Cyrillic", "GREEK": "Greek", "HEBREW": "Hebrew", "ARMENIAN": "Armenian", "DEVANAGARI": "Devanagari",
          "BENGALI": "Bengali", "TAMIL": "Tamil", "THAI": "Thai", "GEORGIAN": "Georgian", "HANGUL": "Hangul", "ETHIOPIC": "Ethiopic",
          "KHMER": "Khmer", "HIRAGANA": "Hiragana", "CJK": "Han", "CHEROKEE": "Cherokee"}  # fmt: skip


def test_letters_have_the_script_that_their_names_say() -> None:
    """Phonetic extensions aside, which borrow letters of all three alphabets."""
    wrong = []
    for point in (
        *range(0x41, 0x1D00),
        *range(0x1E00, 0x2100),
        *range(0x2C00, 0x3100),
        *range(0x4E00, 0x4F00),
        *range(0xAC00, 0xAD00),
    ):
        character = chr(point)
        word = unicodedata.name(character, " ").split(" ")[0]
        if word in _NAMED and unicodedata.category(character).startswith("L") and script_of(character) != _NAMED[word]:
            wrong.append(unicodedata.name(character))
    assert wrong == ["GREEK NUMERAL SIGN"]  # common to several scripts, says Unicode


def test_every_latin_letter_of_europe_is_latin() -> None:
    assert {script_of(character) for character in "äßøłğřțẽơỹǆ"} == {"Latin"}


def test_digits_signs_and_spaces_have_none() -> None:
    assert {script_of(character) for character in "0 9.?!€\n、。？“”🙂"} == {COMMON}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Was ist ДНК genau?", "Latin"),
        ("Что такое PDF?", "Cyrillic"),
        ("東京はどこですか", "Hiragana"),
        ("12:30", None),
        ("", None),
    ],
)
def test_dominant_script(text: str, script: str | None) -> None:
    assert dominant_script(text) == script


def test_counts_leave_common_characters_out() -> None:
    assert script_counts("iPhone 15 の値段?") == {"Latin": 6, "Hiragana": 1, "Han": 2}


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("What?", 5),
        ("Größe?", 6),
        ("什么？", 2 * 3.2 + 1),
        ("뭐예요?", 3 * 2.3 + 1),
        ("なに", 4),
        ("ትክክል", 4 * 1.6),
        ("", 0),
    ],
)
def test_weighted_length(text: str, length: float) -> None:
    assert weighted_length(text) == pytest.approx(length)


@pytest.mark.parametrize(
    ("text", "letters"), [("a", True), ("字", True), ("ก", True), ("123 ?!", False), ("___", False), ("", False)]
)
def test_has_letters(text: str, letters: bool) -> None:
    assert has_letters(text) is letters
