"""The nouns of a page: what `extract_page` returns. Frozen, no Spark, no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Alternate", "Extraction", "Page", "Pair", "Reason", "Reject", "pair_id"]


class Reason(StrEnum):
    """Why something is not a pair: the enumeration behind `rejects.reason`."""

    # of a record (stage `read`)
    DAMAGED = "damaged"  # a member or header that cannot be read
    TRUNCATED = "truncated"  # the file or the record ends early
    TOO_LARGE = "too_large"  # the payload exceeds extract.max_record_bytes after decoding
    UNDECODABLE = "undecodable"  # no content coding gives text
    # of a page (stages `markup` and `graph`)
    NO_ADDRESS = "no_address"  # the record's address is none of a web page
    TIMEOUT = "timeout"  # extract.max_page_s ran out
    NO_MARKUP = "no_markup"  # the bytes say FAQPage, no markup does (CSS, scripts, prose)
    BROKEN_MARKUP = "broken_markup"  # a block names FAQPage and no rung of the ladder can read it
    TOO_DEEP = "too_deep"  # nesting beyond what any real page needs
    NO_QUESTIONS = "no_questions"  # a FAQPage without mainEntity
    FAILED = "failed"  # an error of ours; the detail names it
    # of a question (stage `pairs`)
    NOT_IN_FAQPAGE = "not_in_faqpage"  # a Question of a QAPage, or of no page at all
    NO_NAME = "no_name"  # a Question without text
    NO_ANSWER = "no_answer"  # a Question without an answer that has text
    # of a pair (stage `filter`)
    EMPTY_QUESTION = "empty_question"  # nothing left after cleaning
    EMPTY_ANSWER = "empty_answer"
    SHORT_QUESTION = "short_question"
    SHORT_ANSWER = "short_answer"
    ANSWER_IS_QUESTION = "answer_is_question"  # the answer holds a question mark
    MANY_LINES = "many_lines"
    TEMPLATE = "template"  # untranslated template text: {{ faq.title }}, %s, lorem ipsum
    NOT_A_SENTENCE = "not_a_sentence"  # no letters of any script, or an address, a number, a key
    BOILERPLATE = "boilerplate"  # one answer to many questions across a site
    # of a pair (stage `language`)
    LANGUAGE = "language"  # no language is sure enough


@dataclass(frozen=True, slots=True)
class Alternate:
    """One ``link rel=alternate hreflang``; `href` is absolute."""

    hreflang: str
    href: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page that carries FAQ markup, as far as its own bytes tell.

    `markup` is JSON: a list of the page's FAQPage nodes after repair, references resolved and inlined, so that pairs
    can be derived again without the crawl; ``@syntax`` says where each node was read. `questions` counts the distinct
    Questions of these nodes: each is a pair or a reject with a `position`. `syntaxes` is sorted.
    `repair` names the rungs of the ladder that mended a
    block, joined by '+', or None.
    """

    url: str
    title: str | None = None
    description: str | None = None
    keywords: str | None = None
    author: str | None = None
    html_lang: str | None = None
    canonical: str | None = None
    alternates: tuple[Alternate, ...] = ()
    markup: str = "[]"
    syntaxes: tuple[str, ...] = ()
    repair: str | None = None
    questions: int = 0
    charset: str = "utf-8"
    charset_by: str = "default"  # bom | header | meta | detector | default
    replaced: int = 0  # U+FFFD put in for undecodable bytes
    robots: str | None = None
    opt_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer, cleaned.

    `position` counts the distinct questions of the page from 0: JSON-LD first, then Microdata, then RDFa, each in document
    order.
    """

    position: int
    question: str
    answer: str
    syntax: str  # json-ld | microdata | rdfa
    accepted: bool = True  # False: only suggested answers were given, this is the best of them

    @property
    def id(self) -> str:
        return pair_id(self.question, self.answer)


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that names a FAQ and did not become a pair, with its reason."""

    stage: str  # read | markup | pairs | filter | language
    reason: Reason
    detail: str | None = None
    position: int | None = None
    question: str | None = None
    answer: str | None = None
    excerpt: str | None = None  # at most 4 KiB in UTF-8


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one page gave. `page` is None when the page holds no FAQ node (then `rejects` says why)."""

    page: Page | None
    pairs: tuple[Pair, ...] = field(default=())
    rejects: tuple[Reject, ...] = field(default=())


def pair_id(question: str, answer: str) -> str:
    """WebFAQ's own id: md5 of ``question + " " + answer``, newlines as spaces, stripped.

    >>> pair_id("What is a quarry?", "A place where stone is cut.\\n")
    '3ef46c61325a5c2606d057a7e9b26619'
    """
    joined = f"{question} {answer}".replace("\n", " ").strip()
    return hashlib.md5(joined.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
