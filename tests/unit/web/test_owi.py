"""Open Web Index: rows into pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faquarry.errors import SourceError
from faquarry.web.owi import read_owi
from faquarry.web.record import Problem, ScanCounts

FAQ = [{"question": "Why?", "answer": "Because."}, {"question": "How?", "answer": None}]


def write(path, rows, **columns):
    table = {
        "url": [row[0] for row in rows],
        "title": ["T"] * len(rows),
        "description": [None] * len(rows),
        "faq": pa.array(
            [row[1] for row in rows], pa.list_(pa.struct([("question", pa.string()), ("answer", pa.string())]))
        ),
        "warc_date": [datetime(2026, 1, 2, 3, 4, 5)] * len(rows),
        **columns,
    }
    pq.write_table(pa.table(table), path, row_group_size=3)
    return str(path)


def test_rows_become_pages(tmp_path):
    uri = write(tmp_path / "a", [("https://a.example/", FAQ), ("https://b.example/", []), ("https://c.example/", None)])
    counts = ScanCounts()
    (page,) = read_owi(uri, counts=counts)
    assert page.url == "https://a.example/"
    assert page.nodes == [
        {
            "@type": "FAQPage",
            "mainEntity": [
                {"@type": "Question", "name": "Why?", "acceptedAnswer": {"@type": "Answer", "text": "Because."}},
                {"@type": "Question", "name": "How?", "acceptedAnswer": {"@type": "Answer", "text": None}},
            ],
        }
    ]
    assert (page.title, page.description, page.offset, page.length) == ("T", None, 0, 1)
    assert page.fetched_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (counts.records, counts.responses, counts.matches) == (3, 3, 1)


@pytest.mark.parametrize(
    "value", ["2026-01-02T03:04:05Z", "2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)]
)
def test_dates_as_text_or_time(tmp_path, value):
    uri = write(tmp_path / "a", [("https://a.example/", FAQ)], warc_date=[value])
    (page,) = read_owi(uri, counts=ScanCounts())
    assert page.fetched_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_parts_by_row_group_give_the_whole(tmp_path):
    uri = write(tmp_path / "a", [(f"https://s{n}.example/", FAQ if n % 2 else []) for n in range(20)])
    whole = list(read_owi(uri, counts=ScanCounts()))
    assert [page.offset for page in whole] == list(range(1, 20, 2))
    parts = [
        page
        for at in (0, 2, 5)
        for page in read_owi(uri, counts=ScanCounts(), row_groups=range(at, {0: 2, 2: 5, 5: 7}[at]))
    ]
    assert parts == whole


def test_rows_without_a_url_are_problems(tmp_path):
    uri = write(tmp_path / "a", [(None, FAQ), ("nonsense", FAQ), ("https://a.example/", [None, *FAQ])])
    items = list(read_owi(uri, counts=ScanCounts()))
    assert [type(item) is Problem for item in items] == [True, True, False]
    assert [item.offset for item in items] == [0, 1, 2]
    assert len(items[2].nodes[0]["mainEntity"]) == 2


def test_missing_columns_are_not_needed(tmp_path):
    pq.write_table(pa.table({"url": ["https://a.example/"], "faq": [FAQ]}), tmp_path / "a")
    (page,) = read_owi(str(tmp_path / "a"), counts=ScanCounts())
    assert (page.title, page.fetched_at) == (None, None)


def test_damage_is_a_sentence(tmp_path):
    uri = write(tmp_path / "a", [("https://a.example/", FAQ)])
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data[:50])
    with pytest.raises(SourceError, match="damaged Parquet"):
        list(read_owi(uri, counts=ScanCounts()))
