"""What the package imports is what it declares: a package that only came along with another one is missing elsewhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FOR_USERS = [name for name in PROJECT["optional-dependencies"] if name != "dev"]


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", one)[0].lower().replace("_", "-") for one in requirements}


def run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from run_time(node)


def imported() -> dict[str, list[str]]:
    """Packages that modules under lib/ import, inside functions too, with the places."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "lib").rglob("*.py")):
        for node in run_time(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top != "faquarry":
                    found.setdefault(top, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


@pytest.mark.parametrize("package", sorted(imported()))
def test_it_is_declared(package: str) -> None:
    declared = named(PROJECT["dependencies"])
    for extra in FOR_USERS:
        declared |= named(PROJECT["optional-dependencies"][extra])
    brings = {"py4j": "pyspark"}  # Spark's own bridge: one version with it, always
    distributions = {brings.get(package, one.lower().replace("_", "-")) for one in packages_distributions()[package]}
    assert distributions & declared, f"{package} is imported and not declared: {imported()[package]}"
