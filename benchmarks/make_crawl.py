"""Make a crawl-like archive: gzip, a member a record, the proportions of a Common Crawl file. The same bytes each time.

Why not a real crawl file: benchmarks must run anywhere, and be comparable across machines and years. What matters for
speed is kept: three members a capture (request, response, metadata), HTML of 110 to 130 KB on average with a lognormal
spread, text and markup that deflate about 4 times, some incompressible documents, some redirects, 0.3 % pages
with FAQ markup.

Making a gigabyte takes seconds, because pages are put together from a pool of blocks that were deflated once: a full
flush ends every block on a byte and forgets its window, so blocks can be joined to one valid deflate stream, and the
checksum of the whole follows from the checksums of the blocks. No two members are the same: head, URL, order of the
blocks and a paragraph of its own differ in each.

    python -m benchmarks.make_crawl benchmarks/data/crawl-1GB.warc.gz --bytes 1000000000
"""

from __future__ import annotations

import argparse
import json
import math
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isal import isal_zlib

__all__ = ["Mixture", "make_crawl"]

LEVEL = 6
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the archive is made of. Shares are of captures."""

    faq: float = 0.003
    binary: float = 0.015
    redirect: float = 0.02
    median_html_bytes: int = 72_000
    sigma: float = 0.95  # of the logarithm of the size: with the median above, a mean of 113 KB
    max_html_bytes: int = 1 << 20
    blocks: int = 420  # distinct deflated blocks that pages are put together from


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes in both forms. `deflated` ends on a byte and refers to nothing before it."""

    crc: int
    size: int
    deflated: bytes


def deflate(data: bytes) -> Block:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return Block(zlib.crc32(data), len(data), packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH))


def member(blocks: Sequence[Block]) -> bytes:
    """One gzip member that holds the blocks one after the other."""
    crc, size, parts = 0, 0, [GZIP_HEADER]
    for block in blocks:
        crc = isal_zlib.crc32_combine(crc, block.crc, block.size)
        size += block.size
        parts.append(block.deflated)
    parts.append(b"\x03\x00")  # an empty last block
    parts.append(struct.pack("<II", crc, size & 0xFFFFFFFF))
    return b"".join(parts)


