"""Prefixes, numbers and quotes that belong to the page."""

from __future__ import annotations

import doctest
import importlib

import pytest

from faquarry.text.affixes import bare_answer, bare_question


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Q. What is it?", "Q. What is it?"),  # an initial as well as a prefix: left alone
        ("Q1. What is it?", "What is it?"),
        ("Q 2: What is it?", "What is it?"),
        ("Pregunta 4: ¿Qué es?", "¿Qué es?"),
        ("Вопрос: Что это?", "Что это?"),
        ("س: ما هذا؟", "ما هذا؟"),
        ("1) What is it?", "What is it?"),
        ("1.2. What is it?", "What is it?"),
        ("12、これは何ですか", "これは何ですか"),
        ("③これは何ですか", "これは何ですか"),
        ("b) What is it?", "What is it?"),
        ("100 questions?", "100 questions?"),
        ("2.4 GHz or 5 GHz?", "2.4 GHz or 5 GHz?"),
        ("#1. What is it?", "What is it?"),
        ("#1 in Europe?", "#1 in Europe?"),
        ("Q: 3. “What is it?”", "What is it?"),
        ("«Что это?»", "Что это?"),
        ("「これは何」と「あれは何」", "「これは何」と「あれは何」"),
        ("Q:", "Q:"),
        ("", ""),
    ],
)
def test_questions(text: str, bare: str) -> None:
    assert bare_question(text) == bare


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("A: Yes.", "Yes."),
        ("Antwort: Ja.", "Ja."),
        ("答：是的。", "是的。"),
        ("1. Cut.\n2. Polish.", "1. Cut.\n2. Polish."),
        ("a) cut b) polish", "a) cut b) polish"),
        ("1. Cut and polish.", "Cut and polish."),
        ("A quarry: a hole.", "A quarry: a hole."),
    ],
)
def test_answers(text: str, bare: str) -> None:
    assert bare_answer(text) == bare


@pytest.mark.parametrize("module", ["affixes", "charset", "clean", "scripts", "webfaq"])
def test_examples_of_the_docstrings(module: str) -> None:
    outcome = doctest.testmod(importlib.import_module(f"faquarry.text.{module}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
