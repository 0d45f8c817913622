"""Damage costs itself: whatever happens to some bytes, every record that they do not hold comes out."""

from __future__ import annotations

import gzip
import random
import re
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_warc_scan import STORED, blocks, few_per_member, one_member, plain

from archives import FAQ, LIMIT, captures, gz, http, page, read, warc, zst

RECORDS = captures(40, faq_every=2, padding=500)
GZ = gz(RECORDS)
STARTS = [match.start() for match in re.finditer(rb"\x1f\x8b\x08\x00\x00\x00\x00\x00", GZ)]
assert len(STARTS) == len(RECORDS)


def owners(start: int, stop: int) -> set[int]:
    """Which records the stored bytes [start, stop) of GZ belong to."""
    ends = [*STARTS[1:], len(GZ)]
    return {n for n, (a, b) in enumerate(zip(STARTS, ends, strict=True)) if a < stop and start < b}


def expected(lost: set[int]) -> list[str]:
    """URLs of the FAQ records that must come out when those of `lost` may not."""
    return [f"https://site{(n - 2) // 3}.example/" for n in range(2, len(RECORDS), 6) if n not in lost]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GZ) - 1), st.integers(1, 255))
def test_a_changed_byte_costs_its_member(at, flip):
    data = bytearray(GZ)
    data[at] ^= flip
    found = read(bytes(data))
    lost = owners(at, at + 1)
    urls = [url for url in found.urls if url not in set(expected(set())) - set(expected(lost))]
    assert urls == expected(lost)
    assert found.counts.records >= len(RECORDS) - 1
    if found.counts.records < len(RECORDS):
        assert found.problems


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GZ) - 1), st.integers(1, 5000), st.integers(0, 2), st.integers(0, 2**32))
def test_bytes_overwritten_taken_out_or_put_in(at, size, how, seed):
    noise = random.Random(seed).randbytes(size)
    stop = min(at + size, len(GZ))
    data = [GZ[:at] + noise[: stop - at] + GZ[stop:], GZ[:at] + GZ[stop:], GZ[:at] + noise + GZ[at:]][how]
    lost = owners(at, at + 1 if how == 2 else stop) | ({*owners(at - 1, at)} if how == 2 else set())
    found = read(data)
    assert set(expected(lost)) <= set(found.urls)
    assert [url for url in found.urls if url in expected(lost)] == expected(lost)
    for record in found.records:
        assert FAQ in record.payload


@settings(max_examples=60, deadline=None)
@given(st.integers(4, len(GZ) - 1))
def test_a_file_cut_anywhere(cut):
    found = read(GZ[:cut])
    lost = owners(cut, len(GZ))
    whole = expected(lost)
    assert found.urls[: len(whole)] == whole
    if cut not in STARTS:
        assert found.reasons == ["truncated"]
        assert found.problems[0].offset == max(start for start in STARTS if start < cut)


@pytest.mark.parametrize("store", [plain, gz, one_member, blocks, few_per_member])
def test_a_record_cut_short_is_noted_and_still_given(store):
    last = warc(http(FAQ + b"<p>" + random.Random(1).randbytes(3000).hex().encode()), url="https://last.example/")
    data = store([*captures(3), last])
    found = read(data[:-1200])
    assert found.urls[-1] == "https://last.example/"
    assert found.records[-1].payload.startswith(FAQ)
    assert found.reasons == ["truncated"]
    assert found.problems[0].url == "https://last.example/"


@pytest.mark.parametrize("store", [one_member, few_per_member, plain])
def test_records_before_the_damage_in_one_member_come_out(store):
    records = captures(30, padding=1000)
    data = bytearray(store(records))
    at = len(data) * 2 // 3
    data[at : at + 40] = bytes(b ^ 0x5A for b in data[at : at + 40])
    found = read(bytes(data))
    numbers = [int(re.findall(r"\d+", url)[0]) for url in found.urls]
    assert numbers[:19] == list(range(19))
    if store is one_member:
        assert found.reasons == ["damaged"]


@pytest.mark.parametrize("store", STORED)
@pytest.mark.parametrize("lie", [0, 1, 50, 10**6, 10**14, -1])
@pytest.mark.parametrize("where", [0, 3, 9])
def test_wrong_lengths_are_survived(store, lie, where):
    records = [warc(http(page(n, padding=300)), url=f"https://site{n}.example/") for n in range(10)]
    true = len(http(page(where, padding=300)))
    wrong = {50: true - 50, -1: true + 70, 1: true + 1}.get(lie, lie)
    records[where] = warc(http(page(where, padding=300)), url=f"https://site{where}.example/", length=wrong)
    found = read(store(records))
    intact = [f"https://site{n}.example/" for n in range(10) if n != where]
    assert [url for url in found.urls if url in intact] == intact
    if lie < 10**6:
        assert [item.payload.strip() for item in found.records if item.url not in intact] == [page(where, padding=300)]


@pytest.mark.parametrize("store", [gz, plain, zst])
@pytest.mark.parametrize("length", ["", "abc", "-5", "1e3"])
def test_no_length_at_all(store, length):
    record = warc(http(FAQ), url="https://a.example/").replace(
        b"Content-Length: %d" % len(http(FAQ)), b"Content-Length: " + length.encode()
    )
    found = read(store([*captures(1), record, *captures(1)]))
    assert [item.payload for item in found.records if item.url == "https://a.example/"] == [FAQ]
    assert len(found.records) == 3


