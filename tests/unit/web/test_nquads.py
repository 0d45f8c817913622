"""Web Data Commons: lines into pages, the grammar as files have it, damage, bounds."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import Dribble
from faquarry.web.nquads import read_nquads
from faquarry.web.record import Problem, ScanCounts
from faquarry.web.structured import StructuredPage

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def faq(url: str, question: str = "Why?", answer: str = "Because.") -> str:
    return (
        f"_:p {TYPE} <http://schema.org/FAQPage> <{url}> .\n"
        f"_:p <http://schema.org/mainEntity> _:q <{url}> .\n"
        f"_:q {TYPE} <http://schema.org/Question> <{url}> .\n"
        f'_:q <https://schema.org/name> "{question}" <{url}> .\n'
        f"_:q <http://schema.org/acceptedAnswer> _:a <{url}> .\n"
        f'_:a <http://schema.org/text> "{answer}"@en <{url}>   .\n'
    )


def read(data: bytes | str, *, at_most: int = 1 << 30, limit: int = 1 << 20):
    data = data.encode() if isinstance(data, str) else data
    counts = ScanCounts()
    items = list(read_nquads(Dribble(data, at_most), counts=counts, max_record_bytes=limit))
    pages = [item for item in items if isinstance(item, StructuredPage)]
    return pages, [item for item in items if isinstance(item, Problem)], counts


def test_a_page_becomes_nodes():
    (page,), problems, counts = read(faq("https://a.example/"))
    assert page.url == "https://a.example/"
    assert page.nodes == [
        {"@id": "_:p", "@type": "http://schema.org/FAQPage", "mainEntity": {"@id": "_:q"}},
        {
            "@id": "_:q",
            "@type": "http://schema.org/Question",
            "name": "Why?",
            "acceptedAnswer": {"@id": "_:a"},
        },
        {"@id": "_:a", "text": {"@value": "Because.", "@language": "en"}},
    ]
    assert problems == []
    assert (counts.records, counts.responses, counts.matches) == (6, 1, 1)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("at_most", [1 << 30, 13])
def test_pages_are_runs_of_lines_with_one_graph(pack, at_most):
    text = faq("https://a.example/") + "\n# between\n" + faq("https://b.example/") + faq("https://a.example/")
    stored = pack(text.encode())
    pages, problems, counts = read(stored, at_most=at_most)
    assert [page.url for page in pages] == ["https://a.example/", "https://b.example/", "https://a.example/"]
    assert problems == []
    assert counts.bytes_in == len(stored)
    for page in pages:
        assert text.encode()[page.offset : page.offset + page.length].startswith(b"_:p")
        assert text.encode()[page.offset : page.offset + page.length].endswith(b".")


def test_members_of_gzip_are_one_text():
    text = faq("https://a.example/").encode()
    pages, problems, _ = read(gzip.compress(text[:100]) + gzip.compress(text[100:]))
    assert len(pages) == 1
    assert problems == []


def test_pages_without_the_needle_are_counted():
    other = '_:x <http://schema.org/name> "no FAQ page" <https://c.example/> .\n'
    pages, _, counts = read(other + faq("https://a.example/"))
    assert len(pages) == 1
    assert (counts.responses, counts.matches) == (2, 1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a \"b\" \\ c\nd\te", 'a "b" \\ c\nd\te'),
        (r"\u00e9\U0001F600", "é😀"),
        (r"\uD800 \U00110000", "\ufffd \ufffd"),
        ("ünïcödé", "ünïcödé"),
        ("", ""),
        ("ends in a backslash \\\\", "ends in a backslash \\"),
    ],
)
def test_literals(written, meant):
    (page,), problems, _ = read(faq("https://a.example/", written))
    assert page.nodes[1]["name"] == meant
    assert problems == []


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_every_text_survives(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    escaped = escaped.encode("utf-8", "replace").decode()
    (page,), problems, _ = read(faq("https://a.example/", escaped))
    assert page.nodes[1]["name"] == text.encode("utf-8", "replace").decode()
    assert problems == []


def test_the_grammar_as_files_have_it():
    lines = [
        f"_:p {TYPE} <http://schema.org/FAQPage> <https://a.example/with space> .",
        "_:p\t<http://schema.org/url>\t<https://a.example/?q=a b\"c'>\t<https://a.example/with space>\t.\r",
        '_:p <http://schema.org/name> "typed"^^<http://www.w3.org/2001/XMLSchema#string> <https://a.example/with space>.',
        '_:p <http://purl.org/dc/terms/title> "The title" <https://a.example/with space> .',
        '_:p <http://schema.org/name> "two" <https://a.example/with space> .',
        '_:p <http://schema.org/name> "two" <https://a.example/with space> .',
    ]
    (page,), problems, _ = read("\n".join(lines))
    assert problems == []
    assert page.url == "https://a.example/with space"
    assert page.title == "The title"
    assert page.nodes[0]["name"] == ["typed", "two"]
    assert page.nodes[0]["url"] == {"@id": "https://a.example/?q=a b\"c'"}


def test_lines_that_are_no_quads_are_problems():
    bad = ["garbage", '_:p <http://schema.org/name> "open <https://a.example/> .', "<a> <b> <c> ."]
    good = faq("https://a.example/").splitlines()
    text = "\n".join([good[0], bad[0], *good[1:3], bad[1], *good[3:], bad[2]])
    (page,), problems, counts = read(text)
    assert len(page.nodes) == 3
    assert [problem.excerpt for problem in problems] == bad
    assert [text[problem.offset :].startswith(problem.excerpt or "") for problem in problems] == [True] * 3
    assert counts.problems == 3


def test_damage_and_ends_keep_what_came_before():
    text = "".join(faq(f"https://s{n}.example/", f"Question {n * 7919}?") for n in range(300))
    stored = gzip.compress(text.encode())
    pages, problems, counts = read(stored[: len(stored) // 2])
    assert len(pages) > 100
    assert [problem.reason for problem in problems] == ["truncated"]
    damaged = bytearray(stored)
    damaged[len(stored) // 2 : len(stored) // 2 + 20] = bytes(20)
    pages, problems, counts = read(bytes(damaged))
    assert len(pages) > 100
    assert problems[-1].reason == "damaged"
    assert counts.problems == len(problems)
    pages, problems, _ = read(stored + b"garbage")
    assert len(pages) == 300
    assert [problem.reason for problem in problems] == ["damaged"]


def test_a_page_without_end_is_bounded():
    head, line = faq("https://a.example/"), '_:q <http://schema.org/name> "more and more" <https://a.example/> .\n'
    pages, problems, _ = read(head + line * 50_000 + faq("https://b.example/"), limit=100_000)
    assert [page.url for page in pages] == ["https://b.example/"]
    assert [(problem.reason, problem.url) for problem in problems] == [("too_large", "https://a.example/")]


def test_a_line_without_end_is_bounded():
    pages, problems, _ = read(b"x" * (9 << 20) + b"\n" + faq("https://b.example/").encode())
    assert [page.url for page in pages] == ["https://b.example/"]
    assert problems
    assert all(problem.reason == "damaged" for problem in problems)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_end(data):
    _, problems, counts = read(data)
    assert counts.problems == len(problems)


@pytest.mark.real
def test_the_sample_of_web_data_commons(data):
    stored = (data / "web" / "wdc-faqpage-sample.nq.gz").read_bytes()
    counts = ScanCounts()
    pages = list(read_nquads(io.BytesIO(stored), counts=counts))
    assert (len(pages), counts.records, counts.problems) == (13, 1000, 0)
    assert all(isinstance(page, StructuredPage) for page in pages)
