"""One page in one language: its bytes as a server would send them, and what a careful reader finds on it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sampleweb.address import alternates, origin, resolve, url_of
from sampleweb.frame import Frame, dress
from sampleweb.markup import JSON_LD, Place, Question, json_ld, visible
from sampleweb.prose import as_html, as_text, links_of
from sampleweb.sources import Entry, Page, Site
from sampleweb.spoil import RUNG
from sampleweb.words import LANGUAGES, WORDS

__all__ = ["Rendered", "render"]

WHATWG = {"iso-8859-1": "windows-1252", "iso-8859-7": "iso-8859-7"}  # labels that name another encoding
NO_FAQ = {"none", "qa-page", "bare"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """`body` is the decoded payload; `pairs`, `rejects`, `links` and `page` are rows of expected.json."""

    site: Site
    source: Page
    language: str
    url: str
    body: bytes
    content_type: str
    headers: list[tuple[str, str]]
    page: Row
    pairs: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)


class Renderer:
    """Holds what every part of one page needs."""

    def __init__(self, sites: Mapping[str, Site], site: Site, page: Page, language: str) -> None:
        self.sites, self.site, self.page, self.language = sites, site, page, language
        self.url = url_of(site, page, language)
        self.shape = self.option("markup", "json-ld") if page.entries else "none"
        self.entries = [e for e in page.entries if language in e.texts][: 1 if self.shape == "lone" else None]
        self.links: list[Row] = []

    def option(self, name: str, default: str = "") -> str:
        return self.page.options.get(name, self.language, default)

    def resolve(self, target: str) -> str:
        return resolve(self.sites, target, self.language)

    def note_links(self, text: str, region: str) -> str:
        self.links += [
            {"src": self.url, "dst": self.resolve(target), "anchor": anchor, "region": region}
            for anchor, target in links_of(text)
        ]
        return text

    def question(self, entry: Entry, number: int) -> Question:
        question, answer = entry.texts[self.language]
        match self.option("labels"):
            case "qa":
                question, answer = f"Q: {question}", f"A: {answer}"
            case "numbers":
                question = f"{number}. {question}"
        rich = self.option("answers", "plain")
        return Question(entry.key, question, answer, entry.options.get("accepted", default="yes") == "yes", rich)

    def main(self, questions: list[Question]) -> str:
        parts = [f"<h1>{html.escape(self.option('title'))}</h1>"]
        paragraphs = [text for text in (self.option("intro"), *self.page.body) if text]
        for text in paragraphs:
            if text.startswith("== "):
                parts.append(f"<h2>{html.escape(text[3:])}</h2>")
            else:
                parts.append(as_html(self.note_links(text, "body"), self.resolve))
        if questions:
            for question in questions:
                self.note_links(question.answer, "body")
            parts.append(visible(self.shape, questions, self.resolve))
        if aside := self.option("aside"):
            heading = WORDS[self.language]["related"]
            listed = as_html(self.note_links(aside, "aside"), self.resolve)
            parts.append(f'<aside class="related"><h2>{html.escape(heading)}</h2>{listed}</aside>')
        return "\n".join(parts)

    def head(self, questions: list[Question]) -> str:
        parts = [
            f'<link rel="alternate" hreflang="{tag}" href="{html.escape(href)}">'
            for tag, href in alternates(self.site, self.page)
        ]
        robots = self.option("robots")
        if robots.startswith("meta "):
            parts.append(f'<meta name="robots" content="{robots[5:]}">')
        elif robots == "tdm-meta":
            parts.append('<meta name="tdm-reservation" content="1">')
        if questions and self.shape in JSON_LD:
            place = Place(
                self.url,
                self.option("title"),
                self.site.options.get("name", self.language),
                origin(self.site, self.page, self.language),
                LANGUAGES[self.language].tag,
            )
            parts.append(
                json_ld(self.shape, questions, place, self.option("json", "indent"), self.option("spoil"), self.resolve)
            )
        return "\n".join(parts + mention(self.option("mention"), questions))

    def frame(self, questions: list[Question]) -> Frame:
        charset, by = charset_of(self)
        nav = [
            (
                p.options.get("menu", self.language) or p.options.get("title", self.language),
                url_of(self.site, p, self.language),
            )
            for p in self.site.pages.values()
            if self.language in p.languages()
            and p.options.get("menu", self.language) != "-"
            and not p.options.get("type")
        ]
        partners = links_of(self.note_links(self.option("nav"), "nav"))
        nav += [(anchor, self.resolve(target)) for anchor, target in partners]
        main = self.main(questions)
        footer = self.note_links(self.option("footer"), "footer")
        intro = as_text(self.option("intro") or next((b for b in self.page.body if not b.startswith("==")), ""))
        return Frame(
            language=self.language,
            html_lang=self.option("html-lang", LANGUAGES[self.language].tag),
            url=self.url,
            site=self.site.options.get("name", self.language),
            title=self.option("title"),
            description=intro.split("\n")[0][:160],
            canonical="" if self.option("canonical") == "no" else self.url,
            charset_meta=f'<meta charset="{charset}">'
            if by == "meta" or (by == "header" and charset == "utf-8")
            else "",
            head_html=self.head(questions),
            main_html=main,
            nav=nav,
            tongues=[
                (LANGUAGES[language].tag, url_of(self.site, self.page, language))
                for language in self.page.languages()
                if language != self.language
            ],
            footer_html=as_html(footer, self.resolve) if footer else "",
            tagline=self.option("tagline"),
        )

    def rows(self) -> tuple[list[Row], list[Row]]:
        """(pairs, rejects) of the page, by what its author wrote."""
        pairs: list[Row] = []
        rejects: list[Row] = []
        if self.shape in NO_FAQ:
            if self.option("mention"):
                rejects.append(whole_page(self.url, "no_markup"))
            return pairs, rejects
        if self.shape == "empty":
            return pairs, [whole_page(self.url, "no_questions")]
        syntax = {"itemref": "microdata", "meta": "microdata", "microdata": "microdata"}.get(self.shape, "json-ld")
        syntax = "rdfa" if self.shape.startswith("rdfa") else syntax
        for position, entry in enumerate(self.entries):
            question, answer = entry.texts[self.language]
            reason = entry.options.get("reject", self.language)
            if reason and reason != "boilerplate":
                stage = "pairs" if reason in ("no_name", "no_answer") else "filter"
                rejects.append(
                    {"url": self.url, "stage": stage, "reason": reason, "position": position, "question": question}
                )
                continue
            pairs.append(
                {
                    "url": self.url,
                    "position": position,
                    "language": self.language,
                    "key": entry.copy_of or f"{self.site.host}#{self.page.id}/{entry.key}",
                    "syntax": syntax,
                    "accepted": entry.options.get("accepted", default="yes") == "yes",
                    "question": as_text(question),
                    "answer": as_text(answer),
                }
            )
        return pairs, rejects

    def row(self, questions: list[Question]) -> Row:
        charset, by = charset_of(self)
        robots = self.option("robots")
        said = robots.partition(" ")[2] if robots.startswith(("meta ", "header ")) else ""
        opt_out = [
            word.strip()
            for word in said.split(",")
            if word.strip().startswith("no") and word.strip() not in ("noindex", "nofollow")
        ]
        faq = bool(questions) and self.shape not in NO_FAQ
        syntaxes = (
            ["json-ld", "microdata"]
            if self.shape == "both"
            else ["rdfa"]
            if self.shape.startswith("rdfa")
            else ["json-ld"]
            if self.shape in JSON_LD
            else ["microdata"]
        )
        return {
            "url": self.url,
            "host": self.url.split("/")[2],
            "site": ".".join(self.site.host.split(".")[-2:]),
            "page": f"{self.site.host}#{self.page.id}",
            "language": self.language,
            "title": f"{self.option('title')} | {self.site.options.get('name', self.language)}",
            "html_lang": self.option("html-lang", LANGUAGES[self.language].tag),
            "faq": faq,
            "markup": self.shape,
            "syntaxes": syntaxes if faq else [],
            "questions": len(self.entries) if faq and self.shape != "empty" else 0,
            "repair": RUNG.get(self.option("spoil")) if faq else None,
            "charset": WHATWG.get(charset, charset),
            "charset_by": "meta" if self.option("damage") == "bare" else by,
            "robots": said or None,
            "opt_out": sorted(opt_out + (["tdm-reservation"] if robots.startswith("tdm") else [])),
            "alternates": [list(pair) for pair in alternates(self.site, self.page)],
            "damage": self.option("damage") or None,
        }


def whole_page(url: str, reason: str) -> Row:
    return {"url": url, "stage": "markup", "reason": reason, "position": None, "question": None}


def charset_of(page: Renderer) -> tuple[str, str]:
    charset, _, by = page.option("charset", "utf-8 header").partition(" ")
    return charset, by


def mention(way: str, questions: list[Question]) -> list[str]:
    """Places where the word FAQPage stands without being markup."""
    nodes = [
        {"@type": "Question", "name": q.question, "acceptedAnswer": {"text": as_text(q.answer)}} for q in questions
    ]
    data = json.dumps({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": nodes}, ensure_ascii=False)
    match way:
        case "css":
            return ["<style>.FAQPage { max-width: 40rem } .FAQPage .Question { font-weight: 600 }</style>"]
        case "script":
            return [
                '<script>var kinds = { faq: "FAQPage", shop: "Product" }; document.documentElement.dataset.kind = kinds.faq;</script>'
            ]
        case "state":
            return [
                f'<script id="__STATE__" type="application/json">{data.replace("</", "<" + chr(92) + "/")}</script>'
            ]
        case "comment":
            return [f'<!-- <script type="application/ld+json">{data.replace("--", "- -")}</script> -->']
    return []  # "prose": the author wrote it into the text


def raw(sites: Mapping[str, Site], site: Site, page: Page, language: str) -> Rendered:
    """A file that is no page: its lines as they are."""
    renderer = Renderer(sites, site, page, language)
    row = replace_row(renderer.row([]), charset_by="header")
    pairs, rejects = renderer.rows()
    body = ("\n".join(page.body) + "\n").encode()
    return Rendered(site, page, language, renderer.url, body, page.options.get("type"), [], row, pairs, rejects)


def replace_row(row: Row, **changes: object) -> Row:
    return {**row, **changes}


def render(sites: Mapping[str, Site], site: Site, page: Page, language: str) -> Rendered:
    """The page and what is expected of it."""
    if page.options.get("type"):
        return raw(sites, site, page, language)
    renderer = Renderer(sites, site, page, language)
    questions = [renderer.question(entry, n) for n, entry in enumerate(renderer.entries, 1)]
    text = dress(renderer.option("theme", "plain"), renderer.frame(questions))
    charset, by = charset_of(renderer)
    body = text.encode(charset, "xmlcharrefreplace")
    if by == "bom":
        body = b"\xef\xbb\xbf" + body
    robots = renderer.option("robots")
    headers = [("X-Robots-Tag", robots[7:])] if robots.startswith("header ") else []
    headers += [("TDM-Reservation", "1")] if robots == "tdm-header" else []
    kind = f"text/html; charset={charset}" if by == "header" else "text/html"
    pairs, rejects = renderer.rows()
    result = Rendered(
        site, page, language, renderer.url, body, kind, headers, renderer.row(questions), pairs, rejects, renderer.links
    )
    return replace(result, links=sorted(result.links, key=lambda row: (row["region"], row["dst"], row["anchor"])))
