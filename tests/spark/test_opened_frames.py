"""An opened lake in Spark: the session that runs is used, versions are those that were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import faquarry
from faquarry.lake import Lake

pytestmark = pytest.mark.spark


def test_tables_and_views_of_the_running_session(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "a lake"))
    for id_ in "ab":
        lake.upsert("qa", [{"id": id_, "language": "eng"}])
    opened = faquarry.open(lake.uri)
    assert opened.session() is opened.session(spark) is spark
    assert {row.id for row in opened.qa.spark().collect()} == {"a", "b"}
    assert opened.qa.at(1).spark(spark).count() == 1
    assert opened.at({"qa": 1}).spark().sql("SELECT count(*) AS n FROM qa").first().n == 1
