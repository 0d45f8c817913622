"""An opened lake in a store that speaks S3."""

from __future__ import annotations

import pytest
from tests.stores import running_store

import faquarry
from faquarry.errors import NothingToRead
from faquarry.lake import Lake

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")


def test_a_lake_in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_store() as url:
        named = {"ENDPOINT_URL": url, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}
        for name, value in named.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="crawls")
        lake = Lake("s3a://crawls/a lake")
        for id_, language in (("a", "eng"), ("b", "deu")):
            lake.upsert("qa", [{"id": id_, "language": language}])
        opened = faquarry.open(lake.uri)
        assert "lake s3a://crawls/a lake: 1 tables" in repr(opened)
        assert opened.qa.arrow(["id"], "language = 'deu'").to_pylist() == [{"id": "b"}]
        assert opened.sql("SELECT count(*) FROM qa").fetchall() == [(2,)]
        assert opened.qa.polars().select("id").collect().height == 2
        assert len(opened.qa.at(1)) == 1
        with pytest.raises(NothingToRead, match="There is no lake in s3a://crawls/none"):
            faquarry.open("s3a://crawls/none")
