"""`extract_page` beyond the goldens: its promises to callers."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faquarry.config.settings import FilterSettings
from faquarry.errors import MissingExtra
from faquarry.markup import page as page_module
from faquarry.markup.model import Extraction, Reason
from faquarry.markup.page import extract_page
from faquarry.markup.pairs import MAX_EXCERPT_BYTES, excerpt, from_texts, rederive

_URL = "https://www.quarrymuseum.example/faq"
_NONE = FilterSettings(profile="none")


def _page(*questions: dict[str, Any], **more: Any) -> bytes:
    block = {"@context": "https://schema.org", "@type": "FAQPage", **more, "mainEntity": list(questions)}
    return f'<script type="application/ld+json">{json.dumps(block)}</script>'.encode()


def _question(name: Any, text: Any) -> dict[str, Any]:
    return {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}}


def _extract(payload: bytes, **more: Any) -> Extraction:
    return extract_page(payload, url=_URL, filters=_NONE, **more)


def test_an_error_of_ours_becomes_a_reject_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the graph fell over")

    monkeypatch.setattr(page_module.FaqGraph, "findings", broken)
    result = _extract(_page(_question("What?", "That.")))
    assert result.page is None
    assert [(reject.reason, reject.detail) for reject in result.rejects] == [
        (Reason.FAILED, "RuntimeError: the graph fell over")
    ]


def test_a_page_that_takes_too_long_becomes_a_reject() -> None:
    questions = [_question(f"Number {number}?", "Yes.") for number in range(3000)]
    result = _extract(_page(*questions), max_s=1e-9)
    assert result.page is None
    assert [reject.reason for reject in result.rejects] == [Reason.TIMEOUT]


def test_time_that_runs_out_in_microdata_costs_microdata_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> list[dict[str, Any]]:
        raise page_module.OutOfTime("1 s were not enough")

    monkeypatch.setattr(page_module, "microdata_items", slow)
    body = b'<div itemscope itemtype="https://schema.org/FAQPage"></div>'
    result = _extract(_page(_question("What?", "That.")) + body)
    assert [pair.answer for pair in result.pairs] == ["That."]
    assert [reject.reason for reject in result.rejects] == [Reason.TIMEOUT]


def test_a_missing_extra_is_no_reject_but_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "extruct", None)
    with pytest.raises(MissingExtra, match=r"faquarry\[extruct\]"):
        _extract(_page(_question("What?", "That.")), parser="extruct")


def test_extruct_gives_the_same_pairs_where_nothing_is_broken() -> None:
    pytest.importorskip("extruct")
    payload = (
        b"<html><head>"
        + _page(_question("What is it?", "<p>A quarry &amp; a lake.</p>"))
        + b"</head><body></body></html>"
    )
    ours, theirs = _extract(payload), _extract(payload, parser="extruct")
    assert ours.pairs == theirs.pairs
    assert [pair.answer for pair in ours.pairs] == ["A quarry & a lake."]


def test_numbers_that_json_libraries_write_differently() -> None:
    payload = _page(_question("How many?", 10**30), _question("How far?", "x")).replace(b'"x"', b"1e999")
    result = _extract(payload)
    assert [pair.answer for pair in result.pairs] == ["1" + "0" * 30]
    assert result.page is not None
    assert rederive(result.page.markup, _NONE)[0] == result.pairs


@given(
    st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60)), min_size=1, max_size=5),
    st.sampled_from(["default", "webfaq", "none"]),
)
@settings(max_examples=150, deadline=None)
def test_any_texts_give_the_same_pairs_again_from_the_markup(texts: list[tuple[str, str]], profile: str) -> None:
    filters = FilterSettings(profile=profile)  # type: ignore[arg-type]
    block = {"@type": "FAQPage", "mainEntity": [_question(*pair) for pair in texts]}
    script = f'<script type="application/ld+json">{json.dumps(block).replace("<", chr(92) + "u003c")}</script>'
    result = extract_page(script.encode(), url=_URL, filters=filters)
    assert result.page is not None
    pairs, rejects = rederive(result.page.markup, filters)
    assert (pairs, rejects) == (result.pairs, result.rejects)
    assert len(pairs) + len(rejects) == result.page.questions <= len(texts)


def test_pairs_of_ready_made_texts() -> None:
    pairs, rejects = from_texts(
        [("Q: How deep is it?", "A: Forty metres at low water, they say."), (None, "x"), ("Why?", None)],
        FilterSettings(),
    )
    assert [(pair.position, pair.question, pair.answer) for pair in pairs] == [
        (0, "How deep is it?", "Forty metres at low water, they say.")
    ]
    assert [(reject.position, reject.reason) for reject in rejects] == [(1, Reason.NO_NAME), (2, Reason.NO_ANSWER)]
    assert from_texts([], FilterSettings()) == ((), ())


@given(st.text(max_size=5000))
def test_an_excerpt_is_a_beginning_of_bounded_size(text: str) -> None:
    short = excerpt(text)
    assert len(short.encode()) <= MAX_EXCERPT_BYTES
    assert text.encode("utf-8", "replace").decode().startswith(short)


def test_order_of_syntaxes_and_positions() -> None:
    microdata = (
        b'<div itemscope itemtype="https://schema.org/FAQPage"><div itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">'
        b'<b itemprop="name">First on the page?</b><p itemprop="acceptedAnswer">Yes, but read second.</p></div></div>'
    )
    result = _extract(microdata + _page(_question("Second on the page?", "Yes, but read first.")))
    assert [(pair.position, pair.syntax, pair.question) for pair in result.pairs] == [
        (0, "json-ld", "Second on the page?"),
        (1, "microdata", "First on the page?"),
    ]


def test_blocks_without_faq_are_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    read = page_module.read_block
    monkeypatch.setattr(page_module, "read_block", lambda text, left: seen.append(text) or read(text, left))
    _extract(
        b'<script type="application/ld+json">{"@type": "Product", "name": "Slate"}</script>'
        + _page(_question("What?", "That."))
    )
    assert len(seen) == 1
