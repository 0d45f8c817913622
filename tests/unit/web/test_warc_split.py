"""However an archive is divided, its parts together give what the whole gives: once, and in order."""

from __future__ import annotations

import gzip
import random
import zlib
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_warc_scan import blocks, few_per_member, one_frame, one_member, padded, with_extra_field

from archives import captures, gz, http, read, warc, zst
from faquarry.web.record import ScanCounts
from faquarry.web.warc import splittable


def damaged(records):
    """Members with broken beginnings, middles and ends, and garbage between them."""
    rng = random.Random(3)
    data = bytearray(gz(records))
    for _ in range(12):
        at = rng.randrange(len(data))
        data[at : at + rng.randint(1, 30)] = rng.randbytes(rng.randint(0, 200))
    return bytes(data)


def cut_off(records):
    return gz(records)[:-300]


def with_strangers(records):
    """Between the members, members that hold no record."""
    strangers = [b"no record", b"", bytes(5000), b"text before\n" + warc(http(b"FAQPage"), url="https://late.example/")]
    return b"".join(
        gzip.compress(record, mtime=0) + gzip.compress(strangers[n % 4], mtime=0) for n, record in enumerate(records)
    )


def archives_within(records):
    """Members that hold another archive's members as they are."""
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    outer = warc(http(gz(captures(9)), "Content-Type: application/gzip"), url="https://outer.example/")
    return gz(records) + packer.compress(outer) + packer.flush() + gz(records)


STORES = [gz, zst, few_per_member, blocks, one_member, one_frame, padded, with_extra_field]
STORES += [damaged, cut_off, with_strangers, archives_within]
RECORDS = captures(24, faq_every=2, padding=400)
DATA = {store: store(RECORDS) for store in STORES}


def parts(data: bytes, points: list[int], coding: str, sync: int):
    """The items and the added counts of all ranges between the points."""
    items, total = [], ScanCounts()
    for start, end in zip([0, *points], [*points, None], strict=True):
        found = read(data, start=start, end=end, origin=max(0, start - sync), coding=coding, at_most=5000)
        items += found.items
        for name, value in asdict(found.counts).items():
            setattr(total, name, getattr(total, name) + value)
    return items, total


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_split_points_give_exactly_the_whole(data):
    store = data.draw(st.sampled_from(STORES))
    stored = DATA[store]
    points = sorted(data.draw(st.lists(st.integers(1, len(stored)), max_size=7)))
    coding = "zstd" if store in (zst, one_frame) else "gzip"
    sync = 10**9 if store is archives_within else data.draw(st.sampled_from([0, 0, 100, 3000, 10**9]))
    items, counts = parts(stored, points, coding, sync)
    whole = read(stored)
    assert items == whole.items
    assert counts == whole.counts


@pytest.mark.parametrize("store", [gz, zst, damaged, with_strangers])
def test_a_cut_at_every_byte(store):
    """Exhaustive for one small archive: two parts, every point."""
    stored = store(captures(4, padding=60))
    whole = read(stored)
    coding = "zstd" if store is zst else "gzip"
    for point in range(1, len(stored) + 1):
        items, counts = parts(stored, [point], coding, 0)
        assert items == whole.items, point
        assert counts == whole.counts, point


def test_plain_archives_are_not_split():
    assert [coding for coding in ("gzip", "zstd", "plain") if splittable(coding)] == ["gzip", "zstd"]
