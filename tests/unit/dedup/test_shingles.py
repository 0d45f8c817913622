"""Folded characters and shingles, against definitions spelled out character by character."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.dedup.fold import UNSPACED, folded
from faquarry.dedup.shingles import character_grams, normalised, word_shingles

TEXTS = st.lists(
    st.text(st.sampled_from("aBc é漢字かなカタ한글ไทย١2\u200d\u00ad İßﬁ'#+-—。？\n\U0001f600\U00020bb7"), max_size=20),
    max_size=6,
)


def words(text: str) -> list[tuple[str, bool]]:
    """Maximal stretches of one sort, and whether they are unspaced."""
    codes, _ = folded(pa.array([text]))
    found: list[tuple[str, bool]] = []
    before = 0
    for code in codes.tolist():
        if code:
            flag = bool(code & int(UNSPACED))
            if before and found[-1][1] == flag:
                found[-1] = (found[-1][0] + chr(code & 0xFFFFFF), flag)
            else:
                found.append((chr(code & 0xFFFFFF), flag))
        before = code
    return found


def spelled(text: str, run: int = 5) -> set[str]:
    found = set()
    for word, unspaced in words(text):
        grams = range(max(1, len(word) - run + 1))
        found |= {word[i : i + run] for i in grams} if unspaced else {word}
    return found


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("What IS it?", ["what", "is", "it"]),
        ("Don’t / don't", ["don", "t", "don", "t"]),
        ("C++ and C#, 5% of R&D", ["c++", "and", "c#", "5%", "of", "r&d"]),
        ("ＦＡＱ １２", ["faq", "12"]),
        ("soft\u00adware zero\u200bwidth", ["software", "zerowidth"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("ΤΈΛΟΣ τέλος", ["τέλοσ", "τέλοσ"]),
        ("付款PayPal吗", ["付款", "paypal", "吗"]),
        ("สวัสดีครับ", ["สวัสดีครับ"]),
        ("", []),
        ("?!… —", []),
    ],
)
def test_what_is_compared(text: str, plain: list[str]) -> None:
    assert [word for word, _ in words(text)] == plain


def test_shingles_of_an_unspaced_stretch() -> None:
    assert spelled("如何使用信用卡付款？") == {"如何使用信", "何使用信用", "使用信用卡", "用信用卡付", "信用卡付款"}
    assert spelled("付款") == {"付款"}


@given(TEXTS)
def test_shingles_are_the_spelled_out_ones(texts: list[str]) -> None:
    """Equal hashes stand for equal shingles, in every text of a batch, wherever it stands there."""
    found = word_shingles(pa.array(texts, pa.string()))
    names: dict[int, str] = {}
    for number, text in enumerate(texts):
        mine = set(found.hashes[found.starts[number] : found.starts[number + 1]].tolist())
        wanted = spelled(text)
        assert len(mine) == len(wanted)
        alone = {int(word_shingles(pa.array([shingle])).hashes[0]): shingle for shingle in wanted}
        assert mine == set(alone)
        assert all(names.setdefault(hash_, shingle) == shingle for hash_, shingle in alone.items())


@given(TEXTS, st.integers(2, 5))
def test_character_grams_are_the_spelled_out_ones(texts: list[str], n: int) -> None:
    found = character_grams(pa.array(texts, pa.string()), n)
    for number, text in enumerate(texts):
        codes, _ = folded(pa.array([text]))
        plain = "".join(chr(c & 0xFFFFFF) if c else " " for c in codes.tolist())
        plain = re.sub(" +", " ", plain).lstrip(" ")
        grams = {plain[i : i + n] for i in range(max(1, len(plain) - n + 1))} if plain else set()
        assert len(set(found.hashes[found.starts[number] : found.starts[number + 1]].tolist())) == len(grams)


def test_equal_grams_have_equal_hashes() -> None:
    one, other = (
        set(character_grams(pa.array([text])).hashes.tolist()) for text in ("to pay  by card", "To pay: by card!")
    )
    assert one == other


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How do I pay?", "how do i  pay", True),
        ("What is C++?", "What is C#?", False),
        ("Is 5% enough?", "Is 5 enough?", False),
        ("付款方式？", "付款方式", True),
        ("ab c", "a bc", False),
        ("Café", unicodedata.normalize("NFC", "Cafe\u0301"), True),
        ("Cafe", "Café", False),
    ],
)
def test_same_question(one: str, other: str, same: bool) -> None:
    first, second = normalised(pa.array([one, other])).tolist()
    assert (first == second) is same


def test_a_question_without_words_is_like_no_other() -> None:
    assert normalised(pa.array(["???", "", None])).tolist() == [0, 0, 0]


@given(TEXTS, st.integers(0, 3))
def test_a_slice_is_as_good_as_a_copy(texts: list[str], skip: int) -> None:
    whole = pa.array(["left out"] * skip + texts, pa.string()).slice(skip)
    copied = pa.array(texts, pa.string())
    for made in (word_shingles, character_grams):
        assert made(whole).hashes.tolist() == made(copied).hashes.tolist()
    assert normalised(whole).tolist() == normalised(copied).tolist()
