"""A page's pairs as schema.org markup: JSON-LD in its many shapes, Microdata, RDFa Lite.

Each function gives what belongs into <head> (script blocks) and what belongs into the body. The names of the shapes are
the values of a page's option `markup`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sampleweb.prose import as_html, as_text
from sampleweb.spoil import spoil

__all__ = ["JSON_LD", "VISIBLE", "Question", "json_ld", "visible"]

Json = dict[str, Any]
CONTEXT = "https://schema.org"


@dataclass(frozen=True, slots=True)
class Question:
    """A pair as it is put on a page: source texts, with the little markup of `prose`."""

    key: str
    question: str
    answer: str
    accepted: bool = True
    rich: str = "plain"  # how JSON-LD holds the answer: plain | html | br | escaped | double


@dataclass(frozen=True, slots=True)
class Place:
    """What the markup says about the page around the questions."""

    url: str
    title: str
    site: str
    origin: str
    tag: str


def answer_text(question: Question, resolve: Callable[[str], str]) -> str:
    if question.rich == "plain":
        return as_text(question.answer)
    rendered = as_html(question.answer, resolve, breaks="br" if question.rich == "br" else "p")
    if question.rich in ("escaped", "double"):
        rendered = html.escape(rendered)
    return html.escape(rendered) if question.rich == "double" else rendered


def question_node(question: Question, resolve: Callable[[str], str]) -> Json:
    if not question.answer:
        return {"@type": "Question", "name": question.question}
    answer = {"@type": "Answer", "text": answer_text(question, resolve)}
    if question.accepted:
        return {"@type": "Question", "name": question.question, "acceptedAnswer": answer}
    return {
        "@type": "Question",
        "name": question.question,
        "answerCount": 1,
        "suggestedAnswer": [{**answer, "upvoteCount": 3}],
    }


def faq(nodes: Sequence[Json], **more: object) -> Json:
    return {"@type": "FAQPage", **more, "mainEntity": list(nodes)}


def organization(place: Place) -> Json:
    return {
        "@type": "Organization",
        "@id": f"{place.origin}/#organization",
        "name": place.site,
        "url": f"{place.origin}/",
    }


def breadcrumbs(place: Place) -> Json:
    steps = [(place.site, f"{place.origin}/"), (place.title, place.url)]
    items = [{"@type": "ListItem", "position": n, "name": name, "item": url} for n, (name, url) in enumerate(steps, 1)]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def single(nodes: list[Json], place: Place) -> list[Any]:
    return [{"@context": CONTEXT, **faq(nodes)}]


def lone(nodes: list[Json], place: Place) -> list[Any]:
    """One question, given as an object instead of a list."""
    return [{"@context": CONTEXT, "@type": "FAQPage", "mainEntity": nodes[0]}]


def array(nodes: list[Json], place: Place) -> list[Any]:
    return [[{"@context": CONTEXT, **organization(place)}, {"@context": CONTEXT, **faq(nodes)}]]


def separate(nodes: list[Json], place: Place) -> list[Any]:
    """One block an item, the FAQ in the second."""
    return [{"@context": CONTEXT, **breadcrumbs(place)}, {"@context": CONTEXT, **faq(nodes)}]


def graph(nodes: list[Json], place: Place) -> list[Any]:
    return [{"@context": CONTEXT, "@graph": [organization(place), faq(nodes, url=place.url), breadcrumbs(place)]}]


def graph_refs(nodes: list[Json], place: Place) -> list[Any]:
    """Questions stand beside the FAQPage in one graph and are named by @id."""
    named = [{**node, "@id": f"{place.url}#faq-{n}"} for n, node in enumerate(nodes, 1)]
    refs = [{"@id": node["@id"]} for node in named]
    return [{"@context": CONTEXT, "@graph": [organization(place), faq(refs), *named, breadcrumbs(place)]}]


def blocks(nodes: list[Json], place: Place) -> list[Any]:
    """The FAQPage in one block, its Questions in another, answers as items of their own."""
    questions, answers = [], []
    for n, node in enumerate(nodes, 1):
        answers.append({"@id": f"{place.url}#a{n}", **node["acceptedAnswer"]})
        questions.append({**node, "@id": f"{place.url}#q{n}", "acceptedAnswer": {"@id": f"{place.url}#a{n}"}})
    refs = [{"@id": node["@id"]} for node in questions]
    return [
        {"@context": CONTEXT, "@id": f"{place.url}#faq", **faq(refs, isPartOf={"@id": f"{place.url}#page"})},
        {"@context": CONTEXT, "@graph": [{"@type": "WebPage", "@id": f"{place.url}#page"}, *questions]},
        {"@context": CONTEXT, "@graph": answers},
    ]


def nested(nodes: list[Json], place: Place) -> list[Any]:
    page = {"@type": "WebPage", "@id": place.url, "name": place.title}
    return [
        {
            "@context": CONTEXT,
            "@type": "Article",
            "headline": place.title,
            "mainEntityOfPage": {**page, "hasPart": faq(nodes)},
        }
    ]


def parts(nodes: list[Json], place: Place) -> list[Any]:
    """Two FAQPages under one WebPage, each with half of the questions."""
    half = (len(nodes) + 1) // 2
    both = [faq(nodes[:half], name="1"), faq(nodes[half:], name="2")]
    return [{"@context": CONTEXT, "@type": "WebPage", "url": place.url, "hasPart": both}]


def types(nodes: list[Json], place: Place) -> list[Any]:
    return [{"@context": CONTEXT, **faq(nodes), "@type": ["WebPage", "FAQPage"], "inLanguage": place.tag}]


def prefixed(nodes: list[Json], place: Place) -> list[Any]:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k if k[0] == "@" else f"schema:{k}": f"schema:{v}" if k == "@type" else walk(v)
                for k, v in value.items()
            }
        return [walk(item) for item in value] if isinstance(value, list) else value

    return [{"@context": {"schema": "http://schema.org/"}, **walk(faq(nodes))}]


def absolute(nodes: list[Json], place: Place) -> list[Any]:
    """Types written as addresses, half http and half https."""
    typed = [{**node, "@type": "http://schema.org/Question"} for node in nodes]
    return [{"@context": "http://schema.org/", **faq(typed), "@type": "https://schema.org/FAQPage"}]


def several_items(nodes: list[Json], place: Place) -> list[Any]:
    """For `spoil: several`: what one block will hold side by side."""
    return [{"@context": CONTEXT, **organization(place)}, {"@context": CONTEXT, **faq(nodes)}]


def empty(nodes: list[Json], place: Place) -> list[Any]:
    return [{"@context": CONTEXT, **faq([])}]


def qa_page(nodes: list[Json], place: Place) -> list[Any]:
    return [{"@context": CONTEXT, "@type": "QAPage", "mainEntity": nodes[0]}]


def bare(nodes: list[Json], place: Place) -> list[Any]:
    """Questions that belong to no FAQPage."""
    return [{"@context": CONTEXT, "@graph": nodes}]


JSON_LD: dict[str, Callable[[list[Json], Place], list[Any]]] = {
    "json-ld": single, "lone": lone, "array": array, "separate": separate, "graph": graph, "graph-refs": graph_refs,
    "blocks": blocks, "nested": nested, "parts": parts, "types": types, "prefixed": prefixed, "absolute": absolute,
    "escaped-type": single, "both": single, "several": several_items, "empty": empty, "qa-page": qa_page, "bare": bare,
}  # fmt: skip


def json_ld(
    shape: str, questions: list[Question], place: Place, style: str, damage: str, resolve: Callable[[str], str]
) -> str:
    """The <script> blocks. `style` is indent | compact | ascii, `damage` a name of `spoil` or ""."""
    data = JSON_LD[shape]([question_node(question, resolve) for question in questions], place)
    indent, ascii_only = (None if style == "compact" else 2), style == "ascii"
    texts = [json.dumps(block, ensure_ascii=ascii_only, indent=indent).replace("</", "<\\/") for block in data]
    if shape == "several":
        texts = ["\n".join(texts)]
    kind = "application/ld&#x2B;json" if shape == "escaped-type" else "application/ld+json"
    return "\n".join(
        f'<script type="{kind}">{spoil(text, damage) if "FAQPage" in text else text}</script>' for text in texts
    )


def microdata(questions: list[Question], resolve: Callable[[str], str]) -> str:
    items = [
        f'<div class="qa" itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">\n'
        f'<h3 itemprop="name">{html.escape(q.question)}</h3>\n'
        f'<div itemscope itemprop="{"acceptedAnswer" if q.accepted else "suggestedAnswer"}" itemtype="https://schema.org/Answer">'
        f'<div itemprop="text">{as_html(q.answer, resolve)}</div></div>\n</div>'
        for q in questions
    ]
    return '<section itemscope itemtype="https://schema.org/FAQPage">\n' + "\n".join(items) + "\n</section>"


def microdata_itemref(questions: list[Question], resolve: Callable[[str], str]) -> str:
    """The questions stand outside their FAQPage, which names them by id."""
    ids = " ".join(f"q{n}" for n in range(1, len(questions) + 1))
    items = [
        f'<article id="q{n}" itemprop="mainEntity" itemscope itemtype="http://schema.org/Question">'
        f'<h3 itemprop="name">{html.escape(q.question)}</h3>'
        f'<div itemprop="acceptedAnswer" itemscope itemtype="http://schema.org/Answer">'
        f'<div itemprop="text">{as_html(q.answer, resolve)}</div></div></article>'
        for n, q in enumerate(questions, 1)
    ]
    return f'<div itemscope itemtype="http://schema.org/FAQPage" itemref="{ids}"></div>\n' + "\n".join(items)


def microdata_meta(questions: list[Question], resolve: Callable[[str], str]) -> str:
    """Texts in <meta content>, the visible ones unmarked."""
    items = [
        f'<li itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">'
        f'<meta itemprop="name" content="{html.escape(q.question)}"><b>{html.escape(q.question)}</b>'
        f'<div itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer">'
        f'<meta itemprop="text" content="{html.escape(as_text(q.answer))}"></div>{as_html(q.answer, resolve)}</li>'
        for q in questions
    ]
    return '<ul itemscope itemtype="https://schema.org/FAQPage">\n' + "\n".join(items) + "\n</ul>"


def rdfa(questions: list[Question], resolve: Callable[[str], str]) -> str:
    items = [
        f'<div property="mainEntity" typeof="Question"><h3 property="name">{html.escape(q.question)}</h3>'
        f'<div property="acceptedAnswer" typeof="Answer"><div property="text">{as_html(q.answer, resolve)}</div></div></div>'
        for q in questions
    ]
    return '<div vocab="https://schema.org/" typeof="FAQPage">\n' + "\n".join(items) + "\n</div>"


def rdfa_prefixed(questions: list[Question], resolve: Callable[[str], str]) -> str:
    text = rdfa(questions, resolve).replace('vocab="https://schema.org/"', 'prefix="schema: http://schema.org/"')
    for name in ("mainEntity", "name", "acceptedAnswer", "text"):
        text = text.replace(f'property="{name}"', f'property="schema:{name}"')
    for name in ("FAQPage", "Question", "Answer"):
        text = text.replace(f'typeof="{name}"', f'typeof="schema:{name}"')
    return text


def accordion(questions: list[Question], resolve: Callable[[str], str]) -> str:
    items = [
        f'<details class="faq-item"><summary>{html.escape(q.question)}</summary>\n'
        f"<div>{as_html(q.answer, resolve)}</div></details>"
        for q in questions
    ]
    return '<section class="faq-list">\n' + "\n".join(items) + "\n</section>"


VISIBLE = {
    "microdata": microdata, "both": microdata, "itemref": microdata_itemref, "meta": microdata_meta, "rdfa": rdfa,
    "rdfa-prefixed": rdfa_prefixed,
}  # fmt: skip


def visible(shape: str, questions: list[Question], resolve: Callable[[str], str]) -> str:
    """The questions as a reader sees them, marked up where the shape is not JSON-LD alone."""
    return VISIBLE.get(shape, accordion)(questions, resolve)
