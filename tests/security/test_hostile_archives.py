"""Archives that lie: about sizes, about what is in them, about where they lie. What is good in them still comes out."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tracemalloc
import weakref
import zlib
from pathlib import Path

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from tests.archives import faq_page, response_record

from faquarry.errors import FaquarryError, NothingToRead
from faquarry.web.files import local_path, open_range
from faquarry.web.nquads import read_nquads
from faquarry.web.owi import read_owi
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.sources import resolve
from faquarry.web.warc import scan
from faquarry.web.window import Fixed, Window
from faquarry.web.zstd import Zstd

LIMIT = 1 << 20
GOOD = response_record(
    "https://good.example/faq",
    "2026-01-02T03:04:05Z",
    faq_page(("What opens at nine?", "The gate opens at nine on every day.")).encode(),
)
ZEROS = b"\x00" * (8 << 20)


def read(data: bytes, *, measured: bool = True) -> tuple[list[Record], list[Problem]]:
    """Everything of an archive, in memory that its size does not decide."""
    if measured:
        tracemalloc.start()
    items = list(scan(io.BytesIO(data), counts=ScanCounts(), max_record_bytes=LIMIT))
    if measured:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < len(data) + 24 * LIMIT, f"{most >> 20} MiB"
    return [one for one in items if isinstance(one, Record)], [one for one in items if isinstance(one, Problem)]


def record(length: str | None, body: bytes = b"HTTP/1.1 200 OK\r\n\r\nFAQPage", more: bytes = b"") -> bytes:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://bad.example/\r\n" + more
    head += f"Content-Length: {length}\r\n".encode() if length is not None else b""
    return head + b"\r\n" + body + b"\r\n\r\n"


@pytest.mark.parametrize(
    "length",
    ["-1", "-9223372036854775808", "9223372036854775807", "99999999999999999999999999", "9" * 5000, "1e9", "0x10", "+5", "1_0", "٣", "", " ", "NaN", None],
)  # fmt: skip
@pytest.mark.parametrize("packed", [True, False])
def test_lengths_that_are_none(length: str | None, packed: bool) -> None:
    made = [record(length), GOOD]
    data = b"".join(map(gzip.compress, made)) if packed else b"".join(reversed(made))
    records, _ = read(data)
    assert "https://good.example/faq" in [one.url for one in records]


@pytest.mark.parametrize(
    "more",
    [
        b"X: " + b"y" * (4 << 20) + b"\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(100_000)),
        b"X: y\r\n " * 200_000,
        b":\r\n" * 200_000,
        b"\xff\xfe\x00" * 100_000 + b"\r\n",
        b"WARC-Target-URI: https://other.example/" + b"a" * (2 << 20) + b"\r\n",
        b"WARC-Date: " + b"9" * 100_000 + b"\r\n",
    ],
)
def test_heads_of_megabytes(more: bytes) -> None:
    records, _ = read(gzip.compress(record("26", more=more)) + gzip.compress(GOOD))
    assert "https://good.example/faq" in [one.url for one in records]


def _bomb(layers: int) -> bytes:
    data = ZEROS * 12
    for _ in range(layers):
        data = gzip.compress(data)
    return data


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(ZEROS * 12)),
        ("deflate", zlib.compress(ZEROS * 12)),
        ("br", brotli.compress(ZEROS * 12, quality=5)),
        ("zstd", zstandard.compress(ZEROS * 12)),
        ("gzip, gzip", _bomb(2)),
        ("gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip", _bomb(4)),
        ("gzip", gzip.compress(b"a") * 20_000),
        ("chunked", b"1\r\nF\r\n" * 30_000 + b"ffffffffffffffff\r\n"),
    ],
)
def test_bodies_that_swell(coding: str, body: bytes) -> None:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n\r\n".encode() + body
    records, problems = read(gzip.compress(record(str(len(block)), block)) + gzip.compress(GOOD))
    assert [one.url for one in records] == ["https://good.example/faq"]
    assert all(problem.reason in ("too_large", "damaged") for problem in problems)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_members_that_swell(pack: object) -> None:
    """A thousand to one, of nothing, of blanks, and of a record that says so and is too large."""
    block = b"HTTP/1.1 200 OK\r\n\r\nFAQPage" + ZEROS * 6
    for bomb in (ZEROS * 6, b"\r\n" * (24 << 20), b"WARC/1.0\r\n" * (1 << 18), record(str(len(block)), block)):
        records, _ = read(pack(bomb) + pack(GOOD), measured=b"WARC" not in bomb[:4])  # type: ignore[operator]
        assert [one.url for one in records] == ["https://good.example/faq"]


def test_many_members_of_nothing() -> None:
    records, _ = read(gzip.compress(b"") * 20_000 + gzip.compress(GOOD), measured=False)
    assert len(records) == 1


def test_a_zstd_window_of_gigabytes() -> None:
    """A frame may ask its reader for 2 GB of window in 6 bytes of header."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0x00, 0xFF]) + b"\x01\x00\x00"
    records, problems = read(zstandard.compress(GOOD) + frame)
    assert len(records) == 1
    assert len(problems) <= 1


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "../../../etc/passwd",
        "https://a.example/\nX: y",
        "a\x00b",
        "'; DROP TABLE qa; --",
        '"',
        "\ud800",
        "x" * 100_000,
    ],
)
def test_addresses_of_records_are_only_text(uri: str) -> None:
    data = response_record("URI", "2026-01-02T03:04:05Z", b"FAQPage").replace(
        b"URI: URI", b"URI: " + uri.encode("utf-8", "surrogatepass")
    )
    records, _ = read(gzip.compress(data) + gzip.compress(GOOD))
    assert records[-1].url == "https://good.example/faq"
    for one in records:
        one.url.encode("utf-8")
        assert "\n" not in one.url


