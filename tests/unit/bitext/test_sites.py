"""Two languages in, their bitexts out: what makes a pair, and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.translations import MODEL, site_side, texts, unit_vector

from faquarry.bitext.align import Aligned, align_site
from faquarry.bitext.links import page_links
from faquarry.bitext.marks import marks_of, numbers, shared
from faquarry.bitext.once import comparable, question_groups
from faquarry.bitext.plan import SiteSize, UnitSize, packed, rectangles, task_count
from faquarry.bitext.rules import rules_of
from faquarry.bitext.side import Page, Side
from faquarry.config.settings import AlignSettings
from faquarry.vectors.search import neighbours
from faquarry.vectors.topk_numpy import NumpyNeighbours

KEYS = [f"k{number}" for number in range(12)]
URLS = ["https://s.example/de/faq", "https://s.example/en/faq"]


def aligned(sides: Sequence[Side], **settings: object) -> list[Aligned]:
    rules = rules_of(AlignSettings.model_validate(settings), MODEL.thresholds)
    return list(align_site([comparable(side) for side in sides], rules, neighbours()))


def pairs(found: Sequence[Aligned]) -> set[tuple[str, str]]:
    return {(a.left.questions[i], a.right.questions[j]) for a in found for i, j in zip(a.i, a.j, strict=True)}


def same_key(language1: str, language2: str, keys: Sequence[str]) -> set[tuple[str, str]]:
    return {(texts("s.example", language1, key)[0], texts("s.example", language2, key)[0]) for key in keys}


def side(language: str, keys: Sequence[str] = KEYS, *, linked: bool = True) -> Side:
    return site_side("s.example", language, keys, alternates=URLS if linked else ())


def test_translations_are_found_and_nothing_else() -> None:
    found = aligned([side("deu"), side("eng", KEYS[4:])])
    assert pairs(found) == same_key("deu", "eng", KEYS[4:])
    assert set(found[0].scope) == {"page"}
    assert found[0].hreflang.all()


def test_the_order_of_languages_and_rows_changes_nothing() -> None:
    sides = [side("deu"), side("eng"), side("fra", KEYS[:7])]
    shuffled = [one.taken(np.random.default_rng(3).permutation(len(one))) for one in sides[::-1]]
    in_order = [one.taken(np.array(sorted(range(len(one)), key=one.ids.__getitem__))) for one in shuffled]
    first, second = aligned(sides), aligned(in_order)
    assert [(a.left.language, a.right.language) for a in first] == [(a.left.language, a.right.language) for a in second]
    assert pairs(first) == pairs(second)
    assert [a.confidence.tolist() for a in first] == [a.confidence.tolist() for a in second]


def test_tiles_change_no_bit() -> None:
    sides = [comparable(side("deu")), comparable(side("eng"))]
    rules = rules_of(AlignSettings(), MODEL.thresholds)
    [whole] = align_site(sides, rules, NumpyNeighbours())
    [tiled] = align_site(sides, rules, NumpyNeighbours(rows=5, columns=3))
    for name in ("i", "j", "similarity", "margin", "confidence", "mutual"):
        assert (getattr(whole, name) == getattr(tiled, name)).all()


@pytest.mark.parametrize("same_count", [True, False])
def test_wrong_hreflang_does_not_make_a_pair(same_count: bool) -> None:
    """Pages that name each other and have nothing in common but their number of questions and their positions."""
    other = [f"other{number}" for number in range(12 if same_count else 7)]
    found = aligned([side("deu"), side("eng", other)])
    assert not any(published for a in found for published in a.published)
    assert pairs(found) == set()


def test_hreflang_to_another_page_does_not_hide_a_pair() -> None:
    """The German page names the wrong English one: the right pairs are found in scope site."""
    wrong = Page("https://s.example/en/other", "https://s.example/en/other", None, ("https://s.example/de/faq",), 1)
    english = side("eng", linked=False)
    english = replace(english, pages=[*english.pages, wrong])
    found = aligned([replace(side("deu"), pages=[replace(side("deu").pages[0], alternates=(wrong.url,))]), english])
    assert pairs(found) == same_key("deu", "eng", KEYS)
    assert set(found[0].scope) == {"site"}


def test_equal_questions_or_answers_are_no_bitext() -> None:
    german, english = side("deu"), side("eng")
    place = {key: german.questions.index(texts("s.example", "deu", key)[0]) for key in ("k0", "k1")}
    questions, answers = list(german.questions), list(german.answers)
    questions[place["k0"]] = texts("s.example", "eng", "k0")[0].upper()
    answers[place["k1"]] = f"»{texts('s.example', 'eng', 'k1')[1]}«"
    german = replace(german, questions=questions, answers=answers)
    assert len(pairs(aligned([german, english]))) == 10
    assert len(pairs(aligned([german, english], equal_questions=True, equal_answers=True))) == 12


def test_a_question_counts_once_and_the_translation_says_which_pair_stands_for_it() -> None:
    """The question of k0 is asked twice in German, with two answers: that of k0, and that of k1."""
    german = side("deu")
    questions = [
        texts("s.example", "deu", "k0")[0] if q == texts("s.example", "deu", "k1")[0] else q for q in german.questions
    ]
    german = replace(german, questions=questions)
    assert len(set(question_groups(german).tolist())) == 11
    [found] = aligned([german, side("eng", ["k1", *KEYS[2:]])])
    chosen = {(found.left.answers[i], found.right.answers[j]) for i, j in zip(found.i, found.j, strict=True)}
    assert len(chosen) == 11
    assert (texts("s.example", "deu", "k1")[1], texts("s.example", "eng", "k1")[1]) in chosen
    [found] = aligned([german, side("eng")])
    assert len(found) == 11


def test_pairs_that_the_model_cannot_tell_apart_are_one() -> None:
    german = side("deu")
    vectors = german.vectors.copy()
    vectors[5] = vectors[2]
    vectors[7] = 0
    kept = comparable(replace(german, vectors=vectors))
    assert list(kept.ids) == [id_ for row, id_ in enumerate(german.ids) if row not in (5, 7)]


def test_the_published_rule_is_mutual_neighbours_by_similarity() -> None:
    english = side("eng")
    vectors = np.array(
        [unit_vector(q, f"s.example{k}", noise=0.1) for q, k in zip(english.questions, KEYS, strict=True)]
    )
    [found] = aligned([side("deu"), replace(english, vectors=vectors)], profile="webfaq", keep=0.5, publish=0.8)
    assert found.mutual.all()
    assert (found.similarity >= 0.5).all()
    assert (found.published == (found.similarity >= 0.8)).all()


def test_pages_know_each_other_by_address_or_canonical_in_either_direction() -> None:
    left = [
        Page("a", "https://www.s.example/de/a/", None, ("http://s.example/en/a#x",), 3),
        Page("b", "https://s.example/de/b"),
    ]
    right = [Page("c", "https://s.example/old", "https://s.example/en/a", (), 3), Page("d", "https://s.example/en/b")]
    links = page_links(left, right)
    assert links.hreflang == {(0, 0): 1}
    assert links.twins == {(1, 1)}


def test_marks_are_weighed_by_how_rare_they_are() -> None:
    left, right = marks_of(["call 5 and 77", "5 days", "5 more"], ["77 und 5", "5 Tage", "5 weitere"], numbers)
    found = shared(left, right, np.array([0, 1, 0]), np.array([0, 1, 1]))
    assert found[0] == pytest.approx(1.0)
    assert found[2] < 0.5 < found[1]


def test_sites_are_packed_by_cost_and_tiles_cover_every_comparison_once() -> None:
    sizes = [SiteSize(f"s{n}", 2, 10 * n, 25 * n * n) for n in range(1, 40)]
    tasks = packed(sizes, task_count([size.cost for size in sizes], 1e7, 2))
    loads = np.bincount([tasks[size.site] for size in sizes], [size.cost for size in sizes])
    assert loads.max() < 1.3 * loads.mean()
    units = [UnitSize("s", "deu", 1000), UnitSize("s", "eng", 330), UnitSize("s", "fra", 64)]
    seen: dict[tuple[str, int, str, int], int] = {}
    for tile in rectangles(units, 64, 64 * 64 * 6, tall=3):
        for a in range(*tile.left):
            for b in range(*tile.right):
                cell = (tile.language1, a, tile.language2, b)
                seen[cell] = seen.get(cell, 0) + 1
    assert len(seen) == 16 * 6 + 16 * 1 + 6 * 1
    assert set(seen.values()) == {1}
