"""Pages made to cost: each is read within a bound of time and memory, or told to be too much, and none raises."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faquarry.config.settings import GraphSettings
from faquarry.graph.page import read_document
from faquarry.markup.model import Extraction, Reason
from faquarry.markup.page import extract_page

URL = "https://a.example/faq"
MAX_CPU_S = 10.0  # extract.max_page_s: a page over it is a reject
MAX_MEMORY = 2 << 30

ANSWER = "An answer of more than thirty letters, as every good one."
GOOD = {"@type": "Question", "name": "Is this one still read?", "acceptedAnswer": {"@type": "Answer", "text": ANSWER}}


def ld(text: str) -> bytes:
    return f'<html><script type="application/ld+json">{text}</script></html>'.encode("utf-8", "surrogatepass")


def faq(*entities: object, **more: object) -> bytes:
    return ld(json.dumps({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": list(entities), **more}))


def _names(count: int, child: Callable[[int], str]) -> str:
    return ",".join(child(n) for n in range(count))


def _graph_cycle() -> bytes:
    nodes = [{"@id": f"#{n}", "@type": "FAQPage" if n == 0 else "Question", "mainEntity": {"@id": f"#{(n + 1) % 3000}"},
              "hasPart": [{"@id": "#0"}, {"@id": f"#{n}"}]} for n in range(3000)]  # fmt: skip
    return ld(json.dumps({"@context": "https://schema.org", "@graph": nodes}))


def _graph_fan() -> bytes:
    """Each node names all others: followed naively, 400 to the power of the depth."""
    all_ = [{"@id": f"#{n}"} for n in range(400)]
    nodes = [
        {"@id": f"#{n}", "@type": ["FAQPage", "Question", "Answer"], "mainEntity": all_, "hasPart": all_, "text": all_}
        for n in range(400)
    ]
    return ld(json.dumps({"@context": "https://schema.org", "@graph": nodes}))


def _itemref_cycle() -> bytes:
    parts = "".join(
        f'<div id="i{n}" itemscope itemprop=mainEntity itemtype="https://schema.org/Question" itemref="i{(n + 1) % 500} i{(n * 7) % 500} i0"><b itemprop=name>A name of {n}</b></div>'
        for n in range(500)
    )
    return f'<div itemscope itemtype="https://schema.org/FAQPage" itemref="i0">{parts}</div>'.encode()


PAGES: dict[str, Callable[[], bytes]] = {
    "arrays 100,000 deep": lambda: ld('{"@type":"FAQPage","mainEntity":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "objects 100,000 deep": lambda: ld('{"@type":"FAQPage","mainEntity":' * 100_000 + "1" + "}" * 100_000),
    "brackets that never close": lambda: ld('{"@type":"FAQPage","mainEntity":' + '[{"a":' * 200_000),
    "elements 200,000 deep": lambda: b"FAQPage" + b"<div>" * 200_000,
    "formatting left open": lambda: b"FAQPage" + b"<p><b class=x><i class=y><u class=z>" * 20_000,
    "tables in tables": lambda: b"FAQPage" + b"<table><tr><td>" * 30_000,
    "selects, templates and svg": lambda: b"FAQPage" + b"<template><svg><select><math>" * 30_000,
    "an attribute of 10 MB": lambda: b'FAQPage<div itemtype="' + b"schema.org/FAQPage " * 500_000 + b'">',
    "100,000 attributes": lambda: b"FAQPage<div " + b" ".join(b"a%d=b" % n for n in range(100_000)) + b">",
    "a million tiny elements": lambda: b"FAQPage" + b"<a>" * 1_000_000,
    "a million closed elements": lambda: b"FAQPage" + b"<p></p>" * 1_000_000,
    "a million objects": lambda: ld('{"@type":"FAQPage","mainEntity":[' + "{}," * 999_999 + "{}]}"),
    "100,000 questions": lambda: faq(*[GOOD] * 100_000),
    "an integer of a million digits": lambda: ld('{"@type":"FAQPage","mainEntity":{"@type":"Question","upvoteCount":' + "9" * 1_000_000 + ',"name":"Is it read?"}}'),
    "many long integers": lambda: ld('{"@type":"FAQPage","mainEntity":[' + _names(300, lambda n: "9" * 4000) + "]}"),
    "an exponent": lambda: ld('{"@type":"FAQPage","mainEntity":{"@type":"Question","upvoteCount":1e999999999,"name":"Is it?"}}'),
    "200,000 equal keys": lambda: ld('{"@type":"FAQPage",' + '"mainEntity":[1],' * 200_000 + '"a":1}'),
    "200,000 keys": lambda: ld('{"@type":"FAQPage",' + "".join(f'"k{n}":{n},' for n in range(200_000)) + '"a":1}'),
    "lone surrogates": lambda: ld('{"@type":"FAQPage","mainEntity":{"@type":"Question","name":"\\ud800 \\udfff Is it?","acceptedAnswer":{"@type":"Answer","text":"\\ud83d ' + ANSWER + '"}}}'),
    "NULs": lambda: b"\x00" * 1_000_000 + faq(GOOD).replace(b"Is this", b"Is\x00this"),
    "entities of entities": lambda: faq({**GOOD, "name": "Is this &" + "amp;" * 500_000 + "lt;b&gt; read?"}),
    "500,000 entities": lambda: faq({**GOOD, "name": "Is it? " + "&#x41;&lt;&copy;" * 170_000}),
    "escapes in escapes": lambda: faq({**GOOD, "name": "Is it? " + "\\" * 200_000 + "u0041"}),
    "JSON in strings in JSON": lambda: _strings(),
    "an answer of open tags": lambda: faq({**GOOD, "acceptedAnswer": {"@type": "Answer", "text": "<b>" * 300_000 + ANSWER}}),
    "an answer of cut tags": lambda: faq({**GOOD, "acceptedAnswer": {"@type": "Answer", "text": ANSWER + "</a " * 300_000}}),
    "an answer of half comments": lambda: faq({**GOOD, "acceptedAnswer": {"@type": "Answer", "text": ANSWER + "<!--" * 300_000}}),
    "an answer of hidden elements": lambda: faq({**GOOD, "acceptedAnswer": {"@type": "Answer", "text": ANSWER + "<script>" * 100_000}}),
    "numbers in front": lambda: faq({**GOOD, "name": "1." * 200_000 + " Is it?"}),
    "quotes around": lambda: faq({**GOOD, "name": '"' * 200_000 + "Is it?" + '"' * 200_000}),
    "accents on one letter": lambda: faq({**GOOD, "name": "Is it e" + "\u0301" * 200_000 + "?"}),
    "a cycle in @graph": _graph_cycle,
    "everyone names everyone": _graph_fan,
    "a cycle of itemref": _itemref_cycle,
    "300,000 script elements": lambda: b"<script type=application/ld+json>FAQPage</script>" * 100_000,
    "blocks in need of repair": lambda: b"".join(ld('{"@type":"FAQPage", "mainEntity": [' + "{name: 'x' " * 3000) for _ in range(10)),
    "comments that never end": lambda: b"FAQPage" + b"<!-- " * 500_000,
    "metas of charsets": lambda: b"FAQPage" + b"<meta charset=x>" * 60_000,
    "200,000 links to translations": lambda: b"FAQPage" + b"<link rel=alternate hreflang=de href=/a>" * 100_000 + faq(GOOD),
    "a base of 4 MB": lambda: b"<base href='" + b"a/../" * 800_000 + b"'>" + faq(GOOD),
}  # fmt: skip


def _strings() -> bytes:
    text = json.dumps({"@type": "FAQPage", "mainEntity": GOOD})
    for _ in range(14):  # every level doubles the backslashes
        text = json.dumps(text)
    return ld(text)


def _spent(read: Callable[[], object]) -> tuple[object, float]:
    began = time.thread_time()
    found = read()
    return found, time.thread_time() - began


SLOW = ("a cycle of itemref", "300,000 script elements", "100,000 questions")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in PAGES]
)
def test_a_page_costs_no_more_than_its_seconds(name: str) -> None:
    payload = PAGES[name]()
    found, spent = _spent(lambda: extract_page(payload, url=URL, max_s=MAX_CPU_S))
    assert isinstance(found, Extraction)
    assert spent < MAX_CPU_S + 5, f"{spent:.1f} s of CPU"
    assert Reason.FAILED not in {reject.reason for reject in found.rejects}, found.rejects[:3]
    assert found.page is not None or found.rejects
    if found.page is not None:
        found.page.markup.encode("utf-8")
        for pair in found.pairs:
            (pair.question + pair.answer).encode("utf-8")
    document, spent = _spent(lambda: read_document(payload, url=URL, headers={}, settings=GraphSettings()))
    assert document is not None
    assert spent < MAX_CPU_S + 5, f"{spent:.1f} s of CPU for the link graph"


def test_link_headers_and_robots_are_bounded() -> None:
    headers = {
        "link": "<" * 500_000 + ">;" * 500_000,
        "x-robots-tag": "noai, " * 500_000,
        "content-type": "text/html;" + " charset" * 200_000,
    }
    found, spent = _spent(lambda: extract_page(faq(GOOD), url=URL, headers=headers))
    assert isinstance(found, Extraction)
    assert len(found.pairs) == 1
    assert spent < MAX_CPU_S


@pytest.mark.slow
def test_all_of_them_in_a_process_of_little_memory() -> None:
    """One after the other in a worker's process that may not take more: nothing is kept from page to page."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)\n"
        "from test_hostile_pages import PAGES, URL\n"
        "from faquarry.markup.page import extract_page\n"
        "found = [extract_page(PAGES[name](), url=URL) for name in list(PAGES)[::4]]\n"
        "print(sum(reject.reason.value == 'failed' for one in found for reject in one.rejects))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(MAX_MEMORY)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "0", done.stderr[-2000:]
