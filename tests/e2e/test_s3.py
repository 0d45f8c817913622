"""Archives in S3, from a server that speaks its protocol."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from tests.stores import running_store

from faquarry.config.settings import SourceSettings
from faquarry.errors import NothingToRead, SourceChanged, SourceError
from faquarry.web import stores
from faquarry.web.archive import fetch, read_archive
from faquarry.web.files import open_random, open_range, stat
from faquarry.web.record import Record, ScanCounts
from faquarry.web.sources import resolve

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")


def member(number: int) -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>FAQPage " + b"%d" % number * 500
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://s{number}.example/\r\nContent-Length: {len(body)}"
    )
    return gzip.compress(head.encode() + b"\r\n\r\n" + body + b"\r\n\r\n", mtime=0)


ARCHIVE = b"".join(member(n) for n in range(50))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running_store() as url:
        yield url


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket named `crawls`, and credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    stores._s3.cache_clear()
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="crawls")
    yield client
    for entry in client.list_objects_v2(Bucket="crawls").get("Contents", []):
        client.delete_object(Bucket="crawls", Key=entry["Key"])
    client.delete_bucket(Bucket="crawls")
    client.close()


@pytest.fixture
def settings(endpoint: str) -> SourceSettings:
    return SourceSettings(endpoint=endpoint, retries=1, timeout_s=10)


def put(client: Any, key: str, data: bytes = ARCHIVE) -> str:
    client.put_object(Bucket="crawls", Key=key, Body=data)
    return f"s3://crawls/{key}"


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_an_object(bucket, settings, scheme):
    uri = put(bucket, "a/b c+ü.warc.gz").replace("s3:", scheme + ":")
    (source,) = resolve([uri], settings)
    assert (source.uri, source.kind, source.coding, source.size) == (uri, "warc", "gzip", len(ARCHIVE))
    items = list(read_archive(uri, settings, counts=ScanCounts(), etag=source.etag))
    assert [item.url for item in items] == [f"https://s{n}.example/" for n in range(50)]
    record = items[20]
    assert isinstance(record, Record)
    assert fetch(uri, record.offset, record.length, record.digest, settings) == record
    with open_range(uri, 100, 2000, settings) as stream:
        assert stream.read(1 << 20) == ARCHIVE[100:2000]
    with open_random(uri, settings) as file:
        file.seek(7)
        assert file.read(9) == ARCHIVE[7:16]


def test_folders_globs_and_manifests(bucket, settings):
    for key in ("x/1.warc.gz", "x/deep/2.warc.gz", "x/_SUCCESS", "x/.hidden/3.warc.gz", "y/4.warc.gz"):
        put(bucket, key)
    put(bucket, "list.paths", b"x/1.warc.gz\ny/4.warc.gz\n")
    every = ["s3://crawls/x/1.warc.gz", "s3://crawls/x/deep/2.warc.gz"]
    assert [source.uri for source in resolve(["s3://crawls/x"], settings)] == every
    assert [source.uri for source in resolve(["s3://crawls/x/"], settings)] == every
    assert [source.uri for source in resolve(["s3://crawls/x/*.gz"], settings)] == every[:1]
    assert [source.uri for source in resolve(["s3://crawls/x/**/*.warc.gz"], settings)] == every
    listed = ["s3://crawls/x/1.warc.gz", "s3://crawls/y/4.warc.gz"]
    assert [source.uri for source in resolve(["s3://crawls/list.paths"], settings)] == listed
    assert [source.uri for source in resolve(["s3://crawls/list.paths"], settings, prefix="s3://crawls/")] == listed
    for lost in ("s3://crawls/z", "s3://crawls/x/*.zip", "s3://crawls/z/*.gz"):
        with pytest.raises(NothingToRead, match="matches nothing"):
            resolve([lost], settings)


def test_versions(bucket, settings):
    uri = put(bucket, "a.warc.gz")
    before = stat(uri, settings)
    put(bucket, "a.warc.gz", ARCHIVE[:-500] + bytes(500))
    after = stat(uri, settings)
    assert before.size == after.size
    assert before.etag != after.etag
    with pytest.raises(SourceChanged):
        open_range(uri, 0, None, settings, etag=before.etag)


def test_an_object_that_changes_while_it_is_read(bucket, settings, monkeypatch):
    monkeypatch.setattr(stores, "AHEAD_BYTES", 1000)
    uri = put(bucket, "a.warc.gz")
    with open_range(uri, 0, None, settings) as stream:
        assert stream.read(100) == ARCHIVE[:100]
        put(bucket, "a.warc.gz", bytes(len(ARCHIVE)))
        with pytest.raises(SourceChanged):
            list(iter(lambda: stream.read(1 << 20), b""))


def test_many_blocks(bucket, settings, monkeypatch):
    monkeypatch.setattr(stores, "AHEAD_BYTES", 1000)
    uri = put(bucket, "a.warc.gz")
    for start, end in ((0, None), (999, 1001), (10, 5000), (len(ARCHIVE), None), (5, 5)):
        with open_range(uri, start, end, settings) as stream:
            assert b"".join(iter(lambda stream=stream: stream.read(300), b"")) == ARCHIVE[start:end]


def test_what_is_not_there_is_a_sentence(bucket, settings):
    manifest = put(bucket, "list.paths", b"lost.warc.gz\n")
    (source,) = resolve([manifest], settings)
    assert source.error == "s3://crawls/lost.warc.gz is not there."
    with pytest.raises(SourceError, match="is not there"):
        open_range("s3://crawls/lost", 0, None, settings)
    with pytest.raises((SourceError, NothingToRead), match="no-such-bucket"):
        resolve(["s3://no-such-bucket/a"], settings)


def test_no_server(settings):
    gone = settings.model_copy(update={"endpoint": "http://127.0.0.1:1", "retries": 0, "timeout_s": 1.0})
    with pytest.raises(SourceError, match=r"s3://crawls/a"):
        resolve(["s3://crawls/a"], gone)


class TestCredentials:
    def test_none_means_anonymous(self, monkeypatch, tmp_path):
        for name in stores._CREDENTIALS:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(stores, "_VENDOR", tmp_path / "none")
        assert not stores._has_credentials()
        monkeypatch.setenv("AWS_PROFILE", "crawler")
        assert stores._has_credentials()

    def test_a_file_or_a_machine_of_the_cloud_brings_them(self, monkeypatch, tmp_path):
        for name in stores._CREDENTIALS:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "vendor").write_text("Amazon EC2\n")
        monkeypatch.setattr(stores, "_VENDOR", tmp_path / "vendor")
        assert stores._has_credentials()
        monkeypatch.setattr(stores, "_VENDOR", tmp_path / "none")
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text("[default]\n")
        assert stores._has_credentials()

    def test_anonymous_can_be_asked_for(self, bucket, settings):
        bucket.put_object(Bucket="crawls", Key="a.warc.gz", Body=ARCHIVE, ACL="public-read")
        open_to_all = settings.model_copy(update={"anonymous": True})
        (source,) = resolve(["s3://crawls/a.warc.gz"], open_to_all)
        assert source.error is None
