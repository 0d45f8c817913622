"""Perturbations: budgets hold, what is not text stays, graphemes stay whole, and the same bytes come out everywhere."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.errors import UsageError
from faquarry.robustness.perturb import OPERATIONS, STRENGTHS, Strength, perturb, perturb_many
from faquarry.robustness.perturb.choose import malformed
from faquarry.robustness.perturb.perturbed import applied
from faquarry.robustness.perturb.pieces import Pieces, clusters, protected_spans

TEXTS = {
    "eng": "What is the warranty of a Nokia 3310, bought at www.shop.example/a1 in the 1990s? Mail me@shop.example!",
    "deu": "Wie lange gilt die Garantie für 2 Geräte aus Österreich?",
    "fra": "Où est né le célèbre écrivain, et qu'a-t-il écrit à 25 ans ?",
    "tur": "İade süresi kaç gündür, Iğdır'a ücretsiz kargo var mı?",
    "rus": "Сколько ещё действует гарантия на 3 прибора?",
    "ukr": "Скільки коштує її доставка до Києва за 24 години?",
    "ell": "Πόσο διαρκεί η εγγύηση των 2 ετών;",
    "heb": "כמה זמן האחריות בתוקף עד 2025?",
    "ara": "كَم مُدّة الضمان على الأجهزة الجديدة إلى ٣١ ديسمبر؟",
    "fas": "مدت گارانتی دستگاه می‌تواند چقدر باشد؟",
    "hin": "वारंटी की अवधि १२ महीने है या ज़्यादा, और क्या शर्तें हैं?",
    "ben": "ওয়ারেন্টি কতদিন থাকে এবং কোথায় পাওয়া যায়?",
    "tam": "உத்தரவாதம் எவ்வளவு காலம் நீடிக்கும்?",
    "tha": "การรับประกันมีระยะเวลากี่ปี และเริ่มเมื่อไหร่ในปี 2024",
    "kor": "보증 기간은 얼마나 되며 24시간 상담이 됩니까?",
    "jpn": "ほしょうきかんは2年ですか、コーヒーは?",
    "zho": "保修期有多长时间？2024年以后呢？",
    "vie": "Thời hạn bảo hành của điện thoại là bao lâu, 12 tháng?",
    "kat": "რამდენ ხანს მოქმედებს გარანტია?",
    "hye": "Որքա՞ն է երաշխիքի ժամկետը։",
}
LANGUAGES = sorted(TEXTS)
NO_PLACE = {  # the operation means something there, and these texts have nothing to do it to
    *(("diacritics", language) for language in ("eng", "heb")),
    *(("diacritics_wrong", language) for language in ("eng",)),
    ("homoglyph", "hye"),
    ("homoglyph", "zho"),
}
GRAPHEMES = [name for name, operation in OPERATIONS.items() if operation.unit == "graphemes"]


def distance(first: str, second: str) -> int:
    """Damerau's distance over graphemes (transposed neighbours count once, no grapheme edited twice)."""
    a, b = clusters(first), clusters(second)
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


texts = st.sampled_from(LANGUAGES).flatmap(
    lambda language: st.tuples(
        st.just(language),
        st.one_of(
            st.just(TEXTS[language]),
            st.lists(st.sampled_from(TEXTS[language].split()), min_size=1, max_size=8).map(" ".join),
            st.text(alphabet=TEXTS[language] + " e\u0301👩‍👧🇩🇪", max_size=40),
        ),
    )
)


@given(texts, st.sampled_from(sorted(OPERATIONS)), st.sampled_from(STRENGTHS), st.integers(0, 99))
def test_promises_of_every_operation(text: tuple[str, str], name: str, strength: str, seed: int) -> None:
    language, original = text
    result = perturb(original, language, name, strength, seed, "key")
    assert applied(original, result.edits) == result.text
    assert result.changed == (result.text != original) == bool(result.edits) == result.applies
    assert all(original[edit.at : edit.at + len(edit.before)] == edit.before for edit in result.edits)
    assert [d for d in original if d.isdigit()] == [d for d in result.text if d.isdigit()]
    kept = [original[start:end] for start, end in protected_spans(original)]
    assert all(result.text.count(span) >= kept.count(span) for span in kept)
    assert malformed(result.text) <= malformed(original)
    if unicodedata.is_normalized("NFC", original):
        assert unicodedata.is_normalized("NFC", result.text)
    if name in GRAPHEMES:
        budget = Strength.of(strength).budget(len(Pieces(original).editable))
        assert distance(original, result.text) <= len(result.edits) <= budget


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operations_apply_where_they_say(name: str, language: str) -> None:
    results = perturb_many([TEXTS[language]] * 5, language, name, "10%", 0, list("abcde"))
    if not OPERATIONS[name].applies_to(language):
        assert {(r.text, r.edits, r.changed, r.applies) for r in results} == {(TEXTS[language], (), False, False)}
    elif (name, language) not in NO_PLACE:
        assert all(result.applies for result in results)


