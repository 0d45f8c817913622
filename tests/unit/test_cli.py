"""The command line: verbs, exit codes, sentences. Nothing here starts Spark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from faquarry.cli import VERBS, main

CONTRACT = (
    "extract deduplicate embed label align judge benchmark mine graph train perturb evaluate report export run sql doctor config maintain"
).split()


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """A lake with two tables, written without Spark."""
    folder = tmp_path / "lake"
    qa = pa.table(
        {"id": ["1", "2", "3"], "language": ["deu", "eng", "eng"], "question": ["Was?", "What?", "Why\n<b>?"]}
    )
    write_deltalake(str(folder / "qa"), qa)
    write_deltalake(str(folder / "qa"), qa.slice(0, 1), mode="append")
    write_deltalake(str(folder / "sources"), pa.table({"source": ["a"]}))
    return str(folder)


def test_every_verb_of_the_contract_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(verb.name for verb in VERBS) == sorted(CONTRACT)
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"    {verb}" in shown for verb in CONTRACT)


@pytest.mark.parametrize(
    "arguments", [[], ["extrat"], ["extract"], ["sql"], ["extract", "x", "--nothing"], ["sql", "x", "--format", "doc"]]
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: faquarry" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--recipe", "small"], 2, "needs --data"),
        (["--lake", "nowhere"], 3, "no table qa"),
        (["--recipe", "large", "--data", "x"], 2, "there is no recipe large"),
        (["--recipe", "small", "--data", "nowhere.tsv"], 3, "nowhere.tsv"),
        (["--recipe", "small", "--data", "nowhere.tsv", "--set", "fit.stepps=3"], 2, "fit.stepps"),
        (["--set", "fit.stepps=3"], 2, "fit.stepps"),
    ],
)
def test_training_says_what_it_needs(
    arguments: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments]) == code
    assert sentence in capsys.readouterr().err


def test_nothing_to_read_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "SELECT 1", "--lake", str(tmp_path / "none")]) == 3
    assert "There is no table in" in capsys.readouterr().err
    assert main(["extract", str(tmp_path / "none.warc.gz"), "--lake", str(tmp_path / "lake")]) == 3
    assert "none.warc.gz" in capsys.readouterr().err
    assert main(["maintain", "--lake", str(tmp_path / "none")]) == 3


def test_sql_as_table_csv_json_and_parquet(lake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT language, count(*) AS n FROM qa GROUP BY 1 ORDER BY 1"
    assert main(["sql", query, "--lake", lake]) == 0
    assert capsys.readouterr().out.split() == ["language", "n", "deu", "2", "eng", "2"]
    assert main(["sql", query, "--lake", lake, "--format", "csv"]) == 0
    assert capsys.readouterr().out == "language,n\ndeu,2\neng,2\n"
    assert main(["sql", "SELECT question FROM qa WHERE id = '3'", "--lake", lake, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"question": "Why\n<b>?"}
    file = tmp_path / "out.parquet"
    assert main(["sql", query, "--lake", lake, "--format", "parquet", "--output", str(file)]) == 0
    assert pq.read_table(file).to_pydict() == {"language": ["deu", "eng"], "n": [2, 2]}


def test_sql_travels_in_time(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "SELECT count(*) AS n FROM qa", "--lake", lake, "--at", "qa=0", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n\n3\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SELECT nothing FROM qa"], "The query cannot be answered"),
        (["SELEC"], "The query cannot be answered"),
        (["SELECT * FROM read_csv('/etc/passwd')"], "The query cannot be answered"),
        (["SELECT 1", "--format", "parquet"], "--format parquet needs --output FILE"),
        (["SELECT 1", "--at", "qa"], "--at wants TABLE=VERSION"),
        (["SELECT 1", "--at", "qa=99"], "qa at version 99 cannot be read"),
        (["SELECT 1", "--set", "nothing=1"], "There is no setting nothing"),
        (["SELECT 1", "--config", "/no/such.toml"], "cannot be read"),
    ],
)
def test_sql_mistakes_are_sentences(
    lake: str, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sql", *arguments, "--lake", lake]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


def test_config_prints_values_with_their_origin_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "filters.profile=none", "--set", "spark.conf.fs.s3a.secret.key=hush"]) == 0
    shown = capsys.readouterr().out
    assert any(
        line.split() == ["filters.profile", "'none'", "#", "--set", "filters.profile"] for line in shown.splitlines()
    )
    assert any(
        line.startswith("extract.files_per_commit") and line.endswith("# default") for line in shown.splitlines()
    )
    assert "hush" not in shown


def test_short_retention_is_refused(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maintain", "--lake", lake, "--retention", "1"]) == 2
    assert "below 24 hours" in capsys.readouterr().err


def test_maintain_dry_run_names_the_tables(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maintain", "--lake", lake, "--dry-run"]) == 0
    assert "would compact and vacuum sources, qa" in capsys.readouterr().err


def test_importing_every_module_imports_no_framework_of_models() -> None:
    code = (
        "import importlib, pkgutil, sys, faquarry\n"
        "for module in pkgutil.walk_packages(faquarry.__path__, 'faquarry.'):\n"
        "    if not module.name.endswith('__main__') and '.training.' not in module.name: importlib.import_module(module.name)\n"
        "print([name for name in ('torch', 'sentence_transformers', 'faiss', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_package_and_the_command_line_imports_nothing_heavy() -> None:
    heavy = "torch sentence_transformers faiss extruct langdetect pyspark pandas pyarrow duckdb".split()
    code = f"import sys, faquarry, faquarry.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_reader_that_leaves_is_no_error(lake: str) -> None:
    command = (
        f"{sys.executable} -m faquarry sql 'SELECT range FROM range(200000)' --format csv --lake {lake} | head -n 1"
    )
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("range\n", "", 0)


def test_jobs_are_the_verbs() -> None:
    jobs = Path(__file__).parents[2] / "jobs"
    stages = set(CONTRACT) - {"sql", "doctor", "config", "maintain"}
    assert {path.stem for path in jobs.glob("*.py")} == stages
    for name in stages:
        assert f'main(["{name}", *sys.argv[1:]])' in (jobs / f"{name}.py").read_text()
