"""What the scan gives of archives in order: every kind of storage, every way to write a record."""

from __future__ import annotations

import gzip
import hashlib
from base64 import b32encode
from datetime import UTC, datetime

import pytest
import zstandard

from archives import FAQ, LIMIT, captures, gz, http, page, read, warc, zst
from faquarry.web.record import ScanCounts
from faquarry.web.warc import scan

HTML = "Content-Type: text/html; charset=utf-8"


def plain(records):
    return b"".join(records)


def one_member(records):
    return gzip.compress(plain(records), mtime=0)


def blocks(records, size=700):
    """Members that know nothing of records (bgzip)."""
    data = plain(records)
    return b"".join(gzip.compress(data[at : at + size], mtime=0) for at in range(0, len(data), size))


def few_per_member(records):
    return b"".join(gzip.compress(plain(records[at : at + 3]), mtime=0) for at in range(0, len(records), 3))


def one_frame(records):
    return zstandard.ZstdCompressor().compress(plain(records))


def padded(records):
    return b"\x00\r\n".join(gz([record]) for record in records) + bytes(600)


def with_extra_field(records):
    """A gzip header with every optional part."""
    out = b""
    for record in records:
        member = gzip.compress(record, mtime=0)
        out += member[:3] + b"\x1c" + member[4:10] + b"\x04\x00abcd" + b"name.warc\x00" + b"comment\x00" + member[10:]
    return out


STORED = [plain, gz, one_member, blocks, few_per_member, zst, one_frame, padded, with_extra_field]


@pytest.mark.parametrize("store", STORED)
@pytest.mark.parametrize("at_most", [1 << 30, 997, 7])
def test_every_storage_gives_the_same_records(store, at_most):
    records = captures(20, faq_every=4, padding=600)
    found = read(store(records), at_most=at_most)
    assert found.urls == [f"https://site{number}.example/" for number in range(0, 20, 4)]
    assert [record.payload for record in found.records] == [page(n, padding=600) for n in range(0, 20, 4)]
    assert found.problems == []
    assert (found.counts.records, found.counts.responses, found.counts.matches) == (61, 20, 5)
    assert found.counts.bytes_in == len(store(records))


def test_a_record_has_all_that_leads_back_to_it():
    head, tail = captures(1)[:2], captures(1)[3:]
    record = warc(http(FAQ, HTML, "X-Twice: a", "X-Twice: b", "X-Folded: one", "\ttwo"), url="https://a.example/x")
    data = gz([*head, record, *tail])
    (found,) = read(data).records[1:] or read(data).records
    found = next(item for item in read(data).records if item.url == "https://a.example/x")
    assert found.status == 200
    assert found.type == "response"
    assert found.headers == {"content-type": "text/html; charset=utf-8", "x-twice": "b", "x-folded": "one two"}
    assert found.fetched_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.digest == "sha1:" + b32encode(hashlib.sha1(FAQ).digest()).decode()
    assert gzip.decompress(data[found.offset : found.offset + found.length]) == record


@pytest.mark.parametrize("store", STORED)
def test_a_range_alone_gives_the_record_again(store):
    data = store(captures(12, faq_every=3, padding=900))
    for record in read(data).records:
        alone = read(data[record.offset : record.offset + record.length])
        same = [item for item in alone.records if item.digest == record.digest]
        assert [item.payload for item in same] == [record.payload]
        assert same[0].url == record.url


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_versions_and_newlines(version, newline):
    record = warc(http(FAQ), version=version, newline=newline)
    for data in (record * 3, gz([record] * 3)):
        found = read(data)
        assert [item.payload for item in found.records] == [FAQ] * 3
        assert found.problems == []


@pytest.mark.parametrize("names", [str.lower, str.upper])
def test_names_of_fields_are_case_insensitive(names):
    lines = ["WARC-Type: response", "WARC-Target-URI: https://a.example/", f"Content-Length: {len(http(FAQ))}"]
    lines = [names(line.split(":", 1)[0]) + ":" + line.split(":", 1)[1] for line in lines]
    record = "\r\n".join(["WARC/1.0", *lines]).encode() + b"\r\n\r\n" + http(FAQ) + b"\r\n\r\n"
    assert read(gz([record])).urls == ["https://a.example/"]
    assert read(record).urls == ["https://a.example/"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<https://a.example/b>", "https://a.example/b"),
        ("https://a.example/with space?q=a b", "https://a.example/with%20space?q=a%20b"),
        ("https://a.example/ü", "https://a.example/ü"),
    ],
)
def test_target_uris(written, meant):
    assert read(gz([warc(http(FAQ), url=written)])).urls == [meant]