@pytest.mark.parametrize("language", ["eng", "hin", "kor", "vie"])
def test_order_batches_processes_and_hash_seeds_change_nothing(language: str) -> None:
    keys = [f"q{i}" for i in range(40)]
    queries = [f"{TEXTS[language]} {'x' * (i % 3)}" for i in range(40)]
    names = [name for name in OPERATIONS if OPERATIONS[name].applies_to(language)]
    once = {name: perturb_many(queries, language, name, "10%", 7, keys) for name in names}
    for name in names:
        backwards = perturb_many(queries[::-1], language, name, "10%", 7, keys[::-1])[::-1]
        halves = [*perturb_many(queries[:13], language, name, "10%", 7, keys[:13])]
        halves += perturb_many(queries[13:], language, name, "10%", 7, keys[13:])
        single = [perturb(text, language, name, "10%", 7, key) for text, key in zip(queries, keys, strict=True)]
        assert once[name] == backwards == halves == single


def test_another_process_and_hash_seed_give_the_same_bytes() -> None:
    program = (
        "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
        "from faquarry.robustness.perturb import OPERATIONS, perturb\n"
        "for language, text in (('eng', 'how long is the warranty'), ('hin', 'वारंटी की अवधि कितनी है'),"
        " ('vie', 'Thời hạn bảo hành'), ('ara', 'إلى الأجهزة الجديدة'), ('kor', '보증 기간은 얼마나')):\n"
        "    for name in OPERATIONS:\n"
        "        print(*perturb(text, language, name, '20%', 3, 'k'))\n"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"}, capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(shown) == 1
    assert shown.pop().count(b"True") > 30


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "a-" * 20_000 + "!", "x." * 20_000 + "@", "1." * 20_000, "#" * 9_999, "漢" * 9_999]
)
def test_long_runs_take_no_longer_than_long_texts(text: str) -> None:
    spans = protected_spans(f"{text} 1 x@y.org")
    assert spans[-1][1] == len(text) + 10
    assert perturb(text, "und", "swap", 1).text.count(text[0]) == text.count(text[0])


def test_what_stands_protected() -> None:
    text = "Is COVID-19 at shop.example.de/x?y=1 (see WWW.x.org), 3.5 mm, 在2019年, me+a@b.co.uk or @me #tag H2O?"
    assert [text[start:end] for start, end in protected_spans(text)] == [
        *("COVID-19", "shop.example.de/x?y=1", "WWW.x.org),", "3.5", "2019", "me+a@b.co.uk", "@me", "#tag", "H2O"),
    ]


def test_seeds_keys_and_strengths_draw_anew() -> None:
    text = TEXTS["eng"]
    by_key = {perturb(text, "eng", "keyboard", "10%", 0, f"k{i}").text for i in range(50)}
    by_seed = {perturb(text, "eng", "keyboard", "10%", i, "k").text for i in range(50)}
    assert len(by_key) == len(by_seed) == 50
    assert perturb(text, "eng", "keyboard", 1, 0, "k") == perturb(text, "en-US", "keyboard", "1", 0, "k")


def test_places_are_drawn_evenly() -> None:
    text, n = "abcdefghij", 4000
    counts = [0] * 10
    for result in perturb_many([text] * n, "eng", "substitute", 1, 0, [str(i) for i in range(n)]):
        counts[result.edits[0].at] += 1
    expected = n / 10
    assert sum((count - expected) ** 2 / expected for count in counts) < 27.9  # chi-square, 9 degrees, p = 0.001


def test_marks_that_are_vowels_stay() -> None:
    for language in ("hin", "tha", "kor", "ben", "tam"):
        assert not perturb(TEXTS[language], language, "diacritics", "20%").applies
    assert perturb("ещё мой", "rus", "diacritics", "20%").text == "еще мой"
    assert perturb("é", "fra", "diacritics", 1).text == "e"


def test_scripts_with_their_own_rules() -> None:
    assert perturb("từ", "vie", "tone", 1).text in ("tứ", "tữ", "tử", "tự", "tư")
    assert perturb("إلى", "ara", "arabic", 1, key="1").text in ("الى", "ألى", "إلي")
    assert perturb("की", "hin", "matra", 1).text == "कि"
    assert perturb("개", "kor", "jamo", 1, key="1").text in ("게", "깨", "캐")
    assert perturb("ㅋㅋ", "kor", "jamo", 1).applies is False
    assert perturb("i", "tur", "case", 1).text == "İ"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("x", "eng", "delte", 1), "There is no operation 'delte'"),
        (("x", "eng", "delete", "0"), "The strength '0' is not understood"),
        (("x", "eng", "delete", "200%"), "is not understood"),
        (("x", "klingonish", "delete", 1), "There is no language"),
    ],
)
def test_mistakes_are_sentences(arguments: tuple[str, str, str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        perturb(*arguments)
    with pytest.raises(UsageError, match="2 texts and 1 keys"):
        perturb_many(["a", "b"], "eng", "delete", 1, 0, ["a"])
