"""Sources that are there when a run is planned and gone when it reads them: they fail, the others are read."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.faults.undisturbed import extract
from tests.jobs import ended, faquarry, start, until
from tests.lakes import content, disagreements, rows

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(scope="module")
def sources(crawl: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Archives that a test may take away, and puts back."""
    folder = tmp_path_factory.mktemp("sources")
    return [str(shutil.copy(path, folder)) for path in crawl]


@pytest.fixture(scope="module")
def undisturbed(sources: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of a run over them that nothing befell."""
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    done = faquarry(*extract(lake, *sources))
    assert done.returncode == 0, done.stderr
    return lake


@pytest.mark.parametrize("how", ["deleted", "replaced", "not permitted"])
def test_a_file_that_changes_under_a_run_fails_alone(
    how: str, sources: list[str], undisturbed: Path, tmp_path: Path
) -> None:
    """The third of five, after the run has committed the first: exit 4, and once it is back the next run has its rows."""
    if how == "not permitted" and os.geteuid() == 0:
        how = "a folder now"  # root may read everything
    victim, lake, log = Path(sources[2]), tmp_path / "lake", tmp_path / "log"
    process = start(*extract(lake, *sources), log=log)
    assert until(lambda: rows(lake, "runs"), process), log.read_text()
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(0.2)
    kept = victim.rename(tmp_path / "kept")
    if how == "replaced":
        shutil.copy(sources[0], victim)
    elif how == "not permitted":
        victim.write_bytes(kept.read_bytes())
        victim.chmod(0)
    elif how == "a folder now":
        victim.mkdir()
    os.kill(process.pid, signal.SIGCONT)
    assert ended(process) == 4, log.read_text()
    states = {row["source"]: row["status"] for row in rows(lake, "sources")}
    assert states.pop(victim.as_uri()) == "failed"
    assert set(states.values()) == {"done"}
    assert f"extract: failed: {victim.as_uri()}: " in log.read_text()
    assert "Traceback" not in log.read_text()
    if victim.is_dir():
        victim.rmdir()
    else:
        victim.unlink(missing_ok=True)
    kept.rename(victim)
    done = faquarry(*extract(lake, *sources))
    assert done.returncode == 0, done.stderr
    assert disagreements(lake) == []
    assert content(lake) == content(undisturbed)
