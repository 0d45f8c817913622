"""The page in a browser: nothing complains, nothing is asked for, everything is drawn and answers, on any screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser import Page, browser_path, opened
from tests.everything import HOSTILE, fill_lake, write_run

from faquarry.cli import main

CHARTS = {
    "pipeline": ".funnel .bar",
    "languages": "svg rect.fill",
    "sites": ".bars .bar",
    "syntaxes": ".bars .bar",
    "similarity": ".ridges svg polygon",
    "bitexts": ".matrix button",
    "duplicates": ".bars .bar",
    "labels": ".stack i",
    "benchmarks": ".spark",
    "negatives": "svg polyline.line",
    "graph": ".heatmap td.heat",
    "training": "svg polyline.line",
    "robustness": "#heat-map td.heat",
    "runs": "tbody tr",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    browser = browser_path()
    if browser is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    folder = tmp_path_factory.mktemp("browser")
    lake = folder / "lake"
    fill_lake(lake, 240)
    write_run(lake / "_training" / "dro")
    assert main(["report", "--lake", str(lake), "--set", "log.progress=none"]) == 0
    with opened(browser, folder / "profile") as found:
        found.go(lake / "_report" / "index.html")
        yield found


@pytest.fixture(autouse=True)
def desktop(page: Page) -> None:
    page.resize(1280, 900)
    page.colours("light")


def put(page: Page, control: str, what: str, event: str = "change") -> None:
    """Sets a control as a person would."""
    page.value(f"{{ const c = document.getElementById('{control}'); c.{what}; c.dispatchEvent(new Event('{event}')) }}")


def test_it_opens_without_a_word_and_without_asking_for_anything(page: Page) -> None:
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1
    assert (
        page.value("performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).length") == 0
    )


@pytest.mark.parametrize("section", CHARTS)
def test_every_chart_is_there_and_has_a_size(section: str, page: Page) -> None:
    sizes = page.value(
        f"[...document.querySelectorAll('#{section} {CHARTS[section]}')].filter(one => !one.closest('[hidden]'))"
        ".map(one => one.getBoundingClientRect()).filter(box => box.width > 0 && box.height > 0).length"
    )
    assert sizes > 1


def test_what_strangers_wrote_shows_as_text(page: Page) -> None:
    assert page.value("document.querySelectorAll('main img, main script:not([type=\"application/json\"])').length") == 0
    text = page.value("document.body.textContent")
    assert HOSTILE[0] in text
    assert HOSTILE[1] in text


def test_a_cell_of_the_matrix_shows_its_pairs(page: Page) -> None:
    shown = "document.getElementById('bitext-examples').textContent"
    before = page.value(shown)
    assert "kept" in before  # the largest is open from the start
    page.value("document.querySelectorAll('.matrix button')[3].click()")
    assert page.value(shown) != before
    assert page.value("document.querySelectorAll('.matrix button[aria-pressed=true]').length") in (1, 2)
    assert page.value(
        "[...document.querySelectorAll('#bitext-examples p')].every(one => one.dir == 'auto' && one.lang)"
    )


def test_negatives_are_browsed(page: Page) -> None:
    shown = "document.querySelector('#negatives-shown .query').textContent"
    first = page.value(shown)
    page.value("document.getElementById('negatives-next').click()")
    assert page.value(shown) != first
    page.value("document.getElementById('negatives-before').click()")
    assert page.value(shown) == first
    put(page, "negatives-language", "selectedIndex = 1")
    assert page.value("document.getElementById('negatives-place').value").startswith("1 of ")


def test_tables_sort_both_ways_and_say_so(page: Page) -> None:
    head = "document.querySelectorAll('#languages th')[1]"
    values = "[...document.querySelectorAll('#languages .sortable tbody tr')].map(row => +row.cells[1].dataset.v)"
    page.value(f"{head}.querySelector('button').click()")
    assert page.value(f"{head}.getAttribute('aria-sort')") == "descending"
    assert page.value(values) == sorted(page.value(values), reverse=True)
    page.value(f"{head}.querySelector('button').click()")
    assert page.value(f"{head}.getAttribute('aria-sort')") == "ascending"
    assert page.value(values) == sorted(page.value(values))


def test_long_tables_are_folded_and_open(page: Page) -> None:
    rows = "[...document.querySelectorAll('#bitexts .sortable tbody tr')].filter(row => !row.hidden).length"
    assert page.value(rows) == 16
    page.value("document.querySelector('#bitexts .more').click()")
    assert page.value(rows) > 20


def test_the_filter_leaves_the_languages_asked_for(page: Page) -> None:
    def only(text: str) -> None:
        put(page, "only", f"value = '{text}'", "input")

    rows = "[...document.querySelectorAll('#languages tbody tr')].filter(row => !row.hidden).map(row => row.dataset.language)"
    only("deu, eng")
    kept, heat = page.value(rows), page.value("document.querySelectorAll('#heat-map tbody tr').length")
    only("")
    assert sorted(kept) == ["deu", "eng"]
    assert heat == 3  # and their mean
    assert len(page.value(rows)) == 10


def test_the_heat_map_follows_its_choices(page: Page) -> None:
    cell = "document.querySelector('#heat-map td.heat').textContent"
    relative = page.value(cell)
    assert relative.endswith("%")
    put(page, "heat-shown", "value = 'drop'")
    assert not page.value(cell).endswith("%")
    put(page, "heat-strength", "selectedIndex = 1")
    assert page.value("document.getElementById('heat-strength').value") == "10%"


def test_values_show_under_the_pointer_and_leave(page: Page) -> None:
    move = "document.querySelector('{}').dispatchEvent(new PointerEvent('pointermove', {{bubbles: true, clientX: 300, clientY: 300}}))"
    page.value(move.format("#languages .hit"))
    assert "0.00 to 0.05" in page.value("document.getElementById('tip').textContent")
    page.value(move.format("#training [data-hover]"))
    assert "optimizer step" in page.value("document.getElementById('tip').textContent")
    page.value(move.format("h1"))
    assert page.value("document.getElementById('tip').hidden") is True


def test_contents_stand_beside_the_text_or_fold_away(page: Page) -> None:
    is_open = "document.getElementById('contents').open"
    assert page.value(is_open) is True
    page.resize(390, 844, phone=True)
    assert page.value(is_open) is False
    page.resize(1280, 900)
    assert page.value(is_open) is True
    assert page.value("document.querySelectorAll('nav a').length") == len(CHARTS) + 1


@pytest.mark.parametrize(
    ("width", "height", "phone"), [(390, 844, True), (320, 700, True), (820, 1180, False), (1680, 1000, False)]
)
def test_nothing_is_wider_than_the_screen(width: int, height: int, phone: bool, page: Page) -> None:
    page.resize(width, height, phone=phone)
    assert page.value("document.documentElement.scrollWidth") <= width
    loose = page.value(
        "[...document.querySelectorAll('main *')].filter(one => !one.closest('.scroll, [hidden], svg, .away'))"
        f".filter(one => one.getBoundingClientRect().right > {width} + 1).map(one => one.outerHTML.slice(0, 90))"
    )
    assert loose == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(scheme: str, page: Page) -> None:
    """Contrast of 4.5 of ink and of softer text on paper (WCAG AA)."""
    page.colours(scheme)
    ink, soft, paper = (
        page.value(f"getComputedStyle(document.querySelector('{where}')).{what}")
        for where, what in (("body", "color"), (".note", "color"), ("body", "backgroundColor"))
    )
    assert contrast(ink, paper) > 12
    assert contrast(soft, paper) > 4.5


def contrast(one: str, other: str) -> float:
    """Of two colours as the browser writes them."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_are_chosen_by_hand_too(page: Page) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.value(paper)
    put(page, "theme", "value = 'dark'")
    assert page.value(paper) != before
    put(page, "theme", "value = 'auto'")
    assert page.value(paper) == before


