"""Archives of other projects' tests, some of them damaged on purpose."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from archives import Read
from faquarry.web.record import ScanCounts
from faquarry.web.warc import scan

# More than warcio gives: it stops where these go on.
MORE = {
    "warcio--example-bad-non-chunked.warc.gz": 6,  # one member for six records
    "warcio--example-bad.warc.gz.bad": 6,
    "warcio--example-wrong-chunks.warc.gz": 2,  # a member that is a record's tail, then another record
}


def read_file(path: Path) -> Read:
    counts = ScanCounts()
    with path.open("rb") as stream:
        return Read(list(scan(stream, max_record_bytes=1 << 24, counts=counts)), counts)


@pytest.mark.real
def test_every_archive_is_read_to_its_end(data):
    with (data / "web" / "warcs" / "INDEX.tsv").open() as lines:
        rows = {row["file"]: int(row["records"]) for row in csv.DictReader(lines, delimiter="\t")}
    assert len(rows) == 38 or len(rows) == 39
    for name, records in rows.items():
        path = data / "web" / "warcs" / name
        found = read_file(path)
        assert found.counts.records == MORE.get(name, records), name
        assert found.counts.bytes_in == path.stat().st_size, name


@pytest.mark.real
def test_ranges_of_real_archives_give_the_records_again(data):
    for name in ("dev.warc.gz", "faq-aligned.warc.gz"):
        path = data / "web" / name
        stored = path.read_bytes()
        found = read_file(path)
        assert found.records
        for record in found.records:
            counts = ScanCounts()
            alone = io.BytesIO(stored[record.offset : record.offset + record.length])
            (again,) = [item for item in scan(alone, max_record_bytes=1 << 24, counts=counts) if item.url == record.url]
            assert (again.payload, again.digest) == (record.payload, record.digest)
