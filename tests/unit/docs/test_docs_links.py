"""Whatever a document points to is there: files, headings, paths in code marks, tests by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.unit.docs.pages import DOCUMENTS, ROOT, page

FOLDERS = "benchmarks conf docker docs faquarry jobs lib notebooks sample tests tools".split()
A_PATH = re.compile(rf"((?:{'|'.join(FOLDERS)})/[\w./*-]*)(?:::(\w+))?")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    lost = []
    for link in page(document).links:
        if "://" in link:
            if not re.fullmatch(r"https?://[\w.-]+\.[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?", link):
                lost.append(f"{link} is no address")
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / unquote(name)).resolve() if name else document
        if not target.exists():
            lost.append(link)
        elif anchor and target.suffix in (".md", ".ipynb") and anchor not in page(target).anchors:
            lost.append(f"{link}: no such heading; there are {sorted(page(target).anchors)}")
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_in_code_marks_are_there(document: Path) -> None:
    """`docs/tables.md`, `tests/unit/test_cli.py::test_name`, `lib/faquarry/text/*.py`."""
    lost = []
    for mark in page(document).marks:
        found = A_PATH.fullmatch(mark)
        if found is None:
            continue
        path, test = re.sub(r"\b[A-Z]{3,}\b", "*", found.group(1)).rstrip("/"), found.group(2)  # jobs/VERB.py is any
        there = [found for folder in (ROOT, ROOT / "lib", document.parent) for found in folder.glob(path)]
        if not there:
            lost.append(mark)
        elif test and test not in _functions(there[0]):
            lost.append(f"{mark}: no such test")
    assert lost == []


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
