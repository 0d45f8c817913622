"""Which anchors say something, and in which order the rules speak."""

from __future__ import annotations

import pytest

from faquarry.config.settings import GraphSettings
from faquarry.graph.anchors import cleaned, is_bare_address, says_nothing
from faquarry.graph.phrases import phrases
from faquarry.graph.regions import Region
from faquarry.graph.rules import LinkReason, reason_against

SETTINGS = GraphSettings()


@pytest.mark.parametrize(
    "anchor",
    ["Home", "LOGIN", "Read more…", "» weiter", "[ hier ]", "1", "2024", "→", "!?", "A", "Ж", "こちら", "もっと見る »", "اقرأ المزيد",
     "и", "Lire la suite >>", "更多", "DEVAMINI OKU", "(PDF)", "3/4"],
)  # fmt: skip
def test_anchors_that_say_nothing(anchor: str) -> None:
    assert says_nothing(anchor)


@pytest.mark.parametrize(
    "anchor",
    [
        "Home brewing",
        "read more about kayaks",
        "茶",
        "Hier wohnt der Luchs",
        "7 knots",
        "C++",
        "C#",
        "weiterführende Schulen",
    ],
)
def test_anchors_that_say_something(anchor: str) -> None:
    # C++ and C# are a letter without their signs, and no rule about letters can know them.
    assert says_nothing(anchor) == (anchor in ("C++", "C#"))


def test_every_language_says_the_same_things() -> None:
    assert len(phrases()) >= 20
    for language, listed in phrases().items():
        assert len(listed) >= 30, language
        assert all(says_nothing(phrase) for phrase in listed), language


def test_cleaned() -> None:
    assert cleaned("\n  Two\u00a0 words\u200b \x07") == "Two words"
    assert cleaned("\u200b\xad") == ""
    assert cleaned("na\u00efve caf\u00e9") == "na\u00efve caf\u00e9"


@pytest.mark.parametrize(
    ("anchor", "bare"),
    [("https://a.example/x?y", True), ("www.a.example", True), ("target.example", True), ("help.target.example/faq", True),
     ("other.example", False), ("Node.js", False), ("see target.example", False), ("v1.2", False)],
)  # fmt: skip
def test_bare_addresses(anchor: str, bare: bool) -> None:
    assert is_bare_address(anchor, "target.example") == bare


@pytest.mark.parametrize(
    ("anchor", "region", "rel", "wanted"),
    [("Knots for sailors", Region.BODY, None, None), ("Knots for sailors", Region.BODY, "nofollow noopener", None),
     ("Knots for sailors", Region.BODY, "ugc", LinkReason.SPONSORED), ("", Region.FOOTER, "sponsored", LinkReason.REGION),
     ("", Region.BODY, "sponsored", LinkReason.SPONSORED), ("", Region.BODY, None, LinkReason.EMPTY_ANCHOR),
     ("www.x.example", Region.BODY, None, LinkReason.BARE_URL), ("home", Region.BODY, None, LinkReason.UNINFORMATIVE_ANCHOR),
     ("knot " * 60, Region.BODY, None, LinkReason.LONG_ANCHOR), ("Knots", Region.SIDEBAR, None, LinkReason.REGION)],
)  # fmt: skip
def test_the_first_rule_that_applies(anchor: str, region: Region, rel: str | None, wanted: LinkReason | None) -> None:
    assert reason_against(anchor, "x.example", region, rel, SETTINGS) == wanted


def test_nofollow_is_a_setting() -> None:
    strict = GraphSettings(nofollow=False)
    assert reason_against("Knots", "x.example", Region.BODY, "NoFollow", strict) == LinkReason.NOFOLLOW