def test_paper_holds_all_rows_and_no_controls(page: Page) -> None:
    page.value("dispatchEvent(new Event('beforeprint'))")
    page.colours("dark", "print")
    assert page.value("getComputedStyle(document.querySelector('.controls')).display") == "none"
    assert page.value("[...document.querySelectorAll('.sortable tbody tr')].every(row => !row.hidden)")
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_it_is_walked_through_by_keyboard(page: Page) -> None:
    """Every control and every part that scrolls can hold the focus, and has a name."""
    nameless = page.value(
        "[...document.querySelectorAll('button, select, input, a, [tabindex=\"0\"]')].filter(one => !one.closest('[hidden]'))"
        ".filter(one => !(one.textContent.trim() || one.getAttribute('aria-label') || (one.labels && one.labels.length)))"
        ".map(one => one.outerHTML.slice(0, 90))"
    )
    assert nameless == []


def test_at_the_end_nothing_has_complained(page: Page) -> None:
    assert page.said == []


def test_pictures_to_look_at(page: Page, tmp_path: Path) -> None:
    """Written to $FAQUARRY_PICTURES where it is set."""
    folder = Path(os.environ.get("FAQUARRY_PICTURES", tmp_path))
    for name, width, phone, scheme in (("desktop", 1280, False, "light"), ("phone", 390, True, "dark")):
        page.resize(width, 900, phone=phone)
        page.colours(scheme)
        page.picture(folder / f"{name}-{scheme}.png")
        assert (folder / f"{name}-{scheme}.png").read_bytes().startswith(b"\x89PNG")
