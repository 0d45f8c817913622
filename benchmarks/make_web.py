"""Make a web of FAQ pages of any size, as an archive: real sentences and their real translations, put together anew.

What stages cost depends on how pairs fall on sites and languages, so these follow what is known of the web: languages have
the shares of WebFAQ 2.0 (its table 1), site sizes fall off as a power (a few sites hold a large part), some sites say the same
in several languages with hreflang, some answers repeat. Questions and answers are sentences of $FAQUARRY_DATA/parallel in
ever new combinations: languages are told apart and translations found as on real pages, which made-up words do not allow.
What is around the pairs is made-up HTML of three blocks at most, or real pages of $FAQUARRY_DATA/web without their own FAQ.

    python -m benchmarks.make_web benchmarks/data/web-10000.warc.gz --pairs 10000
"""

from __future__ import annotations

import argparse
import html
import json
import lzma
import os
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from benchmarks.make_crawl import Language, deflate, html_block, member

__all__ = ["SHARES", "Sentences", "make_web", "read_shells"]

SHARES = {"en": 27.9, "es": 8.8, "de": 7.3, "fr": 6.5, "ru": 4.4, "nl": 4.3, "pt": 4.0, "it": 3.5, "pl": 2.5}
"""Per cent of WebFAQ 2.0's pairs; the other 30.8 are spread over all other languages that there are sentences of."""

SITE_PAIRS, TAIL = 4, 1.2  # the smallest site, and the exponent by which larger ones get rare
LARGEST_SHARE = 0.02  # of all pairs on one site
SEVERAL_LANGUAGES = 0.3  # of the sites
REPEATED = 0.05  # of the pairs stand on another page of their site too
FEWEST_SENTENCES = 1_500  # of a language


