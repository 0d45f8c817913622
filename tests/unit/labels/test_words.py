"""Words of pairs, in scripts with spaces and without."""

from __future__ import annotations

import numpy as np
import pytest

from faquarry.labels.words import VIEWS, Vocabulary, form


def subject(question: str, answer: str) -> list[str]:
    """All parts that the view sees."""
    seen, parts = VIEWS["subject"]
    return [part for word in seen(question, answer) for part in parts(word)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Versicherungen", "Versicherung"),
        ("Krankenversicherung", "Versicherung"),
        ("الطبيب", "طبيب"),
        ("гостиницы", "гостиница"),
        ("क़ानून", "क़ानून"),
    ],
)
def test_forms_of_a_word_share_something(one: str, other: str) -> None:
    assert set(subject(one, "")) & set(subject(other, ""))


def test_words_of_one_letter_and_numbers_say_little() -> None:
    assert list(subject("7 42", "")) == ["#", "#"]


def test_a_question_begins_and_ends() -> None:
    found = set(form("配送料はいくらですか？", "500円です。"))
    assert {"^ 配送", "すか $", "marked ?"} <= found
    assert "marked not" in set(form("Opening hours", "From nine to five."))
    assert not any(word.startswith("marked") for word in form("ราคาเท่าไหร่", "100 บาท"))


def test_a_vocabulary_knows_what_it_has_seen_and_nothing_else() -> None:
    vocabulary = Vocabulary.of("subject", [("hotel room", "a room"), ("hotel", "bank")])
    rows = vocabulary.rows(["hotel", "unseen", "bank room room"], ["", "", ""])
    dense = rows @ np.eye(len(vocabulary.words))
    assert np.linalg.norm(dense, axis=1).tolist() == pytest.approx([1, 0, 1])
    assert vocabulary.rarity[vocabulary.words.index("room")] > vocabulary.rarity[vocabulary.words.index("hotel")]
    assert list(vocabulary.words) == sorted(vocabulary.words)
