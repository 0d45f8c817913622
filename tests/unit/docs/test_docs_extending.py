"""docs/extending.md holds: its new files and edits, applied to a copy of the package, do what its last lines say.

The copy is made of links, but for the files that are edited. One process runs the lines of all sections.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.docs.pages import ROOT, Block, page

GUIDE = ROOT / "docs" / "extending.md"
BLOCKS = page(GUIDE).blocks
NEW_FILE = re.compile(r"# (lib/faquarry/\S+\.py)\n")


def linked(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if "__pycache__" in path.parts:
            continue
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(parents=True, exist_ok=True)
        else:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(path)


def edited(text: str, block: Block) -> str:
    """The text with a difference applied: its lines of context and those with `-` must stand there, once, together."""
    lines = block.text.splitlines()[1:]
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"not in the file, or more than once:\n{before}"
    return text.replace(before, after)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("extended")
    linked(ROOT / "lib", copy / "lib")
    for block in BLOCKS:
        if block.language == "python" and (new := NEW_FILE.match(block.text)):
            file = copy / new.group(1)
            assert not file.exists()
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text.partition("\n")[2], encoding="utf-8")
            if not (file.parent / "__init__.py").exists():
                (file.parent / "__init__.py").touch()
        elif block.language == "diff":
            file = copy / block.text.splitlines()[0].removeprefix("--- ")
            text = edited(file.read_text(encoding="utf-8"), block)
            file.unlink()
            file.write_text(text, encoding="utf-8")
    return copy


def test_the_examples_of_the_guide_run(package: Path, tmp_path: Path) -> None:
    tried = [block.text for block in BLOCKS if block.language == "python" and not NEW_FILE.match(block.text)]
    assert len(tried) == 4
    script = "".join(
        f"exec(compile({text!r}, 'section {number}', 'exec'), {{}})\n" for number, text in enumerate(tried, 1)
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{script}\nprint('all four')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(package / "lib")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["all four"], done.stderr
    assert done.returncode == 0


def test_new_code_keeps_the_style(package: Path) -> None:
    new = [block.text for block in BLOCKS if NEW_FILE.match(block.text)]
    assert len(new) == 4
    for text in new:
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--config",
            ROOT / "pyproject.toml",
            "--stdin-filename",
            "a.py",
            "-",
        ]
        done = subprocess.run(command, input=text.partition("\n")[2], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
