"""The graph: where nodes stand must not matter, and no knot of references may hold it up."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from faquarry.config.settings import FilterSettings
from faquarry.markup.clock import Clock
from faquarry.markup.graph import FaqGraph, Findings
from faquarry.markup.page import extract_nodes, extract_page

_URL = "https://www.quarrymuseum.example/faq"
_NONE = FilterSettings(profile="none")


def _findings(*blocks: Any) -> Findings:
    graph = FaqGraph(_URL, Clock(10))
    for block in blocks:
        graph.add(block, "json-ld")
    return graph.findings()


def _pairs(blocks: list[Any]) -> set[tuple[str, str]]:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(block)}</script>' for block in blocks)
    result = extract_page(f"<html><head>{scripts}</head></html>".encode(), url=_URL, filters=_NONE)
    return {(pair.question, pair.answer) for pair in result.pairs}


@st.composite
def _sites(draw: st.DrawFn) -> list[dict[str, Any]]:
    """FAQPages, Questions and Answers as separate nodes that refer to each other, some inlined."""
    count = draw(st.integers(1, 6))
    nodes: list[dict[str, Any]] = []
    references: list[dict[str, Any]] = []
    for number in range(count):
        answer: dict[str, Any] = {"@type": "Answer", "text": f"Answer {number}."}
        if draw(st.booleans()):
            nodes.append({**answer, "@id": f"#a{number}"})
            answer = {"@id": f"#a{number}"}
        question = {"@type": "Question", "name": f"Question {number}?", "acceptedAnswer": answer}
        if draw(st.booleans()):
            nodes.append({**question, "@id": f"#q{number}"})
            question = {"@id": draw(st.sampled_from([f"#q{number}", f"{_URL}#q{number}"]))}
        references.append(question)
    cut = draw(st.integers(0, count))
    nodes.append({"@type": "FAQPage", "mainEntity": references[:cut]})
    nodes.append({"@type": ["WebPage", "FAQPage"], "mainEntity": {"@list": references[cut:]}})
    return nodes


@given(_sites(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_blocks_changes_no_pair(nodes: list[dict[str, Any]], dice: random.Random) -> None:
    shuffled = list(nodes)
    dice.shuffle(shuffled)
    assert _pairs(shuffled) == _pairs(nodes)


@given(_sites())
@settings(max_examples=100, deadline=None)
def test_one_graph_or_many_blocks_is_the_same(nodes: list[dict[str, Any]]) -> None:
    expected = {(f"Question {number}?", f"Answer {number}.") for number in range(6)}
    pairs = _pairs(nodes)
    assert pairs == _pairs([{"@context": "https://schema.org", "@graph": nodes}])
    assert pairs <= expected
    assert pairs


@st.composite
def _knots(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Nodes that point at each other at random: circles, missing targets, self references."""
    names = [f"#n{number}" for number in range(draw(st.integers(1, 7)))]
    name = st.sampled_from(names)
    reference = st.builds(lambda target: {"@id": target}, name) | name
    properties = st.sampled_from(
        ["mainEntity", "hasPart", "about", "itemListElement", "item", "isPartOf", "acceptedAnswer", "@graph"]
    )
    kinds = st.sampled_from(["FAQPage", "Question", "Answer", "ItemList", "ListItem", "WebPage"])
    node = st.builds(
        lambda own, kind, links: {"@id": own, "@type": kind, "name": "A name?", "text": "A text.", **links},
        name,
        kinds,
        st.dictionaries(properties, reference | st.lists(reference, max_size=3), max_size=3),
    )
    return draw(st.lists(node, min_size=1, max_size=10))


@given(_knots())
@settings(max_examples=300, deadline=None)
def test_knots_of_references_are_survived(nodes: list[dict[str, Any]]) -> None:
    found = _findings(nodes)
    assert len(found.trees) == sum(node["@type"] == "FAQPage" for node in nodes)
    assert sum(len(tree["mainEntity"]) for tree in found.trees) <= len(nodes) * max(1, len(found.trees))
    json.dumps(found.trees)  # a tree: a circle could not be written


def test_a_question_is_read_once_a_page_however_often_it_is_named() -> None:
    question = {"@id": "#q", "@type": "Question", "name": "What?", "acceptedAnswer": {"text": "That."}}
    found = _findings([{"@type": "FAQPage", "mainEntity": [{"@id": "#q"}] * 100, "hasPart": [{"@id": "#q"}]}, question])
    assert [len(tree["mainEntity"]) for tree in found.trees] == [1]


def test_trees_hold_plain_values_of_questions_and_answers_only() -> None:
    found = _findings(
        {
            "@type": "FAQPage",
            "name": "Help",
            "inLanguage": "en",
            "publisher": {"@type": "Organization", "name": "Quarry"},
            "mainEntity": {
                "@type": "Question",
                "name": "What?",
                "author": {"@type": "Person", "name": "Ida"},
                "acceptedAnswer": {"@type": "Answer", "text": "That.", "upvoteCount": 3, "comment": {"text": "x"}},
            },
        }
    )
    assert found.trees == [
        {
            "@type": "FAQPage",
            "@syntax": "json-ld",
            "name": "Help",
            "inLanguage": "en",
            "mainEntity": [
                {
                    "@type": "Question",
                    "name": "What?",
                    "acceptedAnswer": [{"@type": "Answer", "text": "That.", "upvoteCount": 3}],
                }
            ],
        }
    ]


def test_nodes_of_n_quads_give_a_page() -> None:
    schema = "http://schema.org/"
    kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    nodes = [
        {"@id": "_:b0", kind: [{"@id": f"{schema}FAQPage"}], f"{schema}mainEntity": [{"@id": "_:b1"}]},
        {
            "@id": "_:b1",
            kind: [{"@id": f"{schema}Question"}],
            f"{schema}name": ["How deep is the quarry?"],
            f"{schema}acceptedAnswer": [{"@id": "_:b2"}],
        },
        {
            "@id": "_:b2",
            kind: [{"@id": f"{schema}Answer"}],
            f"{schema}text": ["Forty metres at the northern wall, at low water."],
        },
    ]
    result = extract_nodes(nodes, url=_URL, syntax="microdata")
    assert result.page is not None
    assert result.page.syntaxes == ("microdata",)
    assert [(pair.question, pair.answer) for pair in result.pairs] == [
        ("How deep is the quarry?", "Forty metres at the northern wall, at low water.")
    ]


def test_a_page_of_too_many_questions_is_cut_and_says_so() -> None:
    questions = [
        {"@type": "Question", "name": f"Number {n}?", "acceptedAnswer": {"text": "Yes."}} for n in range(20_050)
    ]
    result = extract_nodes([{"@type": "FAQPage", "mainEntity": questions}], url=_URL, filters=_NONE)
    assert len(result.pairs) == 20_000
    assert [reject.reason.value for reject in result.rejects] == ["too_large"]
