"""The stage `align` on Spark: what it writes, and that nothing but its input decides that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.lakes import content, rows, versions
from tests.translations import MODEL, add_site, texts

from faquarry.bitext.stage import AlignStage
from faquarry.config.settings import AlignSettings, LogSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.runner import run_stage

pytestmark = pytest.mark.spark

KEYS = [f"k{number}" for number in range(8)]


@pytest.fixture(autouse=True)
def session(spark: SparkSession) -> SparkSession:
    return spark


def align(lake: Path, **settings: Any) -> AlignStage:
    configured = Settings(lake=str(lake), align=AlignSettings(**settings), log=LogSettings(progress="none"))
    stage = AlignStage(configured, MODEL, MODEL)
    run_stage(stage, configured)
    return stage


def three_sites(lake: Path) -> None:
    add_site(lake, "a.example", {"deu": KEYS, "eng": KEYS, "fra": KEYS[:5]})
    add_site(lake, "b.example", {"eng": KEYS[:6], "spa": KEYS[:6]}, linked=False)
    add_site(lake, "one.example", {"eng": KEYS})


def right(lake: Path, site: str, languages: Sequence[str]) -> set[tuple[str, str]]:
    """(question1, question2) of the bitexts of two languages that are of one key."""
    made = {key: [texts(site, language, key)[0] for language in languages] for key in KEYS}
    found = {(row["question1"], row["question2"]) for row in rows(lake, "bitexts", site1=site)}
    return found & {(one, other) for one, other in made.values()}


def test_sites_are_aligned_language_by_language(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    three_sites(lake)
    align(lake)
    assert len(right(lake, "a.example", ("deu", "eng"))) == 8
    assert len(right(lake, "a.example", ("deu", "fra"))) == 5
    assert len(right(lake, "b.example", ("eng", "spa"))) == 6
    table = rows(lake, "bitexts")
    assert {row["scope"] for row in table if row["site1"] == "a.example"} == {"page"}
    assert {row["scope"] for row in table if row["site1"] == "b.example"} == {"site"}
    assert all(row["language1"] < row["language2"] and row["site1"] == row["site2"] for row in table)
    assert all(row["hreflang"] == (row["site1"] == "a.example") for row in table)
    [run] = rows(lake, "runs")
    assert dict(run["counts"])["bitexts"] == len(table) == 8 + 5 + 5 + 6
    assert dict(run["counts"])["sites"] == 2


def test_a_rerun_changes_no_table_version(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    three_sites(lake)
    align(lake)
    before = versions(lake)
    assert align(lake).pending(Lake(str(lake))) is None
    assert versions(lake) == before


def test_only_sites_that_changed_are_aligned_again(tmp_path: Path) -> None:
    lake, fresh = tmp_path / "lake", tmp_path / "fresh"
    three_sites(lake)
    align(lake)
    for place in (lake, fresh):
        if place == fresh:
            three_sites(place)
        add_site(place, "b.example", {"eng": KEYS[:7], "spa": KEYS[:7]}, linked=False)
        add_site(place, "new.example", {"eng": KEYS[:3], "ita": KEYS[:3]})
        align(place)
    last = max(rows(lake, "runs"), key=lambda run: run["started_at"])
    assert dict(last["counts"])["sites"] == 2
    assert content(lake)["bitexts"] == content(fresh)["bitexts"]
    untouched = {row["run_id"] for row in rows(lake, "bitexts", site1="a.example")}
    assert last["run_id"] not in untouched


def test_tiles_tasks_and_order_change_no_row(tmp_path: Path) -> None:
    """The same sites whole, and in tiles of sixteen rows, written in another order."""
    lake, other = tmp_path / "lake", tmp_path / "other"
    many = [f"m{number}" for number in range(45)]
    add_site(lake, "a.example", {"deu": many, "eng": many[5:], "fra": many[:20]})
    add_site(lake, "b.example", {"eng": KEYS, "spa": KEYS}, linked=False)
    add_site(other, "b.example", {"spa": KEYS[::-1][::-1], "eng": KEYS}, linked=False)
    add_site(other, "a.example", {"fra": many[:20], "eng": many[5:], "deu": many})
    align(lake)
    align(other, tiled_above=20, block_rows=16, task_comparisons=300)
    assert content(other)["bitexts"] == content(lake)["bitexts"]
    assert len(rows(lake, "bitexts", language1="deu", language2="eng")) > 30


def test_the_release_in_spark_is_that_of_duckdb(tmp_path: Path, spark: SparkSession) -> None:
    from faquarry.bitext.release import release, release_sql

    lake = tmp_path / "lake"
    Lake(str(lake)).upsert("bitexts", [
        {"id1": f"a{n}", "id2": f"b{n}", "model": "m", "revision": "1", "language1": "deu", "language2": "eng" if n < 6 else "fra",
         "published": n != 3} for n in range(9)
    ])  # fmt: skip
    spark.read.format("delta").load(f"{lake}/bitexts").createOrReplaceTempView("bitexts")
    here = {row["id1"] for row in spark.sql(release_sql("bitexts", min_pairs=4)).collect()}
    assert here == set(release(Lake(str(lake)), min_pairs=4)["id1"].to_pylist()) == {"a0", "a1", "a2", "a4", "a5"}


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("after", ["merge bitexts", "merge _aligned"])
def test_cut_between_transactions_the_next_run_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """One site loses a language, another some pairs; the run that sees to it is killed after a transaction."""
    lake = tmp_path / "lake"
    add_site(lake, "a.example", {"deu": KEYS, "eng": KEYS})
    add_site(lake, "b.example", {"eng": KEYS, "spa": KEYS})
    align(lake)
    table = Lake(str(lake)).delta("qa")
    assert table is not None
    gone = [texts("a.example", "deu", key)[0] for key in KEYS[:3]]
    table.delete(" OR ".join(["language = 'spa'", *(f"question = '{question}'" for question in gone)]))
    verb, name = after.split()
    real = getattr(LakeWriter, verb)

    def killing(self: LakeWriter, table: str, *arguments: Any, **named: Any) -> None:
        real(self, table, *arguments, **named)
        if table == name:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(LakeWriter, verb, killing)
        with pytest.raises(Killed):
            align(lake)
    align(lake)
    wanted = {tuple(texts("a.example", language, key)[0] for language in ("deu", "eng")) for key in KEYS[3:]}
    assert {(row["question1"], row["question2"]) for row in rows(lake, "bitexts")} == wanted
    assert [row["site"] for row in rows(lake, "_aligned")] == ["a.example"]


def test_without_vectors_the_verb_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="faquarry embed"):
        align(tmp_path / "lake")
