"""The archive of Java's classes: taken when it is whole, and sessions start whatever stands in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faquarry.config.settings import SparkSettings
from faquarry.spark.classes import find_archive
from faquarry.spark.jars import find_jars
from faquarry.spark.session import local_conf

START = """
from faquarry.config.settings import SparkSettings
from faquarry.spark.session import get_session
conf = {"spark.driver.extraJavaOptions": "-XX:+UseSerialGC"}
spark = get_session(SparkSettings(master="local[1]", conf=conf))
print("rows", spark.range(5).count(), spark.conf.get("spark.driver.defaultJavaOptions"))
spark.stop()
"""


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with Delta's jars and no archive."""
    for jar in find_jars():
        (tmp_path / jar.name).symlink_to(jar)
    monkeypatch.setenv("FAQUARRY_JARS", str(tmp_path))
    return tmp_path


def test_an_archive_that_was_cut_off_is_not_taken(jars: Path) -> None:
    assert find_archive() is None
    (jars / "classes-new.part").write_bytes(b"1234")
    (jars / "classes-9.jsa").write_bytes(b"1234")
    assert find_archive() is None
    whole = jars / "classes-4.jsa"
    whole.write_bytes(b"1234")
    assert find_archive() == whole


def test_one_jvm_alone_is_given_the_archive(jars: Path) -> None:
    (jars / "classes-4.jsa").write_bytes(b"1234")
    for master in ("local", "local[*]", "local[2, 3]", None):
        conf = local_conf(SparkSettings(master=master))
        assert str(jars / "classes-4.jsa") in conf["spark.driver.defaultJavaOptions"]
        assert conf["spark.driver.extraClassPath"].count(".jar") == 7
    for master in ("local-cluster[2,1,1024]", "spark://host:7077"):
        conf = local_conf(SparkSettings(master=master))
        assert "spark.driver.defaultJavaOptions" not in conf
        assert conf["spark.jars"].count(".jar") == 7


@pytest.mark.slow
@pytest.mark.spark
def test_a_session_starts_with_an_archive_that_java_does_not_know_and_a_collector_of_ones_own(jars: Path) -> None:
    (jars / "classes-300000.jsa").write_bytes(os.urandom(300_000))
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True, env={**os.environ})
    assert f"rows 5 -XX:SharedArchiveFile={jars / 'classes-300000.jsa'}" in done.stdout
    assert "cds" not in done.stderr
