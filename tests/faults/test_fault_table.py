"""docs/guarantees.md names a test for every fault: here is the proof that each is there, as often as it says."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
UNTOLD = 0  # cases that are made by a call: the table names no such test
NAMED = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`(?: × (\d+))?")


@dataclass(frozen=True)
class Row:
    """A line of the table: what happens, where, what is promised, and (file, test, cases) that hold it."""

    fault: str
    where: str
    promised: str
    tests: tuple[tuple[str, str, int], ...]


def table() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").split("\n## Faults", 1)[1].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] not in ("fault", "---"):
            named = tuple((path, name, int(cases or 1)) for path, name, cases in NAMED.findall(cells[3]))
            found.append(Row(cells[0], cells[1], cells[2], named))
    return found


@cache
def found_in(path: str) -> dict[str, int]:
    """{name: cases} of a file's tests, methods as Class::method."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    constants = {
        target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    found = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = cases(node, constants)
        elif isinstance(node, ast.ClassDef):
            of_class = cases(node, constants)
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    found[f"{node.name}::{method.name}"] = of_class * cases(method, constants)
    return {name: count for name, count in found.items() if name.rpartition("::")[2].startswith("test_")}


def cases(node: ast.FunctionDef | ast.ClassDef, constants: dict[str, ast.expr]) -> int:
    """How many tests the decorators make of one; their values stand there or in a constant of the module."""
    calls = [decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    lists = [call.args[1] for call in calls if ast.unparse(call.func) == "pytest.mark.parametrize"]
    return math.prod(length(values, constants) for values in lists)


def length(values: ast.expr, constants: dict[str, ast.expr]) -> int:
    values = constants.get(ast.unparse(values), values)
    if isinstance(values, ast.Subscript) and isinstance(values.slice, ast.Slice):
        ends = [ast.literal_eval(end) if end else None for end in (values.slice.lower, values.slice.upper)]
        return len(range(length(values.value, constants))[slice(*ends)])
    if isinstance(values, ast.List | ast.Tuple):
        return len(values.elts)
    if isinstance(values, ast.Dict):
        return len(values.keys)
    if isinstance(values, ast.Call) and ast.unparse(values.func) in ("list", "sorted", "tuple"):
        return length(values.args[0], constants)
    return UNTOLD


def test_every_fault_has_a_promise_and_a_test() -> None:
    rows = table()
    assert len(rows) >= 40
    assert [row.fault for row in rows if not (row.fault and row.where and row.promised and row.tests)] == []
    assert len({(row.fault, row.where) for row in rows}) == len(rows)


@pytest.mark.parametrize("row", table(), ids=lambda row: f"{row.fault}, {row.where}")
def test_the_tests_are_there_in_that_number(row: Row) -> None:
    for path, name, count in row.tests:
        assert (path, name, found_in(path).get(name)) == (path, name, count)


def test_no_test_of_a_fault_is_left_out() -> None:
    """What stands in this folder is in the table."""
    named = {(path, name) for row in table() for path, name, _ in row.tests}
    here = sorted(path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    there = {(str(path.relative_to(ROOT)), name) for path in here for name in found_in(str(path.relative_to(ROOT)))}
    assert sorted(there - named) == []
