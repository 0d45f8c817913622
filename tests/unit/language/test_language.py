"""Languages: codes, scripts, hints, detectors, and what a page's pairs tell each other."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from faquarry.config.settings import LanguageSettings
from faquarry.language import Hints, identify_page, languages_of
from faquarry.language.codes import languages_of_suffix, to_iso639_3
from faquarry.language.detectors import detector_named
from faquarry.language.hints import hinted
from faquarry.language.scripts import deciding_script

DEFAULT = LanguageSettings()
PORTUGUESE = [
    (
        "Como posso devolver um produto?",
        "Pode devolver o produto em qualquer uma das nossas lojas no prazo de trinta dias.",
    ),
    ("Quanto custa o envio?", "O envio custa quatro euros; a partir de cinquenta euros não pagamos nada."),
    ("Vendem vales?", "Sim, na caixa."),
]


def codes(pairs: list[tuple[str, str]], hints: Hints = Hints(), settings: LanguageSettings = DEFAULT) -> list[str]:  # noqa: B008
    return [found.code for found in identify_page(pairs, hints, settings)]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "deu"), ("pt-BR", "por"), ("zh_Hant_TW", "zho"), ("yue", "zho"), ("cmn", "zho"), ("wuu", "zho"),
        ("nb", "nor"), ("nn-NO", "nor"), ("no", "nor"), ("arz", "ara"), ("ary", "ara"), ("iw", "heb"), ("fil", "tgl"),
        ("fa-IR", "fas"), ("EN", "eng"), ("hsb", "hsb"), ("x-default", None), ("faq", None), ("", None),
        ("english", None), ("12", None), ("d e", None), ("zz", None),
    ],
)  # fmt: skip
def test_tags_fold_to_iso639_3(tag: str, code: str | None) -> None:
    assert to_iso639_3(tag) == code


def test_suffixes_of_countries_and_of_nobody() -> None:
    assert languages_of_suffix("a.example.be") == ("nld", "fra")
    assert languages_of_suffix("a.example.io") == ()
    assert all(to_iso639_3(code) == code for host in ("x.ua", "x.ch", "x.in") for code in languages_of_suffix(host))


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Wie lange dauert der Versand?", "Latin"),
        ("Сколько стоит доставка?", "Cyrillic"),
        ("การรับประกัน MacBook Pro ใช้เวลานานเท่าไร", "Thai"),
        ("返品はできますか", "Kana"),
        ("可以退货吗", "Han"),
        ("반품할 수 있나요", "Hangul"),
        ("როგორ გადავიხადო", "Georgian"),
        ("2024 – 100 %", ""),
        ("", ""),
        ("\ud800 broken", "Latin"),
    ],
)
def test_deciding_script(text: str, script: str) -> None:
    assert deciding_script(text) == script


def test_hints_are_read_from_everywhere() -> None:
    found = dict(
        hinted(
            Hints(
                url="https://fr.shop.example.de/it/faq?lang=es",
                html_lang="pt-PT",
                alternates=(("nl", "https://fr.shop.example.de/it/faq?lang=es"), ("pl", "https://elsewhere.example/")),
            )
        )
    )
    assert found == {"html": "por", "path": "ita", "host": "fra", "query": "spa", "self": "nld", "suffix": "deu"}


def test_declared_english_is_a_hint_of_its_own_and_words_are_none() -> None:
    assert dict(hinted(Hints(url="https://example.com/faq/app", html_lang="en-US"))) == {"html-eng": "eng"}
    assert list(hinted(Hints(url="http://[broken"))) == []


def test_pairs_of_a_page_inform_each_other() -> None:
    """A question too short to tell Portuguese from Galician is Portuguese on a Portuguese page."""
    alone = identify_page([PORTUGUESE[2]], Hints(), DEFAULT)[0]
    together = identify_page(PORTUGUESE, Hints(), DEFAULT)
    assert [found.code for found in together] == ["por"] * 3
    assert together[2].confidence > alone.confidence


def test_text_beats_a_wrong_declaration() -> None:
    assert codes(PORTUGUESE[:1], Hints(url="https://example.com/en/faq", html_lang="en")) == ["por"]


def test_a_foreign_pair_on_a_page_keeps_its_language() -> None:
    english = (
        "How do I change my delivery address?",
        "Open your account, choose addresses and enter the new one there.",
    )
    assert codes([*PORTUGUESE, english], Hints(html_lang="pt")) == ["por", "por", "por", "eng"]


def test_a_unique_script_decides_without_a_model() -> None:
    [found] = identify_page([("მიწოდება ფასიანია?", "არა, უფასოა.")], Hints(html_lang="en"), DEFAULT)
    assert (found.code, found.by) == ("kat", "script")


def test_scripts_rule_languages_out() -> None:
    assert codes([("Да или нет", "Можно вернуть товар в течение двух недель.")]) == ["rus"]
    assert codes([("可以退货吗？", "十四天内可以退货。")], Hints(html_lang="en")) == ["zho"]


def test_no_letters_is_undetermined_alone_and_goes_with_its_page() -> None:
    assert codes([("1 + 1 = ?", "2")]) == ["und"]
    assert codes([*PORTUGUESE, ("1 + 1 = ?", "2")])[-1] == "por"


def test_languages_that_were_added_to_the_model() -> None:
    sorbian = ("Kak móžu wobstajnje změnić swoje hesło?", "Klikńće na nastajenja a zapodajće nowe hesło dwójce.")
    assert codes([sorbian]) == ["hsb"]
    assert {"hsb", "dsb", "roh", "cak", "ina"} <= set(detector_named("py3langid").languages)


def test_over_a_hundred_languages() -> None:
    assert len(detector_named("py3langid").languages) >= 150


@pytest.mark.parametrize("name", ["py3langid", "fasttext", "langdetect"])
def test_detectors_keep_the_interface(name: str) -> None:
    detector = detector_named(name)
    scores = detector.scores([PORTUGUESE[0][0] + " " + PORTUGUESE[0][1], "123"])
    assert scores.shape == (2, len(detector.languages))
    assert np.isfinite(scores).all()
    assert detector.languages[int(scores[0].argmax())] == "por"
    assert len(set(detector.languages)) == len(detector.languages)
    settings = LanguageSettings(detector=name)
    assert codes(PORTUGUESE, settings=settings) == ["por"] * 3


def test_webfaq_rule_takes_the_url_from_little_evidence_and_drops_what_has_none() -> None:
    rule = LanguageSettings(rule="webfaq")
    [plain] = identify_page(PORTUGUESE[:1], Hints(url="https://example.com/help"), rule)
    assert (plain.code, plain.by, plain.sure) == ("por", "text", True)
    # Danish and Norwegian are near enough to each other for the address to decide.
    doubtful = [("Hvor er butikken?", "Butikken ligger i byen.")]
    for tag, code in (("da", "dan"), ("no", "nor")):
        [turned] = identify_page(doubtful, Hints(url=f"https://example.com/shop/{tag}/faq"), rule)
        assert (turned.code, turned.by, turned.sure) == (code, "hint", True)
    [kept] = identify_page(doubtful, Hints(url="https://example.com/ja/faq"), rule)
    assert kept.by == "text"
    [lost] = identify_page([("xq zzkw vvb?", "qqj xxw kkz vvq")], Hints(), rule)
    assert lost.sure == (lost.confidence >= 0.25)


def test_a_floor_on_confidence_marks_what_is_below() -> None:
    strict = LanguageSettings(min_confidence=0.9999)
    assert [found.sure for found in identify_page([("Vale?", "No.")], Hints(), strict)] == [False]


def test_same_result_in_any_company() -> None:
    """The order of pairs does not change what each is."""
    forward = identify_page(PORTUGUESE, Hints(), DEFAULT)
    backward = identify_page(PORTUGUESE[::-1], Hints(), DEFAULT)[::-1]
    assert [f.code for f in forward] == [b.code for b in backward]
    assert [f.confidence for f in forward] == pytest.approx([b.confidence for b in backward])


@pytest.mark.real
def test_languages_of_real_translated_faqs(data: Path) -> None:
    """63 languages; hints as the pages of the same data give them (lang attribute and path)."""
    pages: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(data / "web" / "faq-aligned.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            pages[row["url"]].append(row)
    right, total = Counter[str](), Counter[str]()
    for url, rows in pages.items():
        hints = Hints(url=url, html_lang=rows[0]["locale"])
        for row, code in zip(rows, codes([(r["question"], r["answer"]) for r in rows], hints), strict=True):
            total[row["language"]] += 1
            right[row["language"]] += code == row["language"]
    assert sum(right.values()) / sum(total.values()) >= 0.98
    assert sum(right[code] / total[code] for code in total) / len(total) >= 0.93


def test_many_pages_at_once_as_one_after_the_other() -> None:
    texts = [
        "Wie lange dauert der Versand?",
        "Quanto tempo demora a entrega?",
        "Πόσο κοστίζει;",
        "",
        "123",
        "送料はいくらですか",
        "Is it far?",
    ]
    hints = [Hints(html_lang=lang) for lang in ("en", "pt", None, "de", None, "ja", "de")]
    for settings in (
        LanguageSettings(),
        LanguageSettings(page_evidence=False),
        LanguageSettings(hints=False, min_confidence=0.6),
    ):
        alone = [identify_page([(text, "")], one, settings)[0] for text, one in zip(texts, hints, strict=True)]
        together = languages_of([f"{text} " for text in texts], hints, settings)
        assert together == [one.code if one.sure else "und" for one in alone]
