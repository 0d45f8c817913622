"""What arguments stand for, what files hold, and which version of them is there."""

from __future__ import annotations

import gzip
import itertools
import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from archives import captures, gz, zst
from faquarry.config.settings import SourceSettings
from faquarry.errors import NothingToRead, SourceChanged, SourceError
from faquarry.web import files
from faquarry.web.archive import fetch, read_archive
from faquarry.web.files import local_path, open_random, open_range, stat
from faquarry.web.record import Record, ScanCounts
from faquarry.web.sniff import sniff
from faquarry.web.sources import Source, resolve

QUADS = b"""\
_:n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/FAQPage> <https://a.example/> .
_:n0 <http://schema.org/mainEntity> _:n1 <https://a.example/> .
_:n1 <http://schema.org/name> "Is \\"this\\" a question?"@en <https://a.example/> .
"""
INDEX = {"url": ["u"], "warc_filename": ["f"], "warc_record_offset": [1], "warc_record_length": [2]}
OWI = {"url": ["u"], "faq": [[{"question": "q", "answer": "a"}]]}


def uris(sources: list[Source]) -> list[str]:
    return [source.uri for source in sources]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b.warc.gz, a.warc, deep/c.warc.zst, deep/d.nq, notes.txt, and what is not meant to be read."""
    (tmp_path / "deep" / "_temporary").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b.warc.gz").write_bytes(gz(captures(2)))
    (tmp_path / "a.warc").write_bytes(b"".join(captures(2)))
    (tmp_path / "deep" / "c.warc.zst").write_bytes(zst(captures(2)))
    (tmp_path / "deep" / "d.nq").write_bytes(QUADS)
    (tmp_path / "notes.txt").write_text("Read me.")
    for name in ("_SUCCESS", ".crc", "deep/_temporary/x.warc", ".hidden/y.warc"):
        (tmp_path / name).write_bytes(b"WARC/1.0\r\n")
    return tmp_path


def test_a_folder_is_all_its_files_sorted(folder):
    found = resolve([str(folder)])
    names = ["a.warc", "b.warc.gz", "notes.txt", "deep/c.warc.zst", "deep/d.nq"]
    assert uris(found) == [(folder / name).as_uri() for name in names]
    assert [source.kind for source in found] == ["warc", "warc", "unknown", "warc", "nquads"]
    assert [source.coding for source in found] == ["plain", "gzip", None, "zstd", "plain"]
    assert [source.splittable for source in found] == [False, True, False, True, False]
    assert [source.explicit for source in found] == [False] * 5
    assert "neither WARC nor" in (found[2].error or "")
    assert found == resolve([str(folder) + "/"]) == resolve([folder.as_uri()])


def test_globs(folder, monkeypatch):
    assert uris(resolve([f"{folder}/*.warc*"])) == [(folder / n).as_uri() for n in ("a.warc", "b.warc.gz")]
    assert uris(resolve([f"{folder}/**/*.zst"])) == [(folder / "deep/c.warc.zst").as_uri()]
    monkeypatch.chdir(folder)
    assert uris(resolve(["[ab].warc*"])) == [(folder / n).as_uri() for n in ("a.warc", "b.warc.gz")]
    (folder / "odd [1].warc").write_bytes(b"".join(captures(1)))
    assert uris(resolve(["odd [1].warc"])) == [(folder / "odd [1].warc").as_uri()]
    assert local_path(uris(resolve(["odd [1].warc"]))[0]) == folder / "odd [1].warc"


def test_each_file_once_in_the_order_of_the_arguments(folder):
    found = resolve([str(folder / "b.warc.gz"), str(folder), f"{folder}/*.gz"])
    assert [Path(source.uri).name for source in found] == ["b.warc.gz", "a.warc", "notes.txt", "c.warc.zst", "d.nq"]
    assert [source.explicit for source in found] == [True, False, False, False, False]


@pytest.mark.parametrize("name", ["list.paths", "list.paths.gz"])
def test_manifests(folder, name):
    text = (
        b"# two files\nb.warc.gz\r\n\n deep/c.warc.zst \n" + (folder / "a.warc").as_uri().encode() + b"\nlost.warc.gz\n"
    )
    manifest = folder / name
    manifest.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    expected = [(folder / n).as_uri() for n in ("b.warc.gz", "deep/c.warc.zst", "a.warc", "lost.warc.gz")]
    for found in (resolve([str(manifest)]), resolve([str(manifest)], prefix=str(folder) + "/")):
        assert uris(found) == expected
        assert [source.error is None for source in found] == [True, True, True, False]
        assert "no such file" in (found[3].error or "")
    assert uris(resolve([str(manifest)], prefix="/elsewhere"))[0] == "file:///elsewhere/b.warc.gz"
    assert uris(resolve([str(folder / "*.paths*")])) == expected


def test_a_manifest_that_is_damaged(tmp_path):
    (tmp_path / "x.paths.gz").write_bytes(gzip.compress(b"a\n" * 500)[:10] + b"\xff" * 40)
    with pytest.raises(SourceError, match="manifest whose gzip data are damaged"):
        resolve([str(tmp_path / "x.paths.gz")])


def test_the_word_sample():
    (source,) = resolve(["sample"])
    assert (source.uri, source.kind, source.error) == ("sample:sample.warc.gz", "warc", None)
    counts = ScanCounts()
    items = list(read_archive(source.uri, counts=counts, etag=source.etag))
    assert counts.bytes_in == source.size
    assert any(isinstance(item, Record) for item in items)
    with pytest.raises(SourceChanged):
        open_range(source.uri, etag="other")
    with pytest.raises(SourceError, match="not part of this installation"):
        open_range("sample:../errors.py")


@pytest.mark.parametrize("arg", ["nowhere", "/nowhere/at/all", "no*thing", "file:///nowhere"])
def test_what_matches_nothing_is_named(arg):
    with pytest.raises(NothingToRead, match=r"nowhere|thing") as caught:
        resolve([arg])
    assert caught.value.exit_code == 3


def test_no_arguments_and_empty_folders(tmp_path):
    with pytest.raises(NothingToRead, match="No source is named"):
        resolve([])
    with pytest.raises(NothingToRead, match=str(tmp_path)):
        resolve([str(tmp_path)])


def test_unknown_schemes(tmp_path):
    with pytest.raises(SourceError, match=r"ftp://x/y cannot be read: sources are files"):
        resolve(["ftp://x/y"])


def test_unreadable_files_are_sources_with_an_error(folder):
    (folder / "empty.warc.gz").write_bytes(b"")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "damaged.parquet").write_bytes(b"PAR1 and nothing else")
    found = {Path(source.uri).name: source for source in resolve([str(folder)])}
    assert "is empty" in (found["empty.warc.gz"].error or "")
    assert "symbolic links" in (found["loop"].error or "")
    assert "damaged Parquet" in (found["damaged.parquet"].error or "")
    assert found["a.warc"].error is None


def test_kinds_of_parquet(tmp_path):
    for name, table, kind in (("i", INDEX, "index"), ("o", OWI, "owi"), ("x", {"a": [1]}, "unknown")):
        pq.write_table(pa.table(table), tmp_path / name)
        (source,) = resolve([str(tmp_path / name)])
        assert source.kind == kind
        assert (source.error is None) == (kind != "unknown")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (gz(captures(1)), ("warc", "gzip")),
        (b"".join(captures(1)), ("warc", "plain")),
        (zst(captures(1)), ("warc", "zstd")),
        (gzip.compress(b"".join(captures(3))), ("warc", "gzip")),
        (b"filedesc://a.arc 0.0.0.0 20140102030405 text/plain 12\n", ("warc", "plain")),
        (b"\x00\x00damage\x00" + gz(captures(3))[7:], ("warc", "gzip")),
        (gz(captures(3))[:30] + b"\x00" * 40 + gz(captures(3))[70:], ("warc", "gzip")),
        (gzip.compress(b"not a record") + gz(captures(1)), ("warc", "gzip")),
        (QUADS, ("nquads", "plain")),
        (gzip.compress(QUADS), ("nquads", "gzip")),
        (zstandard.compress(QUADS), ("nquads", "zstd")),
        (b"# comment\n\n" + QUADS[:150], ("nquads", "plain")),
        (b"not a quad\n" + QUADS * 3, ("nquads", "plain")),
        (b"PAR1....", ("parquet", None)),
        (b"", ("unknown", None)),
        (b"<html><p>FAQPage", ("unknown", None)),
        (gzip.compress(b"a.warc.gz\nb.warc.gz\n"), ("unknown", "gzip")),
        (b'{"url": "https://a.example/"}\n', ("unknown", None)),
        (random.Random(1).randbytes(4096), ("unknown", None)),
    ],
)
def test_kinds_by_content(head, kind):
    found = sniff(head)
    assert found[0] == kind[0]
    if kind[0] != "unknown":
        assert found[1] == kind[1]


class TestVersions:
    def test_touching_and_copying_change_nothing(self, tmp_path):
        path = tmp_path / "a"
        path.write_bytes(random.Random(1).randbytes(100_000))
        before = stat(str(path))
        os.utime(path, (1, 1))
        assert stat(str(path)) == before
        assert stat(str(shutil.copy(path, tmp_path / "b"))) == before

    @pytest.mark.parametrize("at", [0, 50_000, 99_999])
    def test_every_byte_of_a_small_file_counts(self, tmp_path, at):
        path = tmp_path / "a"
        data = bytearray(100_000)
        path.write_bytes(data)
        before = stat(str(path))
        data[at] = 1
        path.write_bytes(data)
        os.utime(path, (1, 1))
        assert stat(str(path)).etag != before.etag

    def test_a_large_file_is_sampled_densely(self, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "WHOLE_BYTES", 1 << 20)
        path = tmp_path / "a"
        rng = random.Random(2)
        members = gz(captures(400, padding=20_000))
        path.write_bytes(members)
        before = stat(str(path))
        assert len(members) > 1 << 22
        for _ in range(20):
            other = bytearray(members)
            at = rng.randrange(len(other) - 300_000)
            other[at : at + 300_000] = rng.randbytes(300_000)
            path.write_bytes(other)
            assert stat(str(path)).etag != before.etag

    def test_another_version_than_planned(self, folder):
        path = folder / "b.warc.gz"
        (source,) = resolve([str(path)])
        assert list(read_archive(source.uri, counts=ScanCounts(), etag=source.etag))
        path.write_bytes(gz(captures(3)))
        with pytest.raises(SourceChanged, match=r"b\.warc\.gz is not what it was"):
            list(read_archive(source.uri, counts=ScanCounts(), etag=source.etag))


class TestReading:
    def test_ranges_of_local_files(self, tmp_path):
        path = tmp_path / "with space & ü.bin"
        data = random.Random(3).randbytes(5000)
        path.write_bytes(data)
        for uri in (str(path), path.as_uri()):
            for start, end in ((0, None), (10, 20), (4990, 6000), (6000, None), (20, 10)):
                with open_range(uri, start, end) as stream:
                    assert b"".join(iter(lambda stream=stream: stream.read(700), b"")) == data[start:end]
            with open_random(uri) as file:
                assert file.size() == 5000

    def test_parts_of_an_archive(self, tmp_path):
        for store in (gz, zst):
            path = tmp_path / "a"
            path.write_bytes(store(captures(40, padding=300)))
            (source,) = resolve([str(path)])
            whole = list(read_archive(source.uri, counts=ScanCounts()))
            assert source.size is not None
            cuts = [0, source.size // 3, source.size // 2, source.size]
            for coding in (None, source.coding):
                parts = [
                    item
                    for start, end in itertools.pairwise(cuts)
                    for item in read_archive(source.uri, counts=ScanCounts(), start=start, end=end, coding=coding)
                ]
                assert parts == whole
            record = whole[7]
            assert fetch(source.uri, record.offset, record.length, record.digest) == record

    def test_parts_of_an_archive_with_a_dictionary(self, tmp_path):
        records = captures(40, padding=300)
        dictionary = zstandard.train_dictionary(4096, [*records, *captures(300, padding=50)]).as_bytes()
        front = b"\x5d\x2a\x4d\x18" + len(dictionary).to_bytes(4, "little") + dictionary
        path = tmp_path / "a"
        path.write_bytes(front + zst(records, dictionary=dictionary))
        whole = list(read_archive(str(path), counts=ScanCounts()))
        assert len(whole) == 40
        half = path.stat().st_size // 2
        parts = [
            *read_archive(str(path), counts=ScanCounts(), end=half),
            *read_archive(str(path), counts=ScanCounts(), start=half, coding="zstd"),
        ]
        assert parts == whole
        record = whole[30]
        assert fetch(str(path), record.offset, record.length, record.digest) == record

    def test_hdfs_without_libhdfs_says_what_to_do(self, monkeypatch):
        for name in ("HADOOP_HOME", "ARROW_LIBHDFS_DIR"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(SourceError, match=r"libhdfs\.so: set JAVA_HOME"):
            resolve(["hdfs://nowhere.invalid:8020/a.warc.gz"], SourceSettings())