# -- N-Quads and Parquet ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b'<a> <b> "' + b"x" * (20 << 20) + b'" <g> .\n',
        b'<a> <b> "' + b"\\" * (2 << 20) + b'" <g> .\n',
        b"<" * (4 << 20) + b"\n",
        b'"' * (4 << 20) + b"\n",
        b"_:a " * (1 << 20) + b"\n",
        b'<a> <b> "\\u' + b"D800\\u" * 200_000 + b'" <g> .\n',
        b"".join(b'<a> <p%d> "FAQPage" <g> .\n' % n for n in range(40_000)),
        b"".join(b'<a> <p> "FAQPage %d" <g> .\n' % n for n in range(40_000)),
    ],
)
def test_quads_of_megabytes(line: bytes) -> None:
    good = b'<a> <http://schema.org/name> "FAQPage" <https://good.example/> .\n'
    tracemalloc.start()
    found = list(read_nquads(io.BytesIO(line + good), counts=ScanCounts(), max_record_bytes=LIMIT))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < len(line) + 64 * LIMIT
    assert found[-1].url == "https://good.example/"


def _parquet(tmp_path: Path) -> bytes:
    out = io.BytesIO()
    rows = [[{"question": "What opens at nine?", "answer": "The gate does."}]] * 50
    pq.write_table(pa.table({"url": ["https://a.example/"] * 50, "faq": rows}), out, compression="snappy")
    return out.getvalue()


@pytest.mark.parametrize("length", [0, 1, 7, 1 << 20, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_parquet_footer_that_lies(tmp_path: Path, length: int) -> None:
    data = _parquet(tmp_path)
    path = tmp_path / "a.parquet"
    path.write_bytes(data[:-8] + length.to_bytes(4, "little") + b"PAR1")
    with pytest.raises(FaquarryError, match="damaged Parquet"):
        list(read_owi(str(path), counts=ScanCounts()))
    assert resolve([str(path)])[0].error


def test_every_byte_of_a_parquet_file_may_lie(tmp_path: Path) -> None:
    """Sizes of pages, counts of values, offsets, encodings: each byte set to its greatest; a sentence or rows, no crash."""
    data, path, read_anyway = _parquet(tmp_path), tmp_path / "a.parquet", 0
    for at in range(0, len(data), 3):
        path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        try:
            read_anyway += len(list(read_owi(str(path), counts=ScanCounts())))
        except FaquarryError as told:
            assert "damaged Parquet" in str(told)  # noqa: PT017 - both ends are right
    assert read_anyway


# -- names of files -----------------------------------------------------------------------------------------------------

NAMES = [
    "a b.warc.gz",
    "line\nbreak.warc.gz",
    "quote'\".warc.gz",
    "star*[x]?.warc.gz",
    "%2e%2e%2fetc.warc.gz",
    "-rf.warc.gz",
    "$(id).warc.gz",
    "`id`.gz",
    "a#b?c=d.gz",
    "ünï.gz",
    "x.paths",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_are_only_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(GOOD))
    (source,) = resolve([str(tmp_path)])
    assert (source.kind, source.error) == ("warc", None)
    assert local_path(source.uri) == path
    assert "\n" not in source.uri
    with open_range(source.uri) as stream:
        assert stream.read(1 << 20) == path.read_bytes()


def test_links_in_a_folder(tmp_path: Path) -> None:
    """A link to a folder is not followed (it may lead in a circle, or out); a link to a file is a file, one to nothing a problem."""
    (tmp_path / "crawl").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.warc").write_bytes(GOOD)
    (tmp_path / "crawl" / "good.warc").write_bytes(GOOD)
    (tmp_path / "crawl" / "circle").symlink_to(tmp_path / "crawl")
    (tmp_path / "crawl" / "out").symlink_to(outside)
    (tmp_path / "crawl" / "gone.warc").symlink_to(tmp_path / "nowhere")
    (tmp_path / "crawl" / "loop.warc").symlink_to(tmp_path / "crawl" / "loop.warc")
    found = {Path(source.uri).name: source for source in resolve([str(tmp_path / "crawl")])}
    assert sorted(found) == ["gone.warc", "good.warc", "loop.warc"]
    assert found["good.warc"].error is None
    assert found["gone.warc"].error
    assert found["loop.warc"].error


@pytest.mark.timeout(20)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.warc")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.warc"))
        (tmp_path / "good.warc").write_bytes(GOOD)
        (tmp_path / "endless.warc").symlink_to("/dev/zero")
        found = {Path(source.uri).name: source for source in resolve([str(tmp_path)])}
    assert found["good.warc"].error is None
    assert all(found[name].error for name in found if name != "good.warc")


def test_a_manifest_cannot_be_a_bomb(tmp_path: Path) -> None:
    manifest = tmp_path / "a.paths.gz"
    manifest.write_bytes(gzip.compress(b"\n" * (8 << 20)))
    with pytest.raises(NothingToRead):
        resolve([str(manifest)])


def test_a_frame_leaves_nothing_behind() -> None:
    """An archive has millions of frames; each kept 4 KB for ever, in a circle that no garbage collector sees."""
    zstd = Zstd(Window(Fixed(zstandard.compress(GOOD) + zstandard.compress(GOOD)[:-20])))
    for size in (1 << 20, 10):  # read to its end, and left in the middle
        member = zstd.open(0)
        member.read(size)
        gone = weakref.ref(member)
        del member
        assert gone() is None
