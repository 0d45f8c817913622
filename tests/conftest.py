"""Fixtures of the whole suite: the folder of real data, and one Spark session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; skips the test where there is none."""
    folder = os.environ.get("FAQUARRY_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real data: set FAQUARRY_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    """The suite's only Spark session: small, quiet, as faquarry itself makes it."""
    from faquarry.config.settings import SparkSettings
    from faquarry.spark.session import get_session

    conf = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1", "spark.sql.shuffle.partitions": "2"}
    session = get_session(SparkSettings(master="local[2]", conf=conf), "faquarry tests")
    yield session
    session.stop()
