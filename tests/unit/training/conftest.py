"""What tests of training start from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.questions import question_lake


@pytest.fixture(scope="package")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of made-up questions; nobody writes into it."""
    folder = tmp_path_factory.mktemp("questions")
    question_lake(folder)
    return folder
