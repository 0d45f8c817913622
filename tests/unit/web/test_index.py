"""A columnar index: conditions, ranges put together, and exactly the records that were asked for."""

from __future__ import annotations

import gzip
import itertools
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import captures, zst
from faquarry.config.settings import SourceSettings
from faquarry.errors import SourceError, UsageError
from faquarry.web.archive import read_archive
from faquarry.web.index import FilePlan, Span, _spans, plan_index, read_plan
from faquarry.web.record import Problem, Record, ScanCounts

PAGES = 30


@pytest.fixture
def crawl(tmp_path):
    """Two archives and the index of their responses, all of which name a FAQ."""
    rows = []
    for name in ("x/one.warc.gz", "two.warc.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        offset = 0
        with path.open("wb") as out:
            for number, record in enumerate(captures(PAGES, padding=700)):
                member = gzip.compress(record, mtime=0)
                if b"WARC-Type: response" in record:
                    language = "deu" if number % 4 == 2 else "eng"
                    rows.append((f"https://site{(number - 2) // 3}.example/", name, offset, len(member), language, 200))
                offset += out.write(member)
    names = ["url", "warc_filename", "warc_record_offset", "warc_record_length", "content_languages", "fetch_status"]
    random.Random(1).shuffle(rows)
    table = pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})
    table = table.set_column(2, names[2], table[names[2]].cast(pa.int32()))
    pq.write_table(table, tmp_path / "index.parquet", row_group_size=7)
    return tmp_path


def read(plans: list[FilePlan]) -> list[Record]:
    counts = ScanCounts()
    items = [item for plan in plans for item in read_plan(plan, counts=counts)]
    assert counts.problems == sum(isinstance(item, Problem) for item in items)
    return items


def test_all_rows_are_all_records(crawl):
    plans = plan_index([str(crawl / "index.parquet")])
    assert [plan.uri for plan in plans] == [f"{crawl}/two.warc.gz", f"{crawl}/x/one.warc.gz"]
    assert [plan.records for plan in plans] == [PAGES, PAGES]
    assert [len(plan.spans) for plan in plans] == [1, 1]
    whole = [item for plan in plans for item in read_archive(plan.uri, counts=ScanCounts())]
    assert read(plans) == whole


def test_a_condition_selects(crawl):
    uri = (crawl / "index.parquet").as_uri()
    where = "content_languages LIKE '%deu%' AND fetch_status = 200 AND warc_filename LIKE 'x/%'"
    (plan,) = plan_index([uri], where=where, prefix=str(crawl))
    found = read([plan])
    assert [record.url for record in found] == [f"https://site{n}.example/" for n in range(0, PAGES, 4)]
    assert plan_index([uri], SourceSettings(where="false")) == []
    wide = plan_index([uri], SourceSettings(where=where, merge_gap_bytes=0))[0]
    assert len(wide.spans) == len(found)
    assert wide.size < plan.size
    assert read([wide]) == found


@pytest.mark.parametrize(
    "where",
    [
        "no_such_column = 1",
        "url ==== 2",
        "1) UNION SELECT * FROM (SELECT 1",
        "url IN (SELECT content FROM read_text('/etc/hosts'))",
    ],
)
def test_conditions_that_cannot_be_evaluated(crawl, where):
    with pytest.raises(UsageError, match="--where"):
        plan_index([str(crawl / "index.parquet")], where=where)


def test_the_same_record_twice_is_read_once(crawl):
    uri = str(crawl / "index.parquet")
    assert plan_index([uri, uri]) == plan_index([uri])


def test_an_index_that_is_wrong(crawl):
    uri = f"{crawl}/two.warc.gz"
    (plan,) = (plan for plan in plan_index([str(crawl / "index.parquet")]) if plan.uri == uri)
    (offset, length), *others = plan.spans[0].records
    wrong = [(offset + 3, length - 3), *others[:2], (others[2][0], 20), (others[2][0] + 10, 50), (10**7, 100)]
    spans = (Span(wrong[0][0], wrong[-2][0] + 50, tuple(wrong[:-1])), Span(10**7, 10**7 + 100, (wrong[-1],)))
    items = read([FilePlan(uri, spans)])
    assert [item.url for item in items if isinstance(item, Record)] == [
        "https://site1.example/",
        "https://site2.example/",
    ]
    assert [item.reason for item in items if isinstance(item, Problem)] == ["damaged"] * 4


def test_an_archive_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        list(read_plan(FilePlan(str(tmp_path / "lost"), (Span(0, 5, ((0, 5),)),)), counts=ScanCounts()))


def test_zstd_with_a_dictionary(tmp_path):
    records = captures(10, padding=300)
    dictionary = zstandard.train_dictionary(4096, [*records, *captures(300, padding=50)]).as_bytes()
    front = b"\x5d\x2a\x4d\x18" + len(dictionary).to_bytes(4, "little") + dictionary
    path = tmp_path / "a.warc.zst"
    path.write_bytes(front + zst(records, dictionary=dictionary))
    whole = [item for item in read_archive(str(path), counts=ScanCounts()) if isinstance(item, Record)]
    chosen = [(record.offset, record.length) for record in whole[3:7]]
    assert read([FilePlan(str(path), (Span(chosen[0][0], sum(chosen[-1]), tuple(chosen)),))]) == whole[3:7]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 400)), max_size=40), st.integers(0, 500))
def test_spans_cover_every_record_once_and_no_gap_is_too_wide(records, gap):
    spans = _spans(records, gap)
    assert [record for span in spans for record in span.records] == sorted(set(records))
    for span in spans:
        assert span.start == span.records[0][0]
        assert span.end == max(offset + length for offset, length in span.records)
    for left, right in itertools.pairwise(spans):
        assert right.start - left.end > gap
