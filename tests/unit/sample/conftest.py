"""The packer is a program beside the package: its folder goes onto the path for these tests."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "sample"))


@pytest.fixture(scope="session")
def committed():
    """(archive bytes, expected.json as text) as they are shipped."""
    folder = ROOT / "lib" / "faquarry" / "sample"
    return (folder / "sample.warc.gz").read_bytes(), (folder / "expected.json").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def expected(committed):
    return json.loads(committed[1])


@pytest.fixture(scope="session")
def built():
    """(archive bytes, expected.json as text, pages), packed now from the sources."""
    import pack

    return pack.build()
