"""The release as a filter: DuckDB and Spark read one query; the languages that meet, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faquarry.bitext.release import language_pairs, release, release_sql
from faquarry.lake import Lake
from faquarry.report.languages import draw


def bitext(number: int, languages: tuple[str, str], *, published: bool = True) -> dict[str, Any]:
    key = {"id1": f"a{number}", "id2": f"b{number}", "model": "m", "revision": "1"}
    return {**key, "language1": languages[0], "language2": languages[1], "published": published}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(str(tmp_path / "lake"))
    rows = [bitext(n, ("deu", "eng"), published=n < 5) for n in range(8)]
    rows += [bitext(100 + n, ("eng", "fra")) for n in range(4)]
    found.upsert("bitexts", rows)
    return found


def test_released_are_published_pairs_of_languages_that_have_enough(lake: Lake) -> None:
    assert release(lake, min_pairs=5)["language1"].to_pylist() == ["deu"] * 5
    assert len(release(lake, min_pairs=4)) == 9
    assert len(release(lake)) == 0
    assert len(release(lake, min_pairs=1, model="another")) == 0
    assert language_pairs(lake) == {("deu", "eng"): (8, 5), ("eng", "fra"): (4, 4)}


def test_a_lake_without_bitexts_has_no_release_and_no_picture(tmp_path: Path) -> None:
    empty = Lake(str(tmp_path))
    assert len(release(empty)) == 0
    assert draw(empty) is None


def test_languages_are_drawn(lake: Lake) -> None:
    picture = draw(lake)
    assert picture is not None
    [image] = picture.axes[0].images
    values = image.get_array()
    assert values is not None
    assert values[1, 0] == 8  # eng first, as it has the most; below the diagonal: kept
    assert values[0, 1] == 5


def test_names_of_models_are_quoted() -> None:
    assert "model = 'it''s'" in release_sql("bitexts", model="it's")