def test_other_types_are_counted_and_not_given():
    kinds = ["warcinfo", "request", "metadata", "revisit", "conversion", "continuation"]
    records = [warc(http(FAQ), kind=kind) for kind in kinds]
    found = read(gz(records))
    assert found.items == []
    assert (found.counts.records, found.counts.responses, found.counts.members) == (6, 0, 6)


def test_a_resource_is_its_block():
    record = warc(FAQ, kind="resource", content_type="text/html")
    (found,) = read(gz([record])).records
    assert (found.type, found.payload, found.status) == ("resource", FAQ, None)
    assert found.headers == {"content-type": "text/html"}


@pytest.mark.parametrize(
    ("block", "status", "payload"),
    [
        (FAQ, None, FAQ),
        (b"HTTP/1.1 200\r\n\r\n" + FAQ, 200, FAQ),
        (b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + FAQ, 200, FAQ),
        (b"HTTP/1.1 \r\n\r\n" + FAQ, None, FAQ),
        (b"HTTP/2 200 \r\n\r\n" + FAQ, 200, FAQ),
        (b"HTTP/1.1 200 OK\r\n" + FAQ, 200, FAQ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nA: b\r\n\r\n" + FAQ, 201, FAQ),
        (b"HTTP/1.1 200 OK\r\nthis line is no field\r\nA: b\r\n\r\n" + FAQ, 200, FAQ),
        (b"HTTP/1.1 200 OK\r\r\nA: b\r\r\n\r\r\n" + FAQ, 200, FAQ),
    ],
)
@pytest.mark.parametrize("store", [plain, gz])
def test_http_heads_as_they_come(store, block, status, payload):
    found = read(store([warc(block)]))
    assert [(item.status, item.payload) for item in found.records] == [(status, payload)]


def test_arc():
    def line(url, body, kind="text/html"):
        return f"{url} 192.0.2.7 20140102030405 {kind} {len(body)}\n".encode() + body + b"\n"

    first = line(
        "filedesc://a.arc", b"1 0 Me\nURL IP-address Archive-date Content-type Archive-length\n\n", "text/plain"
    )
    records = [first]
    records += [line(f"http://a.example/{n}?a=b c", http(page(n, faq=n % 2 == 0))) for n in range(6)]
    records += [line("http://bare.example/", FAQ)]
    for data in (plain(records), gz(records), one_member(records)):
        found = read(data)
        assert found.urls == [*(f"http://a.example/{n}?a=b%20c" for n in (0, 2, 4)), "http://bare.example/"]
        assert found.records[0].fetched_at == datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert found.records[0].payload == page(0)
        assert found.records[-1].headers == {"content-type": "text/html"}
        assert found.problems == []
        assert (found.counts.records, found.counts.responses) == (8, 7)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_zstd_dictionary_at_the_front(compressed):
    records = captures(30, faq_every=5, padding=300)
    dictionary = zstandard.train_dictionary(4096, [*records, *captures(300, padding=50)]).as_bytes()
    stored = zstandard.ZstdCompressor().compress(dictionary) if compressed else dictionary
    front = b"\x5d\x2a\x4d\x18" + len(stored).to_bytes(4, "little") + stored
    data = front + zst(records, dictionary=dictionary)
    found = read(data, at_most=1000)
    assert len(found.records) == 6
    assert found.problems == []
    last = found.records[-1]
    alone = read(data[: last.offset + last.length], start=last.offset, coding="zstd", dictionary=dictionary)
    assert [item.payload for item in alone.records] == [last.payload]


@pytest.mark.parametrize("options", [{"sizes": False}, {"checksum": False}])
def test_zstd_frames_with_and_without_extras(options):
    skippable = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello"
    records = captures(4)
    data = skippable + skippable.join(zst([record], **options) for record in records) + skippable
    found = read(data)
    assert len(found.records) == 4
    assert found.problems == []


def test_the_needle_is_an_argument():
    data = gz(captures(3))
    assert len(read(data, needle=b"page 1").records) == 1
    assert read(data, needle=b"QAPage2").records == []


def test_the_needle_in_a_head_is_not_in_the_payload():
    record = warc(http(b"<p>nothing</p>", "X-Hint: FAQPage"), url="https://a.example/FAQPage")
    assert read(gz([record]) + gz([record])).items == []


def test_nothing_in_nothing_out():
    counts = ScanCounts()
    import io

    assert list(scan(io.BytesIO(b""), max_record_bytes=LIMIT, counts=counts)) == []
    assert counts == ScanCounts()
