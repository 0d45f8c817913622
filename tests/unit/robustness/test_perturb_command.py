"""`faquarry perturb`: what it reads and writes, and how it says what is wrong. And its page shows what it does."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faquarry.cli import main
from faquarry.robustness.perturb import applied, defaults, perturb
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.rows import COLUMNS

ROOT = Path(__file__).parents[3]
ROWS = [
    {"id": "a", "text": "how long is the warranty", "language": "en"},
    {"id": "b", "text": "Wie lange gilt die Garantie?", "language": "deu"},
    {"id": "c", "text": "รับประกันกี่ปี", "language": "th"},
]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "queries.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    return file


def test_json_lines_hold_originals_perturbations_and_edits(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["perturb", str(lines), "--operation", "keyboard,case", "--strength", "1,20%", "--seed", "5"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3 * 2 * 2
    assert [row["id"] for row in rows] == ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    for row in rows:
        assert tuple(row) == COLUMNS
        expected = perturb(row["text"], row["language"], row["operation"], row["strength"], 5, row["id"])
        assert (row["perturbed"], row["changed"], row["applies"]) == (expected.text, expected.changed, expected.applies)
        assert applied(row["text"], [Edit(**edit) for edit in row["edits"]]) == row["perturbed"]
    assert {row["applies"] for row in rows if row["operation"] == "case" and row["id"] == "c"} == {False}


def test_parquet_and_tsv_say_the_same(lines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["perturb", str(lines)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(shown) == sum(len(defaults(language)) for language in ("eng", "deu", "tha"))
    table = tmp_path / "queries.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), table)
    assert main(["perturb", str(table), "--output", str(tmp_path / "out.parquet")]) == 0
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == shown
    assert main(["perturb", str(table), "--output", str(tmp_path / "out.tsv")]) == 0
    with (tmp_path / "out.tsv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file, dialect="excel-tab"))
    assert [row["perturbed"] for row in told] == [row["perturbed"] for row in shown]
    assert [json.loads(row["edits"]) for row in told] == [row["edits"] for row in shown]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.parquet",
        "out.tsv",
        "queries.jsonl",
        "queries.parquet",
    ]


def test_lines_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("how long\n\nhow short\nhow long\n"))
    assert main(["perturb", "-", "--language", "en", "--operation", "swap", "--strength", "1"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == ["1", "3", "4"]
    assert rows[0]["perturbed"] == rows[2]["perturbed"]  # a line without an id is known by its text


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere.jsonl"], 3, "There is no file nowhere.jsonl"),
        (["{empty}"], 3, "holds no query"),
        (["{plain}"], 2, "row 1 has no language"),
        (["{plain}", "--language", "xx1"], 2, "There is no language 'xx1'"),
        (["{broken}", "--language", "en"], 2, "line 2 is not JSON"),
        (["{other}", "--language", "en"], 2, "row 1 has no text"),
        (["{latin}", "--language", "en"], 2, "is not UTF-8"),
        (["{notable}", "--language", "en"], 2, "is not a Parquet file"),
        (["{columns}", "--language", "en"], 2, "has no column text: it has question"),
        (["{plain}", "--language", "en", "--operation", "typo"], 2, "There is no operation 'typo'"),
        (["{plain}", "--language", "en", "--operation", ","], 2, "names no operation"),
        (["{plain}", "--language", "en", "--strength", "lots"], 2, "The strength 'lots'"),
        (["{plain}", "--language", "en", "--output", "x"], 2, "jsonl, tsv or parquet"),
        (["{plain}", "--language", "en", "--format", "parquet"], 2, "needs --output FILE"),
        ([], 2, "needs a FILE of queries"),
    ],
)
def test_mistakes_are_sentences(
    arguments: list[str], code: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = {
        "empty": ("txt", b"\n\n"),
        "plain": ("txt", b"how long\n"),
        "broken": ("jsonl", b'{"text": "a"}\n{"text": \n'),
        "other": ("jsonl", b'{"question": "a"}\n'),
        "latin": ("txt", "für wen\n".encode("latin-1")),
        "notable": ("parquet", b"nothing of the kind"),
    }
    files = {}
    for name, (suffix, content) in contents.items():
        files[name] = tmp_path / f"{name}.{suffix}"
        files[name].write_bytes(content)
    files["columns"] = tmp_path / "columns.parquet"
    pq.write_table(pa.table({"question": ["a"]}), files["columns"])
    assert main(["perturb", *(argument.format(**files) for argument in arguments)]) == code
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_failure_half_way_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"text": "a word"}\n' * 5000 + "{", encoding="utf-8")
    assert main(["perturb", str(file), "--language", "en", "--output", str(tmp_path / "out.tsv")]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["q.jsonl"]


def test_operations_are_listed_and_dry_runs_write_nothing(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["perturb", "--list"]) == 0
    assert "keyboard" in capsys.readouterr().out
    assert main(["perturb", str(lines), "--dry-run"]) == 0
    assert "nothing was written" in capsys.readouterr().out


def test_the_page_is_current() -> None:
    tool = ROOT / "tools" / "write_perturbations.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_defaults_follow_the_measurements() -> None:
    """What the page says decides: at 10 % no default operation takes more than a tenth out of its language."""
    with (ROOT / "docs" / "perturbations-language.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, dialect="excel-tab") if row["strength"] == "10%"]
    by_default = [row for row in rows if row["operation"] in defaults(row["language"])]
    assert {row["language"] for row in rows} == {row["language"] for row in by_default}
    assert min(float(row["kept"]) for row in by_default) >= 0.9
    assert min(float(row["applies"]) for row in by_default) >= 0.5
