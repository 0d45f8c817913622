"""Tokens as readers of each script would cut and match them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.retrieval.analyzer import Analyzer, analyzer


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("eng", "How do I reset my Wi-Fi passwords?", ["how", "do", "i", "reset", "my", "wi", "fi", "password"]),
        ("eng", "ＦＡＱ №７", ["faq", "no7"]),
        ("deu", "Größere Häuser", ["gross", "haus"]),
        ("tur", "ISINMA ısınma", ["isinma", "isinma"]),
        ("hin", "हिंदी में", ["हिंद", "म"]),
        ("zho", "北京大学", ["北京", "京大", "大学"]),
        ("jpn", "東京へ行く API", ["東京", "京へ", "へ行", "行く", "api"]),
        ("tha", "ภาษาไทย", ["ภาษ", "าษา", "ษาไ", "าไท", "ไทย"]),
        ("vie", "Mật khẩu", ["mật", "khẩu"]),
        ("ara", "إسلام أسلام", ["اسلام", "اسلام"]),
        ("kor", "비밀번호 찾기", ["비밀번호", "찾기"]),
        ("xyz", "snake_case and 3.14", ["snake", "case", "and", "3", "14"]),
        ("eng", "", []),
        ("eng", "?!… — “”", []),
    ],
)
def test_tokens(language: str, text: str, tokens: list[str]) -> None:
    assert analyzer(language).tokens(text) == tokens


def test_every_step_can_be_switched_off() -> None:
    assert Analyzer(pieces=False).tokens("北京大学") == ["北京大学"]
    assert Analyzer(fold=False).tokens("Élève") == ["élève"]
    assert Analyzer(marks=False).tokens("हिंदी") != Analyzer().tokens("हिंदी")


@given(st.text(max_size=60), st.sampled_from(["eng", "zho", "tha", "hin", "vie", "ara"]))
def test_tokens_are_never_empty_and_do_not_depend_on_case_of_ascii(text: str, language: str) -> None:
    tokens = analyzer(language).tokens(text)
    assert all(tokens)
    ascii_only = "".join(character for character in text if character.isascii())
    assert analyzer(language).tokens(ascii_only) == analyzer(language).tokens(ascii_only.upper())
