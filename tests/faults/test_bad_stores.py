"""An S3 store that answers errors, breaks connections, stalls, trickles: archives that are read, and a lake that lies there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faquarry.config.settings import SourceSettings
from faquarry.errors import EnvironmentProblem, SourceError
from faquarry.lake import Lake
from faquarry.web import stores
from faquarry.web.archive import read_archive
from faquarry.web.record import ScanCounts
from faquarry.web.sources import resolve
from tests.faults.proxy import Proxy, proxied
from tests.faults.undisturbed import SMALL_PLANS
from tests.jobs import faquarry
from tests.lakes import content, rows
from tests.stores import running_store

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")

RECOVERS = ["500", "503", "reset", "stall", "cut", "trickle"]


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with running_store() as url:
        yield url


@pytest.fixture
def proxy(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before the store, which holds an empty bucket `faults`; credentials in the environment."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    stores._s3.cache_clear()
    with proxied(store) as made:
        yield made


@pytest.fixture
def bucket(store: str, proxy: Proxy) -> Iterator[Any]:
    client = boto3.client("s3", endpoint_url=store, region_name="us-east-1")
    client.create_bucket(Bucket="faults")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="faults"):
        for entry in page.get("Contents", []):
            client.delete_object(Bucket="faults", Key=entry["Key"])
    client.delete_bucket(Bucket="faults")
    client.close()


def put(client: Any, paths: list[str]) -> list[str]:
    for path in paths:
        client.put_object(Bucket="faults", Key=Path(path).name, Body=Path(path).read_bytes())
    return [f"s3://faults/{Path(path).name}" for path in paths]


def pages(uri: str, settings: SourceSettings) -> list[Any]:
    (source,) = resolve([uri], settings)
    assert source.error is None
    return list(read_archive(uri, settings, counts=ScanCounts(), etag=source.etag))


@pytest.mark.parametrize("trouble", RECOVERS)
def test_an_archive_is_read_as_from_a_good_store(trouble: str, crawl: list[str], bucket: Any, proxy: Proxy) -> None:
    (uri,) = put(bucket, crawl[:1])
    settings = SourceSettings(endpoint=proxy.url, retries=4, timeout_s=1)
    good = pages(uri, settings)
    requests = len(proxy.seen)
    for method in ("GET", "HEAD"):
        proxy.method, proxy.seen = method, []
        proxy.trouble = lambda number: trouble if number < 2 else ""
        assert pages(uri, settings) == good
        assert proxy.seen[:2] == [trouble] * 2
    assert requests > 0
    assert len(good) == 3


@pytest.mark.parametrize("trouble", ["500", "503", "reset", "stall"])
def test_a_store_that_never_recovers_is_a_sentence(trouble: str, crawl: list[str], bucket: Any, proxy: Proxy) -> None:
    (uri,) = put(bucket, crawl[:1])
    settings = SourceSettings(endpoint=proxy.url, retries=1, timeout_s=0.5)
    (source,) = resolve([uri], settings)
    proxy.seen = []
    proxy.trouble = lambda number: trouble
    with pytest.raises(SourceError, match=rf"^{uri} could not be read beyond byte 0: "):
        list(read_archive(uri, settings, counts=ScanCounts(), etag=source.etag))
    assert len(proxy.seen) >= 2


def test_an_object_that_is_deleted_midway_fails_alone(crawl: list[str], bucket: Any, proxy: Proxy) -> None:
    """Planned, then deleted: the other sources of the run are read."""
    gone, there = put(bucket, crawl[:2])
    settings = SourceSettings(endpoint=proxy.url, retries=1, timeout_s=2)
    planned = resolve([gone, there], settings)
    bucket.delete_object(Bucket="faults", Key=Path(gone).name)
    with pytest.raises(SourceError, match=f"{gone} is not there"):
        list(read_archive(gone, settings, counts=ScanCounts(), etag=planned[0].etag))
    assert len(list(read_archive(there, settings, counts=ScanCounts(), etag=planned[1].etag))) == 3


@pytest.mark.parametrize("trouble", ["503", "reset", "cut"])
def test_a_lake_in_the_store_loses_nothing(
    trouble: str, bucket: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads and commits of the tables that need no JVM, some requests of either kind troubled."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    lake = Lake("s3://faults/lake")
    entry = {"kind": "warc", "size": 1, "etag": "e", "status": "done", "run_id": "r"}
    for method in ("GET", "PUT"):
        proxy.method, proxy.seen = method, []
        proxy.trouble = lambda number: trouble if number in (0, 3, 7) else ""
        for number in range(2):
            lake.upsert("sources", [{"source": f"{method}{number}", **entry}])
        assert trouble in proxy.seen
    proxy.trouble = lambda number: ""
    found = sorted(row["source"] for row in lake.rows("sources"))
    assert found == [f"{method}{number}" for method in ("GET", "PUT") for number in range(2)]


def test_a_lake_in_a_store_that_is_down_is_a_sentence(monkeypatch: pytest.MonkeyPatch, proxy: Proxy) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    proxy.trouble = lambda number: "cut"
    with pytest.raises(EnvironmentProblem, match=r"^The lake s3://faults/lake cannot be reached: [^\x1b]*Run again"):
        Lake("s3://faults/lake").rows("sources")


@pytest.mark.spark
@pytest.mark.slow
def test_a_run_on_a_bad_store_ends_as_on_a_good_one(
    crawl: list[str], bucket: Any, proxy: Proxy, tmp_path: Path
) -> None:
    """Every third request fails; then all do, once a run has been planned: exit 4, a sentence, and the next run has it."""
    uris = put(bucket, crawl[:3])
    more = (*SMALL_PLANS, "--set", "sources.timeout_s=2", "--set", "sources.retries=5")
    good, bad = tmp_path / "good", tmp_path / "bad"

    def extract(lake: Path, *more_: str) -> Any:
        return faquarry("extract", *uris, "--lake", str(lake), f"--set=sources.endpoint={proxy.url}", *more, *more_)

    done = extract(good)
    assert done.returncode == 0, done.stderr
    proxy.seen = []
    assert len(resolve(uris, SourceSettings(endpoint=proxy.url))) == len(uris)
    planning = len(proxy.seen)
    proxy.seen = []
    proxy.trouble = lambda number: ["503", "", ""][number % 3]
    done = extract(bad)
    assert done.returncode == 0, done.stderr
    assert "503" in proxy.seen
    assert content(bad) == content(good)
    bucket.put_object(Bucket="faults", Key=Path(uris[0]).name, Body=Path(crawl[3]).read_bytes())
    proxy.seen = []
    proxy.trouble = lambda number: "500" if number >= planning else ""
    done = extract(bad, "--set", "sources.retries=1")
    assert done.returncode == 4, done.stderr
    assert f"extract: failed: {uris[0]}" in done.stderr
    [failed] = rows(bad, "sources", status="failed")
    assert failed["source"] == uris[0]
    proxy.trouble = lambda number: ""
    done = extract(bad)
    assert done.returncode == 0, done.stderr
    assert rows(bad, "sources", status="failed") == []
    done = extract(good)
    assert done.returncode == 0, done.stderr
    assert content(bad) == content(good)
