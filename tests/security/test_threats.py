"""docs/security.md names a test for every threat, and each is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in TEXT.split("## Fuzzing")[0].splitlines() if line.startswith("| ")][2:]


def test_every_threat_has_tests_that_exist() -> None:
    assert len(ROWS) >= 15
    for row in ROWS:
        named = re.findall(r"(?:tests/[\w/]+/)?test_\w+\.py", row[-1])
        assert named, row
        for name in named:
            assert (ROOT / (name if "/" in name else f"tests/security/{name}")).is_file(), name


def test_every_file_here_is_named() -> None:
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert all(name in TEXT for name in here), here
