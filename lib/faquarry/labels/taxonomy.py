"""The two taxonomies: their classes under the names they are written with, and what each means.

Topics are those of WebFAQ's releases, by their published names (WebFAQ 2.0, table 2). Question types are the six of
Bolotova et al. 2022 ("A Non-Factoid Question-Answering Taxonomy", SIGIR) with factoid questions as the seventh, and
`not-a-question` for what stands in a question's place without asking anything (WebFAQ 2.0, table 3). Neither paper
defines its classes for FAQs; the sentences here are what our examples were labelled by, and what a language model is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from faquarry.errors import UsageError
from faquarry.labels.words import View
from faquarry.vectors.model import Field

__all__ = ["QUESTION_TYPE", "TAXONOMIES", "TOPIC", "Taxonomy", "taxonomies"]


@dataclass(frozen=True)
class Taxonomy:
    """`classes` maps a label to its definition; their order is the order of probabilities in a packaged head.

    `fields` are the vectors that tell, `view` the words that do. A question's type is told by the question alone: whoever
    writes examples gives away the type in the answer as no website does. `published` are the shares in WebFAQ 2.0, in
    percent.
    """

    name: str
    asks: str
    fields: tuple[Field, ...]
    view: View
    published: dict[str, float]
    classes: dict[str, str]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.classes)

    def label(self, written: str) -> str | None:
        """The label that is meant, whatever its case and punctuation; None when it is none of ours.

        >>> QUESTION_TYPE.label("NOT-A-QUESTION"), TOPIC.label("Entertainment, Recreation and Leisure")
        ('not-a-question', 'Entertainment, Recreation, and Leisure')
        """
        return {_folded(label): label for label in self.classes}.get(_folded(written))


def _folded(label: str) -> str:
    return re.sub(r"[\W_]+", "", label.casefold())


TOPIC = Taxonomy(
    "topic",
    "What is the pair about?",
    ("question", "answer"),
    "subject",
    {
        "Traveling and Hospitality": 59.2,
        "Products and Commercial Services": 18.9,
        "Healthcare Services, Wellness and Lifestyle": 5.6,
        "Entertainment, Recreation, and Leisure": 4.7,
        "Banking, Financial Services, and Insurance": 4.4,
        "General Information and Other": 4.4,
        "Employment, Education, and Training": 3.5,
        "Legal Services, Regulations and Government": 2.3,
    },
    {
        "Traveling and Hospitality": (
            "journeys and stays: hotels, flights, trains, car hire, visas for visitors, destinations, restaurants"
        ),
        "Products and Commercial Services": (
            "things and services that are bought: shops, delivery, returns, devices, software and online accounts, "
            "vehicles, trades, energy, telephones"
        ),
        "Healthcare Services, Wellness and Lifestyle": (
            "body and mind: illness, treatment, medicine, clinics, nutrition, fitness, beauty, pregnancy, animals' health"
        ),
        "Entertainment, Recreation, and Leisure": (
            "games, sport, films, music, museums, events, festivals, hobbies, clubs"
        ),
        "Banking, Financial Services, and Insurance": (
            "money: accounts, cards, loans, insurance policies, investing, pensions as products, crypto-currencies"
        ),
        "General Information and Other": (
            "an organisation, its people and website; nature, science, language, history, religion, charity, cooking and "
            "household; all else"
        ),
        "Employment, Education, and Training": (
            "jobs, applications, salaries, schools, universities, courses, examinations, certificates"
        ),
        "Legal Services, Regulations and Government": (
            "law and the state: lawyers, contracts, courts, taxes, permits, residence, elections, public offices, "
            "data protection"
        ),
    },
)

QUESTION_TYPE = Taxonomy(
    "question_type",
    "What kind of answer does the question ask for?",
    ("question",),
    "form",
    {
        "factoid": 33.6,
        "instruction": 10.3,
        "reason": 3.3,
        "evidence-based": 4.3,
        "comparison": 2.2,
        "experience": 11.6,
        "debate": 0.1,
        "not-a-question": 34.7,
    },
    {
        "factoid": (
            "a short fact: yes or no, a name, number, price, date, place, whether something is possible, included or allowed"
        ),
        "instruction": "how to do something: steps to take, a procedure",
        "reason": "why something is so, or what causes it",
        "evidence-based": "what something is, what it comprises or how it works: a definition or description of facts",
        "comparison": "how two or more things differ or agree, or which of them is better",
        "experience": "advice or a recommendation: what is best, suits, is worth it, what to expect, seen from practice",
        "debate": "a matter of opinion on which people take sides: whether something is right, fair, good or harmful",
        "not-a-question": "a heading, keyword, statement, exclamation or name in the place of a question",
    },
)

TAXONOMIES: dict[str, Taxonomy] = {taxonomy.name: taxonomy for taxonomy in (TOPIC, QUESTION_TYPE)}


def taxonomies(names: Iterable[str]) -> tuple[Taxonomy, ...]:
    """The taxonomies of these names, each once, in our order.

    Raises:
        UsageError: there is no such taxonomy.
    """
    wanted = set(names)
    unknown = sorted(wanted - set(TAXONOMIES))
    if unknown:
        raise UsageError(f"There is no taxonomy {unknown[0]}: this version has {' and '.join(TAXONOMIES)}.")
    return tuple(taxonomy for name, taxonomy in TAXONOMIES.items() if name in wanted)
