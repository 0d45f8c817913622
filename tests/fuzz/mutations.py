"""Seeds and wounds: bytes that are nearly right reach further than noise does."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from functools import cache
from importlib import resources

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.archives import faq_page, response_record
from tests.golden.runner import all_cases

__all__ = ["mutated", "seeds"]

MAX_BYTES = 60_000
_CUT = b"\n\n\nCUT\n\n\n"

_SCRAPS = [
    b"<", b">", b'"', b"'", b"&", b";", b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"<!--", b"-->", b"</script>", b"<script type='application/ld+json'>", b"<template>", b"<svg>", b"<base href=//>",
    b"<div itemscope>", b" itemref=a ", b" id=a ", b"<div itemprop=mainEntity itemscope itemtype=http://schema.org/Question>",
    b"<p property=name>", b"<meta charset=utf-16>", b"<meta charset=iso-2022-jp>", b'"@id":"#a",', b'"@type":', b'"@graph":[', b'"@reverse":',
    b'"@context":{"@vocab":"x"},', b'"mainEntity":', b"FAQPage", b"Question", b"&amp;", b"&#0;", b"&#x110000;", b"&lt;b&gt;", b"\\ud800", b"\\u0000",
    b"1e999", b"-0", b"9" * 400, b"NaN", b"\r\n", b"\r\n\r\n", b"\n", b"\t", b" ", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"WARC/1.0\r\n", b"WARC-Type: response\r\n", b"WARC-Target-URI: <https://x.example/>\r\n", b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip, br\r\n", b"0\r\n\r\n", b"ffffffff\r\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"\x5d\x2a\x4d\x18",
    b"PAR1", _CUT, b"https://", b"//", b"/../", b"%", b"%00", b"%2e%2e", b"[::1]", b"@", b"#", b"?", b"xn--", b"\xe2\x80\x8d", b"\xf0\x9f\x98\x80",
    b'"@language":', b"@en .\n", b"^^<x> .\n", b"_:b", b"<http://schema.org/FAQPage>", b"rel=canonical", b"noai", b"= \"\"\"", b"'''", b"[[", b"]]",
    b"<table><tr><td>", b"<a href=x>", b"<b><i><u>", b"</p>", b"<br>", b"<li>", b"Q: ", b"1. ", b"\xc2\xa0", b"\xe2\x80\x8b", b"gzip", b"br", b"deflate",
]  # fmt: skip

_PAGES = (
    ("https://one.example/faq", faq_page(("What opens at nine?", "The gate opens at nine on every day but Monday."))),
    (
        "https://zwei.example/hilfe",
        faq_page(("Wann öffnet das Tor?", "Das Tor öffnet um neun, außer montags."), lang="de"),
    ),
    ("https://three.example/", "<html><body><p>Nothing is asked here.</p></body></html>"),
)


def _records() -> list[bytes]:
    return [response_record(url, "2026-01-02T03:04:05Z", html.encode()) for url, html in _PAGES]


def _quads() -> bytes:
    page, question, answer = "<https://one.example/faq>", "_:q", "_:a"
    rows = [
        ("_:p", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "<http://schema.org/FAQPage>"),
        ("_:p", "http://schema.org/mainEntity", question),
        (question, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "<http://schema.org/Question>"),
        (question, "http://schema.org/name", '"What opens at nine?"@en'),
        (question, "http://schema.org/acceptedAnswer", answer),
        (answer, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "<http://schema.org/Answer>"),
        (answer, "http://schema.org/text", '"The \\"gate\\" opens at nine \\u00e0 Paris."'),
    ]
    return "".join(f"{s} <{p}> {o} {page} .\n" for s, p, o in rows).encode()


def _parquet() -> list[bytes]:
    faq = [[{"question": "What opens at nine?", "answer": "The gate opens at nine on every day."}], [], None]
    table = pa.table(
        {
            "url": [url for url, _ in _PAGES],
            "faq": faq,
            "title": ["a", None, "c"],
            "warc_date": ["2026-01-02", "x", None],
        }
    )
    made = []
    for codec in ("none", "snappy", "zstd", "gzip"):
        out = io.BytesIO()
        pq.write_table(table, out, compression=codec)
        made.append(out.getvalue())
    return made


@cache
def _sample() -> bytes:
    return (resources.files("faquarry.sample") / "sample.warc.gz").read_bytes()


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Inputs of a target that are well formed."""
    pages = tuple(case.payload for case in all_cases() if len(case.payload) < 8000)
    records = _records()
    packed = [gzip.compress(record, mtime=0) for record in records]
    frames = [zstandard.compress(record) for record in records]
    html = records[0]
    made: dict[str, tuple[bytes, ...]] = {
        "page": (*pages, *(b"text/html; charset=x-sjis\n" + one for one in pages[:20])),
        "block": tuple(_blocks(pages)),
        "charset": tuple(b"text/html; charset=%s\n%s" % (label, one) for one in pages[:40] for label in (b"utf-8", b"gbk", b"")),
        "archive": (b"".join(packed), b"".join(frames), b"".join(records), _sample()[:20_000], packed[0] + records[1]),
        "every_page": (b"".join(packed), b"".join(frames), b"".join(records)),
        "member": (_CUT.join(records), records[0]),
        "parts": (b"".join(packed * 3), b"".join(frames * 3), _sample()[:20_000]),
        "body": (
            b"gzip\n" + gzip.compress(html), b"br\n" + brotli.compress(html), b"deflate\n" + zlib.compress(html), b"zstd\n" + zstandard.compress(html),
            b"chunked\n5\r\nabcde\r\n3\r\nxyz\r\n0\r\n\r\n", b"\n" + html, b"gzip, br\n" + brotli.compress(gzip.compress(html)),
        ),
        "quads": (_quads(), _quads() * 3, gzip.compress(_quads()), zstandard.compress(_quads())),
        "parquet": tuple(_parquet()),
        "source": (b"".join(packed), b"".join(frames), b"".join(records), _quads(), *_parquet(), gzip.compress(_quads()), b""),
        "address": (
            b"https://user:pass@Shop.Example:443/a/../b;jsessionid=1?utm_source=x&q=%7e#top\n//b.example\n../c\n?d=1\n[::1]:8\nmailto:a@b",
            b"http://\xe4\xbe\x8b\xe3\x81\x88.jp/\xc3\xa9?X-Amz-Signature=abc&x=1\nhttp://[::ffff:1.2.3.4]:80/%zz\njavascript:alert(1)",
        ),
        "headers": (b'<https://a.example/de>; rel="alternate"; hreflang="de", </c>; rel=canonical\nnoai, noimageai: 1\ntext/html; charset="x"',),
        "configuration": (
            b'lake = "x"\n[filters]\nprofile = "none"\nmin_question = 3\n[spark.conf]\n"a.b" = "c"\n',
            b"filters.profile=webfaq\nextract.max_page_s=1e3\nspark.conf.x=[1,2]\nsources.where=\"a'b\"\nvectors.device={}",
        ),
    }  # fmt: skip
    return made.get(target, pages)