@dataclass(frozen=True)
class Sentences:
    """English sentences, and for every language which of them it has, in its own words."""

    english: Sequence[str]
    other: dict[str, dict[int, str]]

    @classmethod
    def read(cls, data: Path) -> Sentences:
        """From $FAQUARRY_DATA/parallel/pairs.tsv.xz."""
        numbers: dict[str, int] = {}
        other: dict[str, dict[int, str]] = defaultdict(dict)
        with lzma.open(data / "parallel" / "pairs.tsv.xz", "rt", encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                language, english, text, _ = line.rstrip("\n").split("\t")
                if 30 <= len(english) <= 220 and "?" not in english + text and len(text) >= 15:
                    other[language][numbers.setdefault(english, len(numbers))] = text
        kept = {name: texts for name, texts in other.items() if len(texts) >= FEWEST_SENTENCES}
        return cls(list(numbers), kept)

    def of(self, language: str) -> dict[int, str] | Sequence[str]:
        return self.english if language == "en" else self.other[language]

    @cached_property
    def weights(self) -> dict[str, float]:
        """Language -> share of the pairs."""
        named = {name: share for name, share in SHARES.items() if name == "en" or name in self.other}
        rest = [name for name in self.other if name not in named]
        return {**named, **dict.fromkeys(rest, (100 - sum(SHARES.values())) / len(rest))}


def read_shells(data: Path) -> list[bytes]:
    """What follows the head's beginning in real pages that have a FAQ as JSON-LD, without that, their titles and languages."""
    from warcio.archiveiterator import ArchiveIterator

    ours = re.compile(
        rb"""<script[^>]*ld\+json[^>]*>(?:(?!</script).)*?FAQPage.*?</script>|<title.*?</title>"""
        rb"""|<meta[^>]*name=.description.[^>]*>|<link[^>]*hreflang[^>]*>""",
        re.S | re.I,
    )
    found = []
    with (data / "web" / "dev.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream):
            body = record.raw_stream.read() if record.rec_type == "response" else b""
            if b"FAQPage" in body and (head := re.search(rb"<head[^>]*>", body)):
                rest = ours.sub(b"", body[head.end() :])
                if b"FAQPage" not in rest and b"</head>" in rest:
                    found.append(rest)
    return found


class Web:
    """An endless, deterministic sequence of sites."""

    def __init__(self, sentences: Sentences, pairs: int, seed: int, shells: Sequence[bytes] = ()) -> None:
        self.sentences, self.largest, self.rng = sentences, max(50, int(pairs * LARGEST_SHARE)), random.Random(seed)
        words = random.Random(seed + 1)
        made_up = Language(words)
        self.blocks = [deflate(html_block(words, made_up).encode()) for _ in range(60)]
        self.shells = [deflate(shell) for shell in shells]
        self.names = list(sentences.weights)
        self.cumulative = [sum(list(sentences.weights.values())[: n + 1]) for n in range(len(self.names))]

    def site(self, number: int) -> Iterator[tuple[bytes, int]]:
        """The members of a site's pages, each with the pairs on it."""
        rng = self.rng
        size = min(self.largest, int(SITE_PAIRS * rng.random() ** (-1 / TAIL)))
        languages = rng.choices(self.names, cum_weights=self.cumulative, k=1)
        if rng.random() < SEVERAL_LANGUAGES:
            languages = list(dict.fromkeys([*languages, *rng.choices(self.names, cum_weights=self.cumulative, k=2)]))
        known = [set(self.sentences.other[name]) for name in languages if name != "en"]
        usable = sorted(set.intersection(*known)) if known else range(len(self.sentences.english))
        if len(usable) < 50:
            languages, usable = languages[:1], sorted(known[0]) if known else usable
        host = f"www.site{number}.example"
        left = max(1, size // len(languages))
        earlier: list[tuple[int, ...]] = []
        page = 0
        while left > 0:
            count = min(left, rng.randint(3, 14))
            chosen = [
                rng.choice(earlier)
                if earlier and rng.random() < REPEATED
                else tuple(rng.choices(usable, k=rng.randint(3, 4)))
                for _ in range(count)
            ]
            earlier += chosen
            addresses = {name: f"https://{host}/{name}/help/{page}" for name in languages}
            for name in languages:
                yield self._page(addresses[name], name, chosen, addresses), count
            left -= count
            page += 1

    def _page(self, url: str, language: str, chosen: Sequence[tuple[int, ...]], addresses: dict[str, str]) -> bytes:
        rng, texts = self.rng, self.sentences.of(language)
        pairs = [(texts[first].rstrip(".!") + "?", " ".join(texts[one] for one in rest)) for first, *rest in chosen]
        nodes = [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for question, answer in pairs
        ]
        markup = json.dumps(
            {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": nodes}, ensure_ascii=False
        )
        markup = markup.replace("</", "<\\/")
        links = (f'<link rel="alternate" hreflang="{name}" href="{one}">' for name, one in addresses.items())
        head = (
            f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
            f"<title>{html.escape(texts[chosen[0][-1]])}</title>"
            f'<meta name="description" content="{html.escape(texts[chosen[-1][0]])}">'
            f"{''.join(links) if len(addresses) > 1 else ''}"
            f'<script type="application/ld+json">{markup}</script>'
        ).encode()
        if self.shells:
            blocks = [deflate(head), rng.choice(self.shells)]
        else:
            body = rng.choices(self.blocks, k=rng.randint(1, 3))
            blocks = [deflate(head + b"</head><body>"), *body, deflate(b"</body></html>")]
        size = sum(block.size for block in blocks)
        http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {size}\r\n\r\n".encode()
        identity = f"{rng.getrandbits(128):032x}"
        warc = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-03-{rng.randint(1, 28):02d}T12:00:00Z\r\nWARC-Record-ID: "
            f"<urn:uuid:{identity}>\r\nWARC-Target-URI: {quote(url, safe=':/')}\r\nContent-Type: application/http; "
            f"msgtype=response\r\nContent-Length: {len(http) + size}\r\n\r\n"
        ).encode()
        return member([deflate(warc + http), *blocks, deflate(b"\r\n\r\n")])


def make_web(path: Path, pairs: int, sentences: Sentences, *, seed: int = 1, shells: Sequence[bytes] = ()) -> int:
    """Writes pages with about `pairs` pairs (a site more or less) to `path`. -> the exact number

    Args:
        shells: pages to put them into (`read_shells`); none: made-up ones.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    web, written, number = Web(sentences, pairs, seed, shells), 0, 0
    partial = path.with_suffix(".partial")
    with partial.open("wb", buffering=1 << 20) as out:
        while written < pairs:
            for record, count in web.site(number):
                out.write(record)
                written += count
            number += 1
    partial.replace(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real-pages", action="store_true", help="around the pairs, instead of made-up HTML")
    options = parser.parse_args()
    data = os.environ.get("FAQUARRY_DATA")
    if not data:
        sys.exit("The sentences are those of the folder of real data: set FAQUARRY_DATA to it.")
    shells = read_shells(Path(data)) if options.real_pages else ()
    written = make_web(options.path, options.pairs, Sentences.read(Path(data)), seed=options.seed, shells=shells)
    print(f"{written:,} pairs")


if __name__ == "__main__":
    main()
