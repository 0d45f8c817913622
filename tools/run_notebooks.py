"""Runs the notebooks on a lake, as `make notebooks` does: each in a kernel of its own, from its first cell to its last.

The notebooks stay as they are, without outputs; copies with outputs go to build/notebooks. A cell that fails ends it, and so
does one that writes warnings: what a reader sees is the text, the numbers and the pictures.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

import faquarry
from faquarry.errors import FaquarryError

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT_S = 300  # a cell
COLOURS = re.compile(r"\x1b\[[\d;]*m")
# What Java says whenever Spark starts, on a stream that no setting of ours reaches.
JAVA = (
    "WARNING: Using incubator modules",
    "Setting default log level",
    "To adjust logging level",
    "Setting Spark log level",
)


def run(notebook: Path, output: Path) -> float:
    """Executes a notebook in its folder and writes it with its outputs. -> seconds

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a cell wrote to stderr.
    """
    started = time.monotonic()
    content = nbformat.read(notebook, as_version=4)
    try:
        with tempfile.TemporaryDirectory(prefix="nb-") as sockets:  # not ports: the kernel is this user's alone
            NotebookClient(
                content,
                config=Config(AsyncKernelManager={"transport": "ipc", "ip": f"{sockets}/k"}),
                timeout=TIMEOUT_S,
                resources={"metadata": {"path": str(notebook.parent)}},
            ).execute(stderr=subprocess.DEVNULL)  # its own; what cells write there comes back as outputs
    finally:
        for cell in content.cells:
            if "outputs" in cell:
                cell.outputs = [one for one in cell.outputs if not _is_java(one)]
        output.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(content, output)
    for number, cell in enumerate(content.cells, 1):
        for found in cell.get("outputs", ()):
            if found.get("name") == "stderr":
                raise ValueError(f"cell {number} of {notebook.name} writes to stderr:\n{found.text}")
    return time.monotonic() - started


def _is_java(output: nbformat.NotebookNode) -> bool:
    lines = output.text.splitlines() if output.get("name") == "stderr" else ["a picture, a table, a print"]
    return all(not line or line.startswith(JAVA) for line in lines)


def strip(notebook: Path) -> None:
    """Takes the outputs out of a notebook, and the counts and metadata that an editor has left."""
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    content.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    nbformat.write(content, notebook)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake", nargs="?", default="lake", help="a lake, as `make demo` makes it")
    parser.add_argument("--only", default="", help="names that hold this")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "notebooks")
    parser.add_argument("--strip", action="store_true", help="take outputs out of the notebooks, and run nothing")
    options = parser.parse_args()
    notebooks = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if options.only in path.name]
    if options.strip:
        for notebook in notebooks:
            strip(notebook)
        return 0
    try:
        lake = faquarry.open(options.lake).lake.uri
    except FaquarryError:
        print(f"notebooks: there is no lake in {options.lake}: make demo makes one in ./lake.", file=sys.stderr)
        return 2
    os.environ["FAQUARRY_LAKE"] = lake  # the kernels' too
    for notebook in notebooks:
        print(f"notebooks: {notebook.name} …", end="", flush=True)
        try:
            seconds = run(notebook, options.output / notebook.name)
        except (CellExecutionError, ValueError) as error:
            print(f" failed\n{COLOURS.sub('', str(error))}", file=sys.stderr)
            return 1
        print(f" {seconds:.0f} s", flush=True)
    print(f"notebooks: {len(notebooks)} ran on {lake}; with outputs they lie in {options.output}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
