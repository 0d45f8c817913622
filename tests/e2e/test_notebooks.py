"""The notebooks: kept without outputs, told of in the documents, and run from end to end on a lake of the sample web."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from pyspark.sql import SparkSession

from faquarry.cli import main

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENT = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")


def run_notebooks(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools" / "run_notebooks.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_clean(path: Path) -> None:
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    assert content.metadata.kernelspec.name == "python3"
    assert set(content.metadata) == {"kernelspec", "language_info"}, "make it clean: tools/run_notebooks.py --strip"
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)
    assert all(cell.metadata == {} for cell in content.cells)
    assert "FAQUARRY_LAKE" in code[0].source


def test_notebooks_stand_in_order_and_in_the_documents() -> None:
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))
    assert len(NOTEBOOKS) >= 6
    assert [path.name for path in NOTEBOOKS if f"(../notebooks/{path.name})" not in DOCUMENT] == []


def test_no_lake_is_a_sentence(tmp_path: Path) -> None:
    done = run_notebooks(tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stderr == f"notebooks: there is no lake in {tmp_path / 'nowhere'}: make demo makes one in ./lake.\n"


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(1200)
def test_notebooks_run_and_stay_clean(spark: SparkSession, tmp_path: Path) -> None:
    lake, before = tmp_path / "lake", [path.read_bytes() for path in NOTEBOOKS]
    quiet = ["--lake", str(lake), "--set", "log.progress=none"]
    assert main(["run", "sample", "--graph", *quiet, "--set", "groups.min_size=8"]) == 0
    train = ["train", "--recipe", "dro", "--output", str(lake / "_training" / "dro"), "--set", "groups.min_size=24"]
    assert main([*train, "--set", "dro.every=5", *quiet[:2]]) == 0
    done = run_notebooks(lake, "--output", tmp_path / "out")
    assert done.stderr == ""
    assert done.returncode == 0
    assert [path.read_bytes() for path in NOTEBOOKS] == before
    pictures = {
        path.name: sum(
            "image/png" in output.get("data", {})
            for cell in nbformat.read(tmp_path / "out" / path.name, as_version=4).cells
            for output in cell.get("outputs", ())
        )
        for path in NOTEBOOKS
    }
    assert min(pictures.values()) >= 2, pictures


@pytest.mark.slow
def test_what_a_cell_says_is_told(tmp_path: Path) -> None:
    """A failing cell and one that warns, by the tool's own function: its notebooks must not fail to show it."""
    code = f"""
import importlib.util, nbformat, pathlib, sys
spec = importlib.util.spec_from_file_location("tool", {str(ROOT / "tools" / "run_notebooks.py")!r})
tool = importlib.util.module_from_spec(spec); spec.loader.exec_module(tool)
for source in ("1 / 0", "import warnings; warnings.warn('mind')", "print(1)"):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    path = pathlib.Path({str(tmp_path)!r}) / "one.ipynb"
    nbformat.write(made, path)
    try:
        tool.run(path, path.with_name("out.ipynb"))
        print("ran")
    except Exception as error:
        print(type(error).__name__, "division by zero" in str(error), "mind" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["CellExecutionError True False", "ValueError False True", "ran"]