def test_a_page_that_shows_a_warc_record_is_one_page():
    shown = warc(http(FAQ), url="https://shown.example/")
    for store in (plain, gz, one_member):
        records = [warc(http(FAQ + b"<pre>\n" + shown + b"</pre>"), url="https://shows.example/"), *captures(2)]
        assert read(store(records)).urls == [
            "https://shows.example/",
            "https://site0.example/",
            "https://site1.example/",
        ]


def test_garbage_between_members_is_a_problem_and_padding_is_not():
    parts = [gzip.compress(record, mtime=0) for record in captures(2)]
    data = parts[0] + bytes(5000) + parts[1] + b"what is this?" + b"".join(parts[2:])
    found = read(data)
    assert len(found.records) == 2
    assert found.reasons == ["damaged"]
    assert found.problems[0].excerpt.startswith("what is this?")
    assert (found.problems[0].offset, found.problems[0].length) == (data.index(b"what"), 13)


def test_a_member_that_is_no_record():
    parts = [gzip.compress(record, mtime=0) for record in captures(3)]
    data = parts[0] + gzip.compress(b"<!doctype html><p>FAQPage") + b"".join(parts[1:])
    found = read(data)
    assert len(found.records) == 3
    assert found.reasons == ["damaged"]


def test_a_checksum_that_is_wrong():
    records = captures(3)
    members = [gzip.compress(record, mtime=0) for record in records]
    bad = members[2][:-8] + bytes(4) + members[2][-4:]
    found = read(b"".join([*members[:2], bad, *members[3:]]))
    assert found.urls == ["https://site1.example/", "https://site2.example/"]
    assert found.reasons == ["damaged"]
    assert found.problems[0].url == "https://site0.example/"


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b\x08", b"\x1f\x8b\x08" * 3000, b"\x28\xb5\x2f\xfd" * 500, b"WARC/1.0\r\n" * 900]
)
def test_magic_numbers_alone(data):
    found = read(data)
    assert found.records == []
    assert found.problems


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=4000),
    st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"WARC/1.0\r\n", b"http://a"]),
)
def test_any_bytes_end(data, front):
    found = read(front + data)
    assert found.counts.bytes_in == len(front + data)
    assert found.counts.problems == len(found.problems)


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(STORED))
def test_mutations_never_raise(rng, store):
    data = bytearray(store(captures(3, padding=200)))
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(data))
        how = rng.random()
        if how < 0.5:
            data[at] = rng.randrange(256)
        elif how < 0.75:
            del data[at : at + rng.randint(1, 60)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 60))
        if not data:
            break
    found = read(bytes(data))
    assert found.counts.problems == len(found.problems)
    for item in found.items:
        assert item.offset >= 0
        assert item.length is None or 0 <= item.length <= len(data)


class TestBounds:
    """No record takes more memory than it may."""

    def test_a_large_payload_is_a_problem_and_the_next_record_comes(self):
        big = warc(http(FAQ + bytes(LIMIT * 3)), url="https://big.example/")
        for store in (plain, gz, one_member, few_per_member, blocks, zst):
            found = read(store([*captures(1), big, *captures(2)]))
            assert found.urls == ["https://site0.example/", "https://site0.example/", "https://site1.example/"]
            assert [(problem.reason, problem.url) for problem in found.problems] == [
                ("too_large", "https://big.example/")
            ]

    def test_a_large_payload_without_the_needle_is_none(self):
        film = warc(http(bytes(LIMIT * 3), "Content-Type: video/mp4"))
        for store in (plain, gz, zst):
            assert read(store([film, *captures(1)])).reasons == []

    @pytest.mark.parametrize("at", [LIMIT - 3, LIMIT + (300 << 10), LIMIT * 2 - 4])
    def test_a_needle_deep_in_a_large_payload_is_seen(self, at):
        big = warc(http(b"x" * at + b"FAQPage" + b"x" * LIMIT * 2))
        for store in (plain, gz, zst):
            assert read(store([big, *captures(1)])).reasons == ["too_large"]

    def test_just_as_large_as_may_be(self):
        exact = FAQ + b" " * (LIMIT - len(FAQ))
        found = read(gz([warc(http(exact)), warc(http(exact + b" "))]))
        assert [len(record.payload) for record in found.records] == [LIMIT]
        assert found.reasons == ["too_large"]

    @pytest.mark.parametrize("coding", ["gzip", "zstd"])
    def test_a_member_that_is_a_bomb(self, coding):
        import tracemalloc

        zeros = bytes(300 * LIMIT)
        bomb = gzip.compress(zeros, 9) if coding == "gzip" else zst([zeros])
        packed = (gz if coding == "gzip" else zst)(captures(2))
        del zeros
        tracemalloc.start()
        found = read(packed + bomb + packed)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(found.records) == 4
        assert peak < 24 * LIMIT

    def test_a_record_that_is_a_bomb_in_its_member(self):
        bomb = warc(http(b"FAQPage" + bytes(200 * LIMIT)))
        found = read(gz([bomb, *captures(1)]))
        assert found.reasons == ["too_large"]
        assert len(found.records) == 1


def test_damaged_bytes_inside_stored_blocks():
    """Members that deflate could not compress hold their payload as it is, other archives' members included."""
    inner = gz(captures(5))
    stored = zlib.compressobj(0, zlib.DEFLATED, 31)
    outer = warc(http(inner, "Content-Type: application/gzip"), url="https://outer.example/")
    member = stored.compress(outer) + stored.flush()
    assert inner[:200] in member
    found = read(gz(captures(1)) + member + gz(captures(2)))
    assert found.urls == ["https://site0.example/", "https://site0.example/", "https://site1.example/"]
    assert found.problems == []
