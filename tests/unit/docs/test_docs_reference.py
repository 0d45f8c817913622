"""What docstrings say of the code is so: arguments that are named exist, modules and names that are pointed to are there.

`make api` builds the pages from them, and takes a warning for an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.docs.pages import ROOT
from tests.unit.docs.test_docs_commands import is_there

ROOMS = sorted(
    path for path in (ROOT / "lib" / "faquarry").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
)


def documented(room: Path) -> Iterator[tuple[str, ast.AST, str]]:
    for file in [room] if room.suffix else sorted(room.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                text = ast.get_docstring(node)
                if text:
                    yield f"{file.relative_to(ROOT)}:{getattr(node, 'name', '')}", node, text


def arguments_in(docstring: str) -> Iterator[str]:
    """The names at the beginning of the entries of a section `Args:`."""
    inside = False
    for line in docstring.splitlines():
        if line == "Args:":
            inside = True
        elif inside and line and not line.startswith(" "):
            return
        elif inside and (entry := re.match(r" {4}(\w[\w, *]*):", line)):
            yield from (name.strip(" *") for name in entry.group(1).split(","))


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.stem)
def test_docstrings_name_what_is_there(room: Path) -> None:
    problems = []
    for place, node, text in documented(room):
        for name in re.findall(r"`(faquarry(?:\.\w+)+)`", text):
            if not name.endswith((".json", ".toml", ".md")) and not is_there(name):
                problems.append(f"{place}: {name}")
        if isinstance(node, ast.FunctionDef):
            given = {arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
            given |= {arg.arg for arg in (node.args.vararg, node.args.kwarg) if arg is not None}
            problems += [f"{place}: {name}" for name in arguments_in(text) if name not in given]
    assert problems == []
