"""HTTP bodies in every coding, whatever the headers say, and bombs in each."""

from __future__ import annotations

import gzip
import itertools
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import FAQ, LIMIT, gz, http, read, warc
from faquarry.web.coding import dechunk, decode_body
from faquarry.web.warc import payload_digest

PAGE = b"<!doctype html><html><p>" + b"some words of a page, and some more " * 40 + FAQ


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd_stream(data):
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


def chunked(data, size=37, extension=b"", trailer=b""):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


CODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd_stream,
}
NAMES = {"raw deflate": "deflate"}


def payloads(block):
    found = read(gz([warc(block)]))
    assert found.problems == []
    return [item.payload for item in found.records]


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("claim", ["right", "none", "identity", "wrong"])
@pytest.mark.parametrize("with_chunks", [False, True])
@pytest.mark.parametrize("say_chunked", [False, True])
def test_any_coding_under_any_claim(coder, claim, with_chunks, say_chunked):
    name = NAMES.get(coder, coder)
    wrong = next(other for other in ("br", "gzip", "deflate", "zstd") if other != name)
    said = {"right": name, "none": "", "identity": "identity", "wrong": wrong}[claim]
    body = CODERS[coder](PAGE)
    headers = ["Content-Type: text/html"]
    headers += [f"Content-Encoding: {said}"] if said else []
    headers += ["Transfer-Encoding: chunked"] if say_chunked else []
    block = http(chunked(body) if with_chunks else body, *headers)
    assert payloads(block) == [PAGE]


@pytest.mark.parametrize("pair", list(itertools.permutations(CODERS, 2)), ids="+".join)
def test_several_codings_at_once(pair):
    body = CODERS[pair[1]](CODERS[pair[0]](PAGE))
    names = ", ".join(NAMES.get(name, name) for name in pair)
    assert payloads(http(chunked(body), f"Content-Encoding: {names}", "Transfer-Encoding: chunked")) == [PAGE]


@pytest.mark.parametrize("headers", [["Transfer-Encoding: chunked"], ["transfer-encoding:chunked"], []])
@pytest.mark.parametrize("size", [1, 3, 5, 1000])
def test_chunks_that_divide_the_needle(headers, size):
    block = http(chunked(PAGE, size, b";a=b", b"X-Trailer: 1\r\n"), *headers)
    assert payloads(block) == [PAGE]


def test_headers_that_claim_what_is_not_so():
    for said in ("gzip", "br", "deflate", "zstd", "gzip, br", "nonsense", "x-gzip, "):
        assert payloads(http(PAGE, f"Content-Encoding: {said}", "Transfer-Encoding: chunked")) == [PAGE]


def test_the_digest_is_of_the_stored_payload():
    stored = chunked(gzip.compress(PAGE, mtime=0))
    (record,) = read(gz([warc(http(stored, "Transfer-Encoding: chunked", "Content-Encoding: gzip"))])).records
    assert record.digest == payload_digest(stored)
    assert record.payload == PAGE


@pytest.mark.parametrize("coder", ["gzip", "deflate", "raw deflate"])
def test_a_coded_body_that_breaks_off_gives_what_there_is(coder):
    page = FAQ + random.Random(2).randbytes(4000).hex().encode()
    body = CODERS[coder](page)[:-900]
    (payload,) = payloads(http(body, f"Content-Encoding: {NAMES.get(coder, coder)}"))
    assert payload.startswith(FAQ)
    assert page.startswith(payload)


def test_a_coded_body_with_damage_gives_what_came_before():
    page = FAQ + random.Random(2).randbytes(9000).hex().encode()
    body = bytearray(gzip.compress(page))
    body[6000:6050] = bytes(50)
    (payload,) = payloads(http(bytes(body), "Content-Encoding: gzip"))
    assert payload.startswith(FAQ)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("indent", ["", "\n\n  "])
def test_utf16(charset, indent):
    page = (indent + FAQ.decode()).encode(charset)
    assert payloads(http(page, "Content-Type: text/html")) == [page]
    assert payloads(http(page.replace("FAQPage".encode(charset)[-14:], b""), "Content-Type: text/html")) == []


@pytest.mark.parametrize(
    "front", [b"\xef\xbb\xbf", b"abc: ", b"12 FAQs\r\n", b"x", b"(", b"\xc3\x9c", b"H", b"1\r\n", b"\x00"]
)
def test_plain_bodies_that_begin_strangely(front):
    assert payloads(http(front + PAGE, "Content-Type: text/html")) == [front + PAGE]


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("layers", [1, 2])
def test_bombs_stop_at_the_bound(coder, layers):
    body = bytes(64 * LIMIT)
    for _ in range(layers):
        body = CODERS[coder](body)
    name = NAMES.get(coder, coder)
    claim = ", ".join([name] * layers)
    found = read(gz([warc(http(body, f"Content-Encoding: {claim}"), url="https://bomb.example/"), warc(http(FAQ))]))
    assert [(item.reason, item.url) for item in found.problems] == [("too_large", "https://bomb.example/")]
    assert len(found.records) == 1


def test_many_layers_end():
    body = PAGE
    for _ in range(40):
        body = gzip.compress(body, mtime=0)
    assert read(gz([warc(http(body, "Content-Encoding: gzip"))])).items == []


def test_downloads_are_not_unpacked():
    for kind in ("application/gzip", "application/x-tar", "application/octet-stream", "image/png"):
        assert payloads(http(gzip.compress(PAGE), f"Content-Type: {kind}")) == []


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=2000), st.sampled_from(["", "gzip", "br", "deflate", "zstd", "deflate, br, gzip"]), st.booleans()
)
def test_any_bytes_decode_within_the_bound(body, claim, say_chunked):
    headers = {"content-encoding": claim, "transfer-encoding": "chunked" if say_chunked else ""}
    assert len(decode_body(body, headers, 100_000)) <= 100_000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 400))
def test_dechunk_undoes_chunks(body, size):
    assert dechunk(chunked(body, size), claimed=True) == body


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789abcdefg\r\n <", max_size=300))
def test_text_that_looks_a_little_like_chunks_stays_whole_without_a_claim(text):
    body = b"<p>" + text.encode()
    assert dechunk(body, claimed=False) == body
