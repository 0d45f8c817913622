"""`extract_page` beside extruct, page by page, in one process and over the same pages.

Pages are generated (the same each time): a shop's or magazine's page with navigation, cards, scripts and styles, 15 to
300 KB, as matching pages of a crawl are; nine in ten state their FAQ in JSON-LD (a third of these by references in
@graph), the others in Microdata or RDFa, one in twenty needs a repair. Give an archive (WARC, any compression) to measure
over real pages instead.

    python benchmarks/extract_page.py [WARC]

Times are CPU seconds of the thread. Exit code 1 when a floor of `FLOORS` is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from faquarry.config.settings import FilterSettings
from faquarry.errors import MissingExtra
from faquarry.markup.page import extract_page

__all__ = ["FLOORS", "generated_pages", "run"]

# name → (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "median_ms": (1.0, True),
    "p99_ms": (15.0, True),
    "times_extruct": (20.0, False),
}

PAGES = 200
ROUNDS = 3
EXTRUCT_PAGES = 60  # at tens of milliseconds each
FILTERS = FilterSettings(profile="default")

_WORDS = (
    "anchor bright copper delta ember field garden harbour island juniper kettle lantern meadow north orchard pebble quarry"
    " river silver timber umber valley willow yarrow zenith careful gentle honest narrow plain quiet slow warm young open carry"
    " gather keep lend mend plant read send turn walk write between under over along beside before after within without"
).split()

Page = tuple[bytes, str]


def run(warc: Path | None = None) -> dict[str, Any]:
    """Measures and returns the figures; times in milliseconds a page.

    `pages`, `bytes_median`, `pairs`; `median_ms`, `p99_ms`, `mb_per_s` of ours; `extruct_median_ms`, `extruct_p99_ms`,
    `times_extruct` (ratio of total times over the same pages), None where extruct is not installed; `missed`: floors.
    """
    pages = _archived_pages(warc) if warc else generated_pages(PAGES)
    _timed(pages[:20], _ours)  # imports and caches
    rounds = [_timed(pages, _ours) for _ in range(ROUNDS)]
    ours = [min(times) for times in zip(*rounds, strict=True)]
    pairs = sum(len(_ours(page).pairs) for page in pages)
    sizes = sorted(len(body) for body, _ in pages)
    result: dict[str, Any] = {
        "pages": len(pages),
        "bytes_median": sizes[len(sizes) // 2],
        "pairs": pairs,
        "median_ms": _quantile(ours, 0.5) * 1e3,
        "p99_ms": _quantile(ours, 0.99) * 1e3,
        "mb_per_s": sum(sizes) / 1e6 / sum(ours),
    }
    result |= _extruct_figures(pages, ours)
    result["missed"] = [
        name
        for name, (bound, is_maximum) in FLOORS.items()
        if result[name] is not None and (result[name] > bound if is_maximum else result[name] < bound)
    ]
    return result


def _ours(page: Page) -> Any:
    return extract_page(page[0], url=page[1], headers={"content-type": "text/html; charset=utf-8"}, filters=FILTERS)


def _extruct(page: Page) -> Any:
    return extract_page(page[0], url=page[1], filters=FILTERS, parser="extruct")


def _extruct_figures(pages: Sequence[Page], ours: Sequence[float]) -> dict[str, float | None]:
    step = max(1, len(pages) // EXTRUCT_PAGES)
    try:
        _timed(pages[:1], _extruct)
        theirs = _timed(pages[::step], _extruct)
    except MissingExtra:
        return {"extruct_median_ms": None, "extruct_p99_ms": None, "times_extruct": None}
    return {
        "extruct_median_ms": _quantile(theirs, 0.5) * 1e3,
        "extruct_p99_ms": _quantile(theirs, 0.99) * 1e3,
        "times_extruct": sum(theirs) / sum(ours[::step]),
    }


def _timed(pages: Sequence[Page], work: Callable[[Page], Any]) -> list[float]:
    times = []
    for page in pages:
        start = time.thread_time()
        work(page)
        times.append(time.thread_time() - start)
    return times


def _quantile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


# -- pages


def generated_pages(count: int, seed: int = 7) -> list[Page]:
    """`count` pages with FAQ markup, the same for the same seed."""
    dice = random.Random(seed)
    return [(_page(dice, number), f"https://shop{number}.example/help/{number}") for number in range(count)]


def _page(dice: random.Random, number: int) -> bytes:
    size = min(300_000, max(15_000, int(dice.lognormvariate(11.1, 0.7))))
    questions = [(_sentence(dice, 8)[:-1] + "?", _answer(dice)) for _ in range(dice.choice((3, 5, 5, 6, 8, 10, 15)))]
    kind = dice.random()
    head, body = ("", _elements(questions, kind)) if kind < 0.1 else (_json_ld(dice, questions, kind), "")
    alternates = "".join(
        f'<link rel="alternate" hreflang="{code}" href="/{code}/help/{number}">'
        for code in ("en", "de", "fr", "x-default")
    )
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{_sentence(dice, 6)}</title>'
        f'<meta name="description" content="{_sentence(dice, 15)}"><link rel="canonical" href="/help/{number}">{alternates}'
        f"<style>{_style(dice, size // 8)}</style>{head}</head><body><nav>{_links(dice, 60)}</nav><main>{body}"
    )
    while len(page) < size - 2000:
        page += _filler(dice)
    return (page + f"</main><footer>{_links(dice, 20)}</footer></body></html>").encode()


def _json_ld(dice: random.Random, questions: list[tuple[str, str]], kind: float) -> str:
    nodes = [
        {"@type": "Question", "@id": f"#q{at}", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}}
        for at, (name, text) in enumerate(questions)
    ]
    if kind < 0.4:
        references = [{"@id": node["@id"]} for node in nodes]
        site = {
            "@type": "Organization",
            "@id": "#site",
            "name": _sentence(dice, 3),
            "sameAs": ["https://a.example/x"] * 5,
        }
        graph = [
            {"@type": ["WebPage", "FAQPage"], "mainEntity": references, "publisher": {"@id": "#site"}},
            site,
            *nodes,
        ]
        text = json.dumps({"@context": "https://schema.org", "@graph": graph})
    else:
        text = json.dumps({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": nodes}, indent=1)
    if kind > 0.95:
        text = text[:-1] + ",}"
    return f'<script type="application/ld+json">{text}</script>'


def _elements(questions: list[tuple[str, str]], kind: float) -> str:
    if kind < 0.07:
        scope, of, prop = "itemscope itemtype", "https://schema.org/", "itemprop"
    else:
        scope, of, prop = 'vocab="https://schema.org/" typeof', "", "property"
    parts = [
        f'<section {prop}="mainEntity" {scope}="{of}Question"><h3 {prop}="name">{name}</h3>'
        f'<div {prop}="acceptedAnswer" {scope}="{of}Answer"><div {prop}="text">{text}</div></div></section>'
        for name, text in questions
    ]
    return f'<div {scope}="{of}FAQPage">{"".join(parts)}</div>'


def _sentence(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words)).capitalize() + "."


def _answer(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.6:
        return " ".join(_sentence(dice, 12) for _ in range(3))
    if kind < 0.85:
        return "".join(f"<p>{_sentence(dice, 12)} <a href='/{number}'>More &amp; more</a></p>" for number in range(3))
    return f"<p>{_sentence(dice, 8)}</p><ul>" + "".join(f"<li>{_sentence(dice, 5)}</li>" for _ in range(4)) + "</ul>"


def _links(dice: random.Random, count: int) -> str:
    return "".join(
        f'<li class="menu-item menu-{at}"><a href="/c/{at}">{dice.choice(_WORDS)}</a></li>' for at in range(count)
    )


def _style(dice: random.Random, size: int) -> str:
    rule = ".{a}-{n} .{b}:hover{{margin:{n}px auto;color:#{n:06x};background:url(/img/{a}.svg)}}"
    return "".join(rule.format(a=dice.choice(_WORDS), b=dice.choice(_WORDS), n=number) for number in range(size // 70))


def _filler(dice: random.Random) -> str:
    if dice.random() < 0.15:
        state = json.dumps({word: _sentence(dice, 6) for word in dice.choices(_WORDS, k=40)})
        return f"<script>window.state = Object.assign(typeof state === 'object' ? state : {{}}, {state});</script>"
    return (
        f'<article class="card card--{dice.choice(_WORDS)}" data-id="{dice.randrange(10**6)}">'
        f'<a href="/p/{dice.randrange(10**4)}">'
        f'<img src="/img/{dice.choice(_WORDS)}.webp" width="320" height="240" alt="{_sentence(dice, 4)}"></a>'
        f'<h3 class="card__title">{_sentence(dice, 5)}</h3><p>{_sentence(dice, 30)}</p><span class="price">{dice.randrange(99)}'
        ".90</span></article>\n"
    )


def _archived_pages(path: Path) -> list[Page]:
    from faquarry.web.archive import read_archive  # only here: generated pages need no archive reader
    from faquarry.web.record import Record, ScanCounts

    items = read_archive(str(path), counts=ScanCounts())
    return [(item.payload, item.url) for item in items if isinstance(item, Record)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", nargs="?", type=Path, help="an archive of real pages")
    result = run(parser.parse_args().warc)
    print(f"{result['pages']} pages, median {result['bytes_median'] / 1e3:.0f} KB, {result['pairs']} pairs")
    print(f"{'':12}{'median ms':>12}{'p99 ms':>12}")
    print(f"{'faquarry':12}{result['median_ms']:12.2f}{result['p99_ms']:12.2f}   {result['mb_per_s']:.0f} MB/s")
    if result["times_extruct"] is not None:
        print(f"{'extruct':12}{result['extruct_median_ms']:12.2f}{result['extruct_p99_ms']:12.2f}", end="   ")
        print(f"{result['times_extruct']:.0f} times as long")
    for name in result["missed"]:
        bound, is_maximum = FLOORS[name]
        print(f"missed: {name} is {result[name]:.2f}, {'at most' if is_maximum else 'at least'} {bound:g} is wanted")
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
