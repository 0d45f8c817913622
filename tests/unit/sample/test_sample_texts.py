"""The texts are clean Unicode, in the language they claim, long enough, and translated side by side."""

import unicodedata
from collections import Counter

import pytest
from sampleweb.words import LANGUAGES, WORDS

LATIN_WORDS = {  # words that hardly a paragraph of the language does without
    "deu": "der die das und ist nicht ein eine Sie den im von für auf mit zu sich es wir",
    "eng": "the a an is of to and in you for on it with are we that be",
    "fra": "le la les l’ de des est une un et pour en à dans du nous vous d’ au",
    "ita": "il la le di è un una e per in del dalle con non che al alla ci i gli",
    "nld": "de het een en van is niet op voor u met in te na aan",
    "pol": "i w z na się nie do jest od po za a",
    "por": "o a os as de que e um uma do da é no na para em com se",
    "spa": "el la los las de que y un una es en por con no se del al",
    "tur": "ve bir için de da ile olarak var en her kadar size ne gece üç",
    "vie": "có và của không được từ trong một quán",
}
EXTRA = {"JAPANESE": ("HIRAGANA", "KATAKANA", "CJK"), "HIRAGANA": ("HIRAGANA", "KATAKANA", "CJK")}


def script_of(letter):
    return unicodedata.name(letter, "?").split()[0]


@pytest.fixture(scope="module")
def pages(expected):
    """(language, text of all its pairs) of every page."""
    texts = {}
    for row in expected["pairs"]:
        texts.setdefault((row["url"], row["language"]), []).append(f"{row['question']} {row['answer']}")
    return {key: " ".join(parts) for key, parts in texts.items()}


def test_texts_are_nfc_without_controls_or_stray_blanks(expected):
    for row in expected["pairs"]:
        for text in (row["question"], row["answer"]):
            assert text == unicodedata.normalize("NFC", text)
            assert text == text.strip()
            assert "  " not in text
            assert not any(
                unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn") for letter in text.replace("\n", "")
            )


def test_texts_are_in_the_script_of_their_language(pages):
    for (url, language), text in pages.items():
        wanted = LANGUAGES[language].script
        allowed = EXTRA.get(wanted, (wanted,))
        scripts = Counter(script_of(letter) for letter in text if letter.isalpha())
        share = sum(scripts[name] for name in allowed) / scripts.total()
        assert share > 0.8, f"{url}: {scripts}"
        if wanted == "HIRAGANA":
            assert scripts["HIRAGANA"] > scripts["CJK"] / 2, url


def test_texts_in_latin_letters_use_the_words_of_their_language(pages):
    wordlists = {language: set(words.lower().split()) for language, words in LATIN_WORDS.items()}
    for (url, language), text in pages.items():
        if LANGUAGES[language].script != "LATIN":
            continue
        words = text.lower().replace("’", "’ ").split()
        score = {name: sum(word.strip(".,:;?!¿¡") in known for word in words) for name, known in wordlists.items()}
        assert max(score, key=score.__getitem__) == language, f"{url}: {score}"


def test_cyrillic_texts_use_the_letters_of_their_language(pages):
    for (url, language), text in pages.items():
        if language == "rus":
            assert not set(text.lower()) & set("іїєґ"), url
        if language == "ukr":
            assert not set(text.lower()) & set("ыэёъ"), url
            assert set(text.lower()) & set("іїє"), url


def test_pairs_pass_the_strictest_filters(expected):
    for row in expected["pairs"]:
        assert len(row["question"]) >= 10, row["question"]
        assert len(row["answer"]) >= 30, row["answer"]
        assert not set(row["answer"]) & set("?？؟"), row["answer"]
        assert row["answer"].count("\n") < 10


def test_translations_differ_and_are_of_like_length(expected):
    by_key = {}
    for row in expected["pairs"]:
        by_key.setdefault(row["key"], {})[row["language"]] = row
    for key, rows in by_key.items():
        assert len({row["question"] for row in rows.values()}) == len(rows), key
        assert len({row["answer"] for row in rows.values()}) == len(rows), key
        spaced = [
            len(row["answer"]) for language, row in rows.items() if LANGUAGES[language].script in ("LATIN", "CYRILLIC")
        ]
        assert not spaced or max(spaced) < 2 * min(spaced), key


def test_every_language_has_all_words_of_a_page_frame():
    assert set(WORDS) == set(LANGUAGES)
    assert all(all(words.values()) for words in WORDS.values())
