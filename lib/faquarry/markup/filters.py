"""Which pairs are kept: named rules, in an order, each with its reason. Profiles `default`, `webfaq` and `none`.

`default` counts per script (a Chinese character says more than a Latin letter, ``？`` and ``؟`` are question marks) and
knows template text; `webfaq` is the published rule set to the letter; `none` keeps all that is not empty.
"""

from __future__ import annotations

import re

from faquarry.config.settings import FilterSettings
from faquarry.markup.model import Reason
from faquarry.text.scripts import QUESTION_MARKS, dominant_script, has_letters, weighted_length

__all__ = ["Verdict", "judge", "judge_as_published"]

MAX_KEY_CHARS = 200  # keys and addresses that stand where a text should be are short

Verdict = tuple[Reason, str | None]

# Placeholders of template languages, frameworks and page builders that reached the reader.
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}]{0,80}%\}|\$\{[^{}]{0,80}\}|<%[^<>]{0,80}%>|\[\[[^\[\]]{0,80}\]\]"
    r"|##[A-Z_]{2,40}##|%%[\w.]{2,40}%%|__[A-Z][A-Z0-9_]{2,40}__|%\d\$[sd]|(?<!\S)%[sd@](?!\S)|\[object Object\]"
    r"|(?i:[{\[](?:insert|your|enter|add)\b[^{}\[\]]{0,60}[}\]]"
    r"|[{\[](?:city|town|state|region|area|country|location|address|name|company|business|brand|product|service|keyword"
    r"|phone|year|price|date|category|title)(?:[ _.-]?name)?[}\]])"
)
_FILLER = re.compile(
    r"\blorem ipsum\b|\bdolor sit amet\b"
    r"|\b(?:your|insert|enter|write|type|add) (?:an? |the |your )?(?:question|answer)s?(?: \d+)?"
    r" (?:text|title|here|goes here)\b"
    r"|\bthis is (?:a |an )?(?:sample|dummy|placeholder|example) (?:text|question|answer|content)\b"
)
_PLACEHOLDER_SIGN = re.compile(r"[{\[%$#_]")
# A translation key where a translation should be: faq.shipping.title, FAQ_QUESTION_3, faq-answer-1, home:faq.q1
_KEY = re.compile(
    r"[a-z][\w-]*(?:[._:/][\w-]+){1,8}|[a-z]+(?:-[a-z]+)*-?\d+|(?:question|answer|faq|item|title)[ _-]?\d*",
    re.IGNORECASE | re.ASCII,
)
_NOTHING = frozenset(
    ("undefined", "null", "none", "nan", "n/a", "tbd", "todo", "test", "true", "false", "[object object]")
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]++@[^\s@]+\.\w+", re.IGNORECASE)

_ASKS = re.compile(rf"[{QUESTION_MARKS}](?=[\s\"'”’»)\]」』…!.]|\Z)|[？؟՞፧⸮⁇‽꘏꛷]")
_GREEK_ASKS = re.compile(r";(?=\s|\Z)")


def judge(question: str, answer: str, settings: FilterSettings) -> Verdict | None:
    """Why a cleaned pair is dropped, with a detail, or None when it stays (profiles `default` and `none`)."""
    if not question:
        return Reason.EMPTY_QUESTION, None
    if not answer:
        return Reason.EMPTY_ANSWER, None
    if settings.profile == "none":
        return None
    return (
        _template(question, answer)
        or _not_a_sentence(question, answer)
        or _too_short(question, answer, settings)
        or _too_long(answer, settings)
        or _asks_back(answer)
    )


def judge_as_published(question: str, answer: str) -> Verdict | None:
    """The rules of WebFAQ's public code, in its order: on texts whose prefixes and emoji still stand."""
    if not question:
        return Reason.EMPTY_QUESTION, None
    if not answer:
        return Reason.EMPTY_ANSWER, None
    if "?" in answer:
        return Reason.ANSWER_IS_QUESTION, None
    if (lines := answer.count("\n")) >= 10:
        return Reason.MANY_LINES, f"{lines} newlines"
    if len(question) < 10:
        return Reason.SHORT_QUESTION, f"{len(question)} characters"
    if len(answer) < 30:
        return Reason.SHORT_ANSWER, f"{len(answer)} characters"
    return None


def _template(question: str, answer: str) -> Verdict | None:
    for text in (question, answer):
        found = _PLACEHOLDER.search(text) if _PLACEHOLDER_SIGN.search(text) else None
        if found is None:
            lower = text.lower()
            if (
                "lorem" in lower
                or "dolor" in lower
                or " question" in lower
                or " answer" in lower
                or "this is " in lower
            ):
                found = _FILLER.search(lower)
        if found:
            return Reason.TEMPLATE, found.group()[:80]
        if len(text) < MAX_KEY_CHARS and " " not in text and (text.lower() in _NOTHING or _is_key(text)):
            return Reason.TEMPLATE, text
    return None


def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None and not _ADDRESS.fullmatch(text)


def _not_a_sentence(question: str, answer: str) -> Verdict | None:
    for text, which in ((question, "question"), (answer, "answer")):
        if not has_letters(text):
            return Reason.NOT_A_SENTENCE, f"the {which} has no letters"
    if len(question) < MAX_KEY_CHARS and " " not in question and _ADDRESS.fullmatch(question):
        return Reason.NOT_A_SENTENCE, "the question is an address"
    return None


def _too_short(question: str, answer: str, settings: FilterSettings) -> Verdict | None:
    if (length := weighted_length(question)) < settings.min_question:
        return Reason.SHORT_QUESTION, f"{length:g} weighted characters"
    if (length := weighted_length(answer)) < settings.min_answer:
        return Reason.SHORT_ANSWER, f"{length:g} weighted characters"
    return None


def _too_long(answer: str, settings: FilterSettings) -> Verdict | None:
    lines = answer.count("\n")
    return (Reason.MANY_LINES, f"{lines} newlines") if lines >= settings.max_answer_newlines else None


def _asks_back(answer: str) -> Verdict | None:
    if answer.isascii() and "?" not in answer:
        return None
    found = _ASKS.search(answer)
    if found is None and ";" in answer and dominant_script(answer) == "Greek":
        found = _GREEK_ASKS.search(answer)
    return (Reason.ANSWER_IS_QUESTION, None) if found else None