class Language:
    """A made-up vocabulary with Zipf's frequencies, so that text compresses as text does."""

    def __init__(self, rng: random.Random, words: int = 6_000) -> None:
        onsets = [*"bcdfghjklmnprstvw", "br", "ch", "cl", "dr", "fl", "gr", "pl", "qu", "sh", "sp", "st", "th", "tr"]
        nuclei = [*"aeiou", "ai", "ea", "ee", "io", "ou"]
        codas = ["", "", "", "n", "r", "s", "t", "l", "nd", "st", "ng"]
        found: dict[str, None] = {}
        while len(found) < words:
            syllables = 1 + min(len(found) * 4 // words, 3)
            found.setdefault(
                "".join(rng.choice(onsets) + rng.choice(nuclei) + rng.choice(codas) for _ in range(syllables))
            )
        self.words = list(found)
        total, self.cumulative = 0.0, []
        for rank in range(words):
            total += 1 / (rank + 2.7)
            self.cumulative.append(total)

    def sentence(self, rng: random.Random) -> str:
        chosen = rng.choices(self.words, cum_weights=self.cumulative, k=rng.randint(6, 24))
        if len(chosen) > 12:
            chosen[5] += ","
        return " ".join(chosen).capitalize() + rng.choice("....!?")


def html_block(rng: random.Random, language: Language) -> str:
    """16 to 48 KB of the inside of a page: navigation, cards, prose, scripts, all of one site's phrases."""
    phrases = Phrases(language, rng)
    makers: tuple[Callable[[], str], ...] = (
        lambda: _navigation(rng, phrases),
        lambda: _cards(rng, phrases),
        lambda: _article(rng, phrases),
        lambda: _article(rng, phrases),
        lambda: _script(rng, phrases),
    )
    parts: list[str] = []
    target, size = rng.randint(16_000, 48_000), 0
    while size < target:
        parts.append(rng.choice(makers)())
        size += len(parts[-1])
    return "\n".join(parts)


class Phrases:
    """What one site says again and again: web pages repeat themselves more than prose does."""

    def __init__(self, language: Language, rng: random.Random) -> None:
        self.language, self.rng = language, rng
        self.titles = [language.sentence(rng)[:44].rstrip(" .,") for _ in range(40)]
        self.slugs = ["-".join(title.lower().replace(",", "").split()[:4]) for title in self.titles]
        self.sentences = [language.sentence(rng) for _ in range(60)]

    def pick(self) -> tuple[str, str]:
        which = self.rng.randrange(len(self.titles))
        return self.titles[which], self.slugs[which]

    def sentence(self) -> str:
        return self.rng.choice(self.sentences) if self.rng.random() < 0.35 else self.language.sentence(self.rng)


def _navigation(rng: random.Random, phrases: Phrases) -> str:
    items = []
    for _ in range(rng.randint(8, 30)):
        title, slug = phrases.pick()
        items.append(
            f'    <li class="menu-item menu-item-type-post_type menu-item-{rng.randint(10, 999)}">'
            f'<a href="/{slug}/" class="menu-link" itemprop="url">{title}</a></li>\n'
        )
    return f'<nav class="site-nav" aria-label="Site">\n  <ul class="menu">\n{"".join(items)}  </ul>\n</nav>'


def _cards(rng: random.Random, phrases: Phrases) -> str:
    cards = []
    for _ in range(rng.randint(6, 18)):
        title, slug = phrases.pick()
        number = rng.randint(1000, 99999)
        cards.append(
            f'<div class="col-md-4 col-sm-6 card product-card" data-id="{number}">\n  <a href="/shop/{slug}/{number}'
            f'.html"><img class="card-img-top lazyload" loading="lazy" src="/media/catalog/{number}.jpg" alt="{title}" '
            f'width="320" height="240"></a>\n  <div class="card-body"><h3 class="card-title">{title}</h3>'
            f'<p class="card-text">{phrases.sentence()}</p><span class="price price--current">{rng.randint(3, 999)}.00'
            "</span></div>\n</div>\n"
        )
    return f'<section class="row cards">\n{"".join(cards)}</section>'


def _article(rng: random.Random, phrases: Phrases) -> str:
    paragraphs = "\n".join(
        f'  <p class="text-body">{" ".join(phrases.sentence() for _ in range(rng.randint(2, 6)))}</p>'
        for _ in range(rng.randint(3, 12))
    )
    return f'<article class="post entry">\n  <h2>{phrases.pick()[0]}</h2>\n{paragraphs}\n</article>'


def _script(rng: random.Random, phrases: Phrases) -> str:
    rows = []
    for _ in range(rng.randint(10, 40)):
        title, slug = phrases.pick()
        row = {"id": rng.randint(1, 9999), "slug": slug, "label": title, "enabled": rng.random() < 0.5, "type": "item"}
        rows.append(json.dumps(row))
    return f"<script>window.__STATE__=window.__STATE__||{{}};window.__STATE__.items=[{','.join(rows)}];</script>"


FAQ_TOPICS = (
    "an order",
    "an invoice",
    "a booking",
    "a subscription",
    "a password",
    "a gift card",
    "a delivery",
    "a seat",
)
FAQ_QUESTIONS = ("How do I change {}?", "Can I cancel {} later?", "Where do I find {}?", "What does {} cost?")
FAQ_ANSWERS = (
    "You can do this in your account under {} settings; it takes effect within {} hours.",
    "Please write to our support team and name the number of {}: they answer within {} working days.",
    "That depends on your plan. The overview of {} shows all conditions, with notice of {} days.",
)


def faq_markup(rng: random.Random) -> str:
    questions = [
        {
            "@type": "Question",
            "name": rng.choice(FAQ_QUESTIONS).format(topic),
            "acceptedAnswer": {"@type": "Answer", "text": rng.choice(FAQ_ANSWERS).format(topic, rng.randint(2, 60))},
        }
        for topic in rng.sample(FAQ_TOPICS, rng.randint(3, 7))
    ]
    node = {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


class Crawl:
    """An endless, deterministic sequence of captures."""

    def __init__(self, mixture: Mixture, seed: int) -> None:
        self.mixture, self.rng = mixture, random.Random(seed)
        self.language = Language(random.Random(seed + 1))

    @cached_property
    def blocks(self) -> list[Block]:
        rng = random.Random(7)
        return [deflate(html_block(rng, self.language).encode()) for _ in range(self.mixture.blocks)]

    @cached_property
    def noise(self) -> list[Block]:
        rng = random.Random(8)
        return [deflate(rng.randbytes(30_000)) for _ in range(24)]

    def _slug(self, words: int) -> str:
        return "-".join(self.rng.choices(self.language.words, cum_weights=self.language.cumulative, k=words))

    def warcinfo(self) -> bytes:
        body = b"software: faquarry benchmarks/make_crawl.py\r\nformat: WARC File Format 1.0\r\n"
        return member(
            [deflate(self._warc("warcinfo", None, len(body), "application/warc-fields") + body + b"\r\n\r\n")]
        )

    def capture(self) -> Iterator[bytes]:
        """The members of one capture: request, response, metadata."""
        rng = self.rng
        host = f"www.{self._slug(2)}.example"
        path = f"/{self._slug(3)}/{rng.randint(1, 10**6)}"
        url = f"https://{host}{path}"
        request = (
            f"GET {path} HTTP/1.1\r\nUser-Agent: bench/1.0 (+https://bench.example/bot)\r\nAccept: text/html,*/*;q=0.5"
            f"\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: br,gzip\r\nHost: {host}\r\nConnection: Keep-Alive"
            "\r\n\r\n"
        ).encode()
        http = "application/http; msgtype="
        yield member([deflate(self._warc("request", url, len(request), http + "request") + request + b"\r\n\r\n")])
        head, blocks = self._response(url)
        size = len(head) + sum(block.size for block in blocks)
        start = deflate(self._warc("response", url, size, http + "response") + head)
        yield member([start, *blocks, deflate(b"\r\n\r\n")])
        metadata = (
            f"fetchTimeMs: {rng.randint(20, 4000)}\r\ncharset-detected: UTF-8\r\n"
            'languages-cld2: {"reliable":true,"text-bytes":4242,"languages":[{"code":"en","text-covered":0.98}]}\r\n'
        ).encode()
        block = self._warc("metadata", url, len(metadata), "application/warc-fields") + metadata + b"\r\n\r\n"
        yield member([deflate(block)])

    def _response(self, url: str) -> tuple[bytes, list[Block]]:
        rng, mixture = self.rng, self.mixture
        kind = rng.random()
        if kind < mixture.redirect:
            body = deflate(b"<html><head><title>Moved</title></head><body>The page has moved.</body></html>\n")
            return self._http("301 Moved Permanently", "text/html", [body], f"Location: {url}/\r\n"), [body]
        if kind < mixture.redirect + mixture.binary:
            blocks = [deflate(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), *rng.choices(self.noise, k=rng.randint(1, 7))]
            return self._http("200 OK", "application/pdf", blocks), blocks
        blocks = [deflate(self._page_head(url, faq=kind > 1 - mixture.faq).encode())]
        target = min(rng.lognormvariate(math.log(mixture.median_html_bytes), mixture.sigma), mixture.max_html_bytes)
        size = blocks[0].size
        while size + 16_000 < target:
            blocks.append(rng.choice(self.blocks))
            size += blocks[-1].size
        blocks.append(deflate(f"<p>{self.language.sentence(rng)}</p>\n</body>\n</html>\n".encode()))
        return self._http("200 OK", "text/html; charset=UTF-8", blocks), blocks

    def _page_head(self, url: str, *, faq: bool) -> str:
        rng, language = self.rng, self.language
        return (
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{language.sentence(rng)}</title>\n"
            f'<meta name="description" content="{language.sentence(rng)}">\n<link rel="canonical" href="{url}">\n'
            f'{faq_markup(rng) if faq else ""}</head>\n<body class="page page-{rng.randint(1, 10**6)}">\n'
        )

    def _http(self, status: str, content_type: str, blocks: Sequence[Block], more: str = "") -> bytes:
        size = sum(block.size for block in blocks)
        return (
            f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: {content_type}\r\nX-Crawl-Content-Encoding: gzip\r\n"
            f"X-Crawl-Transfer-Encoding: chunked\r\nVary: Accept-Encoding\r\nCache-Control: max-age=600\r\n{more}"
            f'ETag: "{self.rng.getrandbits(64):x}"\r\nContent-Length: {size}\r\n\r\n'
        ).encode()

    def _warc(self, type_: str, url: str | None, size: int, content_type: str) -> bytes:
        rng = self.rng
        uuid = f"{rng.getrandbits(128):032x}"
        target = f"WARC-Target-URI: {url}\r\n" if url else ""
        return (
            f"WARC/1.0\r\nWARC-Type: {type_}\r\nWARC-Date: 2026-03-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:"
            f"{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}Z\r\nWARC-Record-ID: <urn:uuid:{uuid[:8]}-{uuid[8:12]}-"
            f"{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}>\r\nContent-Length: {size}\r\nContent-Type: {content_type}\r\n"
            f"WARC-IP-Address: 203.0.113.{rng.randint(1, 254)}\r\n{target}\r\n"
        ).encode()


def make_crawl(path: Path, size_bytes: int, *, mixture: Mixture | None = None, seed: int = 1) -> int:
    """Write about `size_bytes` (compressed, one capture more or less) to `path`; returns the exact size.

    A file that is already there with a note of the same arguments beside it is kept.
    """
    mixture = mixture or Mixture()
    note, said = path.with_suffix(".json"), {"bytes": size_bytes, "seed": seed, "mixture": repr(mixture), "version": 3}
    if path.exists() and note.exists() and json.loads(note.read_text()) == said:
        return path.stat().st_size
    path.parent.mkdir(parents=True, exist_ok=True)
    crawl, written = Crawl(mixture, seed), 0
    partial = path.with_suffix(".partial")
    with partial.open("wb", buffering=1 << 20) as out:
        written += out.write(crawl.warcinfo())
        while written < size_bytes:
            for piece in crawl.capture():
                written += out.write(piece)
    partial.replace(path)
    note.write_text(json.dumps(said))
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(make_crawl(arguments.path, arguments.bytes, seed=arguments.seed), arguments.path)


if __name__ == "__main__":
    main()
