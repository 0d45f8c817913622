"""What `make audit` makes of pip-audit's answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _package(**vulnerability: object) -> dict[str, object]:
    return {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], **vulnerability}]}


def test_only_what_can_be_mended_fails(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit._told([_package(fix_versions=["2"])], "pypi") == 1
    assert "x 1: PYSEC-1, mended in 2" in capsys.readouterr().out
    assert audit._told([_package(fix_versions=[])], "pypi") == 0
    assert "no version mends it yet" in capsys.readouterr().out
    assert audit._told([{"name": "y", "version": "1", "vulns": []}], "pypi") == 0


def test_a_reason_is_enough(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    audit.IGNORED["CVE-1"] = "of a part that we do not use"
    assert audit._told([_package(fix_versions=["2"])], "pypi") == 0
    assert "of a part that we do not use" in capsys.readouterr().out


def test_no_answer_is_no_failure(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "TOOL", "no such tool")
    monkeypatch.setattr(audit.sys, "executable", "/bin/false")
    assert audit.main() == 0
    assert "NOT CHECKED" in capsys.readouterr().out
