"""Fixtures of the whole suite: the folder of real data, and one Spark session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The suite tries the same examples each time, so that a red test is this change's doing; `make fuzz` tries new ones.
settings.register_profile("suite", derandomize=True, database=None, deadline=None)
settings.register_profile("fuzz", print_blob=True, deadline=None)
settings.load_profile("fuzz" if os.environ.get("FAQUARRY_FUZZ") else "suite")


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

    conf = {
        # C1 alone compiles fast; its code cache is 48 MB unless told, and the compiler stops for good when that is full.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        # Tables of a few rows: planning again and compiling a class a query cost more than they save.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    session = get_session(SparkSettings(master="local[2]", conf=conf), "faquarry tests")
    yield session
    session.stop()
