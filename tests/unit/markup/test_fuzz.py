"""Mutated pages: never an exception, never a page that vanishes, never more than was put in."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden.runner import all_cases

from faquarry.config.settings import FilterSettings
from faquarry.markup.model import Extraction, Reason
from faquarry.markup.page import extract_page
from faquarry.markup.pairs import MAX_EXCERPT_BYTES, rederive

_PAGES = [case.payload for case in all_cases() if len(case.payload) < 6000]
_SCRAPS = [
    b"<", b">", b'"', b"'", b"&", b";", b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"<!--", b"-->", b"</script>", b"<script type='application/ld+json'>", b"<template>", b"<div itemscope>", b" itemref=a ", b" id=a ",
    b"<div itemprop=mainEntity itemscope itemtype=http://schema.org/Question>", b"<p property=name>", b'"@id":"#a",', b'"@type":',
    b'"mainEntity":', b"FAQPage", b"&amp;", b"&#0;", b"\\ud800", b"<svg>", b"<base href=//>", b"<meta charset=utf-16>", b"1e999",
]  # fmt: skip


def _mutated(page: bytes, dice: random.Random) -> bytes:
    """A few random wounds: bytes flipped, spans dropped, repeated, moved, scraps of other syntaxes put in."""
    body = bytearray(page)
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(len(body) + 1)
        span = dice.randint(1, 60)
        kind = dice.randrange(6)
        if kind == 0 and body:
            body[place % len(body)] = dice.randrange(256)
        elif kind == 1:
            del body[place : place + span]
        elif kind == 2:
            body[place:place] = body[place : place + span] * dice.randint(1, 4)
        elif kind == 3:
            body[place:place] = dice.choice(_SCRAPS)
        elif kind == 4:
            body = body[: max(1, place)]
        else:
            other = dice.choice(_PAGES)
            start = dice.randrange(len(other))
            body[place:place] = other[start : start + dice.randint(1, 400)]
    return bytes(body)


def _check(result: Extraction, size: int) -> None:
    reasons = {reject.reason for reject in result.rejects}
    assert Reason.FAILED not in reasons, result.rejects
    assert Reason.TIMEOUT not in reasons
    assert result.page or result.rejects, "a page that names FAQPage must not vanish"
    text = sum(len(pair.question) + len(pair.answer) for pair in result.pairs)
    assert text <= 8 * size + 100
    for reject in result.rejects:
        assert len((reject.excerpt or "").encode()) <= MAX_EXCERPT_BYTES
    if result.page:
        result.page.markup.encode("utf-8")
        assert rederive(result.page.markup, FilterSettings())[0] == result.pairs
        assert result.page.questions == len(result.pairs) + sum(
            reject.position is not None for reject in result.rejects
        )


@pytest.mark.parametrize("seed", range(40))
def test_mutated_pages(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(40):
        page = _mutated(dice.choice(_PAGES), dice)
        _check(extract_page(page, url="https://a.example/b/c?d=e"), len(page))


@given(
    st.binary(max_size=400),
    st.text(max_size=40),
    st.dictionaries(st.sampled_from(["content-type", "link", "x-robots-tag"]), st.text()),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_url_and_headers(payload: bytes, url: str, headers: dict[str, str]) -> None:
    _check(extract_page(payload + b"FAQPage", url=url, headers=headers), len(payload) + 7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_more_mutated_pages(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(200):
        page = _mutated(dice.choice(_PAGES), dice)
        _check(extract_page(page, url="https://a.example/b/c?d=e"), len(page))
