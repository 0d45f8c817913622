"""A disk that is full, in every part of the pipeline that writes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from faquarry.cli import main
from faquarry.spark.jars import find_jars
from tests.faults.disks import fill, mounted
from tests.faults.undisturbed import (
    ARCHIVES,
    GROUPS,
    SMALL_PLANS,
    assert_settled,
    before,
    extract,
    public_rows,
)
from tests.jobs import faquarry
from tests.lakes import rows
from tests.questions import question_lake

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def test_a_full_disk_is_a_sentence_and_space_ends_it(whole: Path, crawl: list[str], small_disk: Path) -> None:
    lake, ballast = small_disk / "lake", small_disk / "ballast"
    for leaving in (20_000, 150_000):
        fill(ballast, leaving)
        done = faquarry(*extract(lake, *crawl))
        assert done.returncode == 2, done.stderr
        assert "disk is full" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        ballast.unlink()
    assert len(rows(lake, "sources")) < ARCHIVES
    done = faquarry(*extract(lake, *crawl))
    assert done.returncode == 0, done.stderr
    assert_settled(lake, whole, crawl)


def commands(lake: Path) -> dict[str, list[str]]:
    """What writes beside or after `extract`, into the lake or next to it."""
    beside = lake.parent
    return {
        "deduplicate": ["deduplicate"],
        "embed": ["embed"],
        "export": ["export", "--format", "jsonl", "--output", str(beside / "export")],
        "report": ["report", "--output", str(beside / "page" / "index.html")],
        "train": ["train", "--recipe", "rn", "--output", str(beside / "run"), "--set", "fit.steps=4"],
    }


@pytest.fixture
def roomy_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that has space for a model."""
    with mounted(tmp_path / "roomy", "320m") as folder:
        yield folder


@pytest.mark.parametrize("verb", ["deduplicate", "embed", "export", "report", "train"])
def test_a_disk_that_fills_later_is_a_sentence_too(
    verb: str, spark: SparkSession, roomy_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No space at all, then a little, then enough; what was written before is as it was."""
    question_lake(tmp_path / "questions")
    lake, whole = roomy_disk / "lake", tmp_path / "beside" / "lake"
    for place in (lake, whole):
        shutil.copytree(tmp_path / "questions", place)
    words = commands(lake)[verb]
    assert main([*commands(whole)[verb], "--lake", str(whole)]) == 0
    before = rows(lake, "qa")
    ballast = roomy_disk / "ballast"
    for leaving in (0, 24_000):
        fill(ballast, leaving)
        capsys.readouterr()
        code = main([*words, "--lake", str(lake)])
        said = capsys.readouterr().err
        assert code == 2 or (leaving and code == 0)
        if code:
            assert re.search("(is|disk is) full|No space left", said.splitlines()[-1]), said
            assert said.count("Traceback") == 0
        ballast.unlink()
    assert rows(lake, "qa") == before
    assert main([*words, "--lake", str(lake)]) == 0
    assert public_rows(lake) == public_rows(whole)
    assert files(roomy_disk) == files(whole.parent)


def files(folder: Path) -> set[str]:
    """What stands beside a lake."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != "lake"}


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("verb", ["label", "align", "benchmark", "mine", "graph", "groups"])
def test_a_disk_that_fills_under_a_stage_is_a_sentence(
    verb: str, spark: SparkSession, pipeline_lake: Path, roomy_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No space at all, then a little, then enough: the rows of the pipeline's lake."""
    lake, ballast = before((verb,), pipeline_lake, roomy_disk / "lake"), roomy_disk / "ballast"
    named = {"graph": ["graph", "sample"], "groups": ["graph", "--groups"]}
    words = [*named.get(verb, [verb]), "--lake", str(lake), *GROUPS, "--set=log.progress=none"]
    for leaving in (0, 24_000):
        fill(ballast, leaving)
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr().err
        assert code == 2, said
        assert re.search("(is|disk is) full|No space left", said.splitlines()[-1]), said
        assert "Traceback" not in said
        ballast.unlink()
    assert main(words) == 0
    assert public_rows(lake) == public_rows(pipeline_lake)


def test_a_full_temporary_folder_is_a_sentence_that_names_it(whole: Path, tmp_path: Path) -> None:
    """`spark.local.dir` has no space for Delta's jars, so that Spark does not start; or for them, and for no shuffle."""
    jars = sum(path.stat().st_size for path in find_jars())
    lake, alone = (Path(shutil.copytree(whole, tmp_path / made)) for made in ("lake", "alone"))
    words = ("deduplicate", "--kind", "question", "--kind", "near", *SMALL_PLANS)
    for name, size, said in (("none", 64 << 10, "Spark did not start: "), ("little", jars + (96 << 10), "")):
        with mounted(tmp_path / name, str(size)) as folder:
            done = faquarry(*words, "--lake", str(lake), f"--set=spark.conf.spark.local.dir={folder}")
        assert done.returncode == 2, done.stderr
        (sentence,) = (line for line in done.stderr.splitlines() if line.startswith("faquarry deduplicate: "))
        assert f"{said}The disk is full: make space where the lake is and in the temporary folder (spark.l" in sentence
        assert "Traceback" not in done.stderr
    for place in (lake, alone):
        done = faquarry(*words, "--lake", str(place))
        assert done.returncode == 0, done.stderr
    assert public_rows(lake) == public_rows(alone)
