"""The reader and the extractor find in the archive what the authors of its pages wrote."""

import io

import pytest

from faquarry.markup.page import extract_page
from faquarry.web.record import Problem, ScanCounts
from faquarry.web.warc import scan

LOST = {"corrupt", "bomb"}


@pytest.fixture(scope="module")
def found(committed):
    """url -> what its record gave, and the archive's problems."""
    items = list(scan(io.BytesIO(committed[0]), counts=ScanCounts()))
    problems = [item for item in items if isinstance(item, Problem)]
    records = [item for item in items if not isinstance(item, Problem)]
    return {r.url: extract_page(r.payload, url=r.url, headers=r.headers) for r in records}, problems


def test_every_place_of_every_pair_is_found_and_nothing_else(found, expected):
    wanted = {
        (row["url"], row["position"], row["question"], row["answer"], row["syntax"], row["accepted"])
        for row in expected["pairs"]
    }
    got = {
        (url, pair.position, pair.question, pair.answer, pair.syntax, pair.accepted)
        for url, extraction in found[0].items()
        for pair in extraction.pairs
    }
    assert got - wanted == set()
    assert wanted - got == set()


def test_rejects_carry_their_reasons(found, expected):
    wanted = {(row["url"], row["stage"], row["reason"], row["position"]) for row in expected["rejects"]}
    got = {
        (url, r.stage, str(r.reason), r.position) for url, extraction in found[0].items() for r in extraction.rejects
    }
    assert got == wanted


def test_pages_say_what_was_written(found, expected):
    for row in expected["pages"]:
        if not row["faq"] or row["damage"] in LOST:
            assert row["url"] not in found[0] or found[0][row["url"]].page is None, row["url"]
            continue
        page = found[0][row["url"]].page
        got = {
            "title": page.title,
            "html_lang": page.html_lang,
            "syntaxes": list(page.syntaxes),
            "repair": page.repair,
            "questions": page.questions,
            "charset": page.charset,
            "charset_by": page.charset_by,
            "robots": page.robots,
            "opt_out": list(page.opt_out),
            "alternates": [[alternate.hreflang, alternate.href] for alternate in page.alternates],
        }
        assert got == {name: row[name] for name in got}, row["url"]


def test_damage_costs_its_record_and_is_told(found, expected):
    wanted = sorted(row["reason"] for row in expected["damaged"] if row["reason"])
    assert sorted(problem.reason for problem in found[1]) == wanted
