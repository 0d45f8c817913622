"""Who reads what: parts that tile a source, tasks of about the same size, inputs that an index chose."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.config.settings import SourceSettings
from faquarry.intake.parts import Input, Part, crawl_of, inputs_of, parts_of
from faquarry.intake.plan import chunked, pack
from faquarry.web.place import origin_of, site_of
from faquarry.web.sources import Source, resolve


def item(size: int | None, name: str = "a", coding: str | None = "gzip", **more: object) -> Input:
    return Input(Source(f"file:///{name}.warc.gz", "warc", size, "1", coding, **more))  # type: ignore[arg-type]


@given(st.integers(1, 10**12), st.integers(1024, 10**10))
def test_parts_tile_a_source(size: int, split: int) -> None:
    if size // split > 5000:
        return
    parts = parts_of(item(size), split)
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end is None
    assert sum(part.size for part in parts) == size
    assert max(part.size for part in parts) <= max(split, size // len(parts) + 1)


def test_what_cannot_be_split_is_one_part() -> None:
    assert len(parts_of(item(10**9, coding="plain"), 1024)) == 1
    assert len(parts_of(item(None), 1024)) == 1
    assert parts_of(item(10, error="it is gone"), 1024) == []


@given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(1, 10**9), st.integers(1, 16))
def test_packing_keeps_every_part_once_and_balances(sizes: list[int], group: int, slots: int) -> None:
    parts = [Part(item(size, str(number))) for number, size in enumerate(sizes)]
    tasks = pack(parts, group, slots)
    assert sorted(part.name for task in tasks for part in task) == sorted(part.name for part in parts)
    assert all(tasks)
    loads = [sum(part.size for part in task) for task in tasks]
    assert loads == sorted(loads, reverse=True)
    if sizes:
        # Graham's bound for list scheduling: the largest load is below the mean plus the largest part.
        assert max(loads) <= sum(sizes) / len(tasks) + max(sizes) + len(parts)


def test_packing_does_not_depend_on_order() -> None:
    parts = [Part(item(size, str(size))) for size in (5, 9, 1, 7, 3)]
    assert pack(parts, 8, 2) == pack(parts[::-1], 8, 2)


def test_chunks() -> None:
    assert list(chunked([], 3)) == []
    assert list(chunked([1, 2, 3, 4], 3)) == [[1, 2, 3], [4]]


def test_a_stray_file_in_a_folder_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("about these archives\n" * 20)
    [named], [met] = (
        [Input(s) for s in resolve([place], SourceSettings())] for place in (str(tmp_path / "README"), str(tmp_path))
    )
    assert named.failed is not None
    assert "README" in named.failed
    assert met.failed is None


def test_an_index_becomes_the_archives_it_points_into(tmp_path: Path) -> None:
    index = tmp_path / "index.parquet"
    rows = {
        "url": ["https://a.example/", "https://b.example/", "https://c.example/"],
        "warc_filename": ["x.warc.gz", "y.warc.gz", "x.warc.gz"],
        "warc_record_offset": [0, 10, 500],
        "warc_record_length": [100, 20, 100],
    }
    pq.write_table(pa.table(rows), index)

    def found(where: str | None) -> dict[str, str]:
        settings = SourceSettings(where=where)
        inputs = inputs_of(resolve([str(index)], settings), settings, f"file://{tmp_path}/")
        return {one.source.uri: one.source.etag for one in inputs}

    every, some, same = found(None), found("url LIKE '%a.example%'"), found(None)
    assert sorted(uri.partition("#")[0] for uri in every) == [
        f"file://{tmp_path}/x.warc.gz",
        f"file://{tmp_path}/y.warc.gz",
    ]
    assert same == every
    assert len(some) == 1
    assert not set(some) & set(every)


@pytest.mark.parametrize(
    ("uri", "crawl"),
    [
        ("s3://commoncrawl/crawl-data/CC-MAIN-2024-22/segments/1/warc/x.warc.gz", "CC-MAIN-2024-22"),
        ("https://data.commoncrawl.org/crawl-data/CC-NEWS/2024/05/CC-NEWS-20240501000000-00001.warc.gz", None),
        ("file:///data/my.warc.gz", None),
    ],
)
def test_crawl_of(uri: str, crawl: str | None) -> None:
    assert crawl_of(uri) == crawl


@pytest.mark.parametrize(
    ("url", "origin", "site"),
    [
        ("https://www.shop.example.co.uk:8443/faq", "https://www.shop.example.co.uk:8443", "example.co.uk"),
        ("http://me.github.io/x", "http://me.github.io", "me.github.io"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "127.0.0.1"),
        ("https://user:pw@Example.COM/", "https://example.com", "example.com"),
        ("http://[::1]:80/", "http://[::1]:80", "[::1]"),
        ("http://[broken/", "", ""),
        ("not a url", "", ""),
        ("http://localhost/", "http://localhost", "localhost"),
    ],
)
def test_places(url: str, origin: str, site: str) -> None:
    assert (origin_of(url), site_of(url)) == (origin, site)
