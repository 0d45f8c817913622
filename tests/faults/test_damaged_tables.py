"""Data files and log entries of a table are damaged: whoever reads it says which file, and the way back works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faquarry.cli import main
from faquarry.lake import Lake
from tests.faults.damage import LOST_DATA, LOST_LOG, Damaging, log_entries
from tests.faults.undisturbed import QUIET
from tests.lakes import content, rows, versions

pytestmark = pytest.mark.spark


@pytest.fixture
def lake(second: Path, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    return Path(shutil.copytree(second, tmp_path / "lake"))


def readers(lake: Path, output: Path) -> dict[str, list[str]]:
    """Commands that read `qa`: DuckDB, the report's reader, the exports', the trainers', and Spark."""
    return {
        "sql": ["sql", "SELECT max(answer) FROM qa"],
        "report": ["report"],
        "export": ["export", "--format", "jsonl", "--output", str(output)],
        "train": ["train", "--recipe", "rn", "--output", str(output)],
        "deduplicate": ["deduplicate"],
    }


def refusals(lake: Path, output: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What every reader says; each must end with 2 and one sentence, and write nothing."""
    said = []
    for verb, words in readers(lake, output).items():
        capsys.readouterr()
        assert main([*words, "--lake", str(lake)]) == 2, verb
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith(f"faquarry {verb}: ")
        said.append(last.removeprefix(f"faquarry {verb}: "))
    assert not list(lake.glob("duplicates/*.parquet"))
    return said


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "zeroed"])
def test_every_reader_names_the_data_file(
    damage: str, lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = Lake(str(lake)).version("qa")
    file = LOST_DATA[damage](lake / "qa")
    for sentence in refusals(lake, tmp_path / "out", capsys):
        assert sentence.startswith(f"The table {lake}/qa cannot be read: {file} ")
        assert f"It came with version {latest}: faquarry sql --at qa={latest - 1} reads the one before" in sentence
        assert f"faquarry maintain --restore qa={latest - 1} goes back to it" in sentence


@pytest.mark.parametrize(
    "damage",
    ["cut", "empty", "overwritten", "lacks lines", "gone", "gone from the middle", "hint that leads nowhere"],
)
def test_every_reader_names_the_entry_of_the_log(
    damage: str, lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = LOST_LOG[damage](lake / "qa")
    for sentence in refusals(lake, tmp_path / "out", capsys):
        assert sentence.startswith(f"The table {lake}/qa cannot be read: {file} ")


@pytest.mark.slow
@pytest.mark.parametrize("damage", [LOST_DATA["zeroed"], LOST_LOG["cut"]], ids=["data", "log"])
def test_the_way_back(
    damage: Damaging, second: Path, lake: Path, crawl: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As the sentence says: the version before is read, the table goes back to it, and archives are read again."""
    latest = Lake(str(lake)).version("qa")
    before = Lake(str(lake)).arrow("qa", version=latest - 1).num_rows
    damage(lake / "qa")
    counted = ["sql", "SELECT count(*) AS n FROM qa", "--lake", str(lake), "--format", "csv"]
    assert main([*counted, "--at", f"qa={latest - 1}"]) == 0
    assert capsys.readouterr().out == f"n\n{before}\n"
    for table in (f"qa={latest - 1}", "sources=0"):
        assert main(["maintain", "--restore", table, "--lake", str(lake)]) == 0
    assert len(rows(lake, "qa")) == before
    assert main(["extract", *crawl[:2], "--lake", str(lake), *QUIET]) == 0
    assert content(lake) == content(second)


def test_a_version_that_is_none_and_a_table_that_is_none(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = versions(lake)
    for words, code in (("qa=99", 2), ("bitexts=0", 3), ("qa", 2), ("qa=x", 2)):
        assert main(["maintain", "--restore", words, "--lake", str(lake)]) == code
        assert capsys.readouterr().err.count("\n") == 1
    assert versions(lake) == before


def test_a_checkpoint_that_cannot_be_read_is_named(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One is written every ten commits; without it the entries since the first say the same."""
    told = content(lake)["sources"]
    Lake(str(lake)).delta("sources").create_checkpoint()
    (checkpoint,) = (lake / "sources" / "_delta_log").glob("*.checkpoint.parquet")
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    assert main(["sql", "SELECT 1", "--lake", str(lake)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"faquarry sql: The table {lake}/sources cannot be read: {checkpoint} ")
    assert "delete it" in said
    checkpoint.unlink()
    (lake / "sources" / "_delta_log" / "_last_checkpoint").unlink()
    assert content(lake)["sources"] == told


def test_a_hint_that_is_no_json_is_passed_over(lake: Path, second: Path) -> None:
    for table in ("qa", "sources"):
        (lake / table / "_delta_log" / "_last_checkpoint").write_text("{", encoding="utf-8")
    assert content(lake) == content(second)
    assert len(log_entries(lake / "qa")) > 1