def _blocks(pages: tuple[bytes, ...]) -> list[bytes]:
    """What stands in the pages' script elements."""
    found = [part.partition(b">")[2] for one in pages for part in one.split(b"<script")[1:]]
    return [part.partition(b"</script")[0] for part in found if b"{" in part]


def mutated(data: bytes, dice: random.Random, others: tuple[bytes, ...]) -> bytes:
    """A few wounds: bytes changed, spans dropped, repeated, moved, numbers made extreme, scraps and other seeds put in."""
    if dice.random() < 0.25 and (inner := _opened(data)) is not None:
        kind, plain = inner
        wounded = _wounded(plain, dice, others)
        return gzip.compress(wounded, 1, mtime=0) if kind == "gzip" else zstandard.compress(wounded, 1)
    return _wounded(data, dice, others)


def _opened(data: bytes) -> tuple[str, bytes] | None:
    """The first member's content, so that wounds also reach what is behind a checksum."""
    try:
        if data.startswith(b"\x1f\x8b"):
            return "gzip", zlib.decompressobj(31).decompress(data, MAX_BYTES)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return "zstd", zstandard.ZstdDecompressor().stream_reader(data).read(MAX_BYTES)
    except (zlib.error, zstandard.ZstdError):
        return None
    return None


def _wounded(data: bytes, dice: random.Random, others: tuple[bytes, ...]) -> bytes:
    body = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3, 5, 8))):
        place = dice.randrange(len(body) + 1)
        span = dice.choice((1, 2, 4, 16, 60, 400))
        kind = dice.randrange(9)
        if kind == 0 and body:
            body[place % len(body)] = dice.randrange(256)
        elif kind == 1:
            del body[place : place + span]
        elif kind == 2:
            body[place:place] = bytes(body[place : place + span]) * dice.choice((1, 2, 4, 50))
        elif kind == 3:
            body[place:place] = dice.choice(_SCRAPS) * dice.choice((1, 1, 1, 2, 40, 600))
        elif kind == 4:
            body = body[: max(1, place)]
        elif kind == 5:
            other = dice.choice(others)
            start = dice.randrange(len(other) + 1)
            body[place:place] = other[start : start + dice.randint(1, 400)]
        elif kind == 6 and body:
            body[place % len(body)] ^= 1 << dice.randrange(8)
        elif kind == 7:
            piece = bytes(body[place : place + span])
            del body[place : place + span]
            there = dice.randrange(len(body) + 1)
            body[there:there] = piece
        else:
            body[place : place + 4] = dice.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)).to_bytes(4, "little")
        if len(body) > MAX_BYTES:
            del body[MAX_BYTES:]
    return bytes(body)
