"""What strangers wrote stays text in all that we write: HTML, YAML, Markdown, CSV."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from faquarry.export.card import _quoted
from faquarry.lake import Lake
from faquarry.sql import run_sql

FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x.example","y")', "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "1",
        "a: b",
        "- x",
        "---\nlicense: evil",
        "!!python/object/apply:os.system ['x']",
        "*a",
        "&a b",
        "{a: b}",
        "#x",
        "'\"",
        "\u2028x",
        "\u0085x",
        "%YAML 1.2",
    ],
)
def test_the_card_quotes_its_values(text: str) -> None:
    assert yaml.safe_load(f"license: {_quoted(text)}\nlanguage: en") == {"license": text, "language": "en"}


def _lake(tmp_path: Path, texts: list[str]) -> str:
    lake = Lake(str(tmp_path / "lake"))
    rows: list[dict[str, Any]] = [
        {
            "run_id": str(n),
            "verb": text,
            "version": "1",
            "fingerprint": "f",
            "status": "done",
            "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for n, text in enumerate(texts)
    ]
    lake.upsert("runs", rows)
    return lake.uri


def test_csv_gives_texts_back_as_they_are(tmp_path: Path) -> None:
    """CSV is for programs, which must find what was written; docs/security.md warns of spreadsheets. Cells stay cells."""
    texts = [*FORMULAS, 'a,"b"', "two\nlines", "plain = text"]
    out = tmp_path / "x.csv"
    run_sql(_lake(tmp_path, texts), "SELECT verb FROM runs", "csv", str(out), [])
    with out.open(newline="", encoding="utf-8") as file:
        assert sorted(row[0] for row in list(csv.reader(file))[1:]) == sorted(texts)
