"""The door to the tables: creation, appends, merges, replacement, growth, races, damage."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from faquarry.errors import LakeError, NothingToRead
from faquarry.lake import TABLES, Lake
from faquarry.lake.writer import LakeWriter, spark_schema, sql_in
from faquarry.sql import connect

pytestmark = pytest.mark.spark

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


@pytest.fixture
def writer(spark: SparkSession, tmp_path: Path) -> LakeWriter:
    return LakeWriter(Lake(str(tmp_path / "lake")), spark)


def reject(source: str, offset: int = 0, reason: str = "damaged") -> dict[str, Any]:
    return {"stage": "read", "reason": reason, "source": source, "offset": offset, "detail": "it's \\ broken"}


def source(name: str, status: str = "done") -> dict[str, Any]:
    return {"source": name, "kind": "warc", "size": 1, "status": status, "finished_at": NOON}


def rows(writer: LakeWriter, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[c] for c in columns) for row in writer.lake.rows(table))


def test_readers_without_a_jvm_find_rows_by_their_booleans(writer: LakeWriter) -> None:
    found = [{"id": f"i{n}", "question": "?", "accepted": n % 2 == 0} for n in range(4)]
    writer.append("qa", writer.from_rows("qa", found))
    with connect(writer.lake) as connection:
        for where, count in (("accepted = true", 2), ("accepted = false", 2), ("accepted", 2), ("NOT accepted", 2)):
            assert connection.sql(f"SELECT count(*) FROM qa WHERE {where}").fetchall() == [(count,)]
    dataset = writer.lake.dataset("qa")
    assert dataset is not None
    assert dataset.to_table(filter=pc.field("accepted") == True).num_rows == 2  # noqa: E712


def test_tables_are_made_as_declared(writer: LakeWriter) -> None:
    writer.ensure("qa")
    writer.ensure("runs")
    delta = writer.lake.delta("qa")
    assert delta is not None
    assert [field.name for field in delta.schema().fields] == TABLES["qa"].columns
    configuration = delta.metadata().configuration
    assert configuration["delta.enableDeletionVectors"] == "false"
    assert configuration["delta.dataSkippingNumIndexedCols"] == str(TABLES["qa"].columns.index("accepted"))
    log = (Path(writer.lake.path("qa")) / "_delta_log" / f"{0:020}.json").read_text()
    domains = [action["domainMetadata"] for action in map(json.loads, log.splitlines()) if "domainMetadata" in action]
    clustering = next(json.loads(d["configuration"]) for d in domains if d["domain"] == "delta.clustering")
    assert [column[0] for column in clustering["clusteringColumns"]] == ["language", "site"]
    comments = {
        row["col_name"]: row["comment"]
        for row in writer.spark.sql(f"DESCRIBE delta.`{writer.lake.path('qa')}`").collect()
    }
    assert comments["language"] == "ISO 639-3, macro-languages folded"


def test_a_table_that_was_being_made_when_its_run_was_killed_is_made(writer: LakeWriter) -> None:
    log = Path(writer.lake.path("qa")) / "_delta_log"
    log.mkdir(parents=True)
    (log / f".{0:020}.json.0a1b.tmp").write_text("{")
    writer.ensure("qa")
    assert writer.lake.version("qa") == 0


def test_replacing_sources_is_repeatable_and_leaves_others_alone(writer: LakeWriter) -> None:
    names = ["it's.warc", "b\\c.warc", "other.warc"]
    for name in names:
        writer.replace_sources("rejects", writer.from_rows("rejects", [reject(name, 1), reject(name, 2)]), [name])
    before = rows(writer, "rejects", ["source", "offset"])
    writer.replace_sources(
        "rejects", writer.from_rows("rejects", [reject(n, o) for n in names[:2] for o in (1, 2)]), names[:2]
    )
    assert rows(writer, "rejects", ["source", "offset"]) == before
    writer.replace_sources("rejects", writer.from_rows("rejects", []), names[:1])
    assert rows(writer, "rejects", ["source", "offset"]) == [row for row in before if row[0] != names[0]]


def test_merge_updates_on_condition_and_inserts_the_rest(writer: LakeWriter) -> None:
    writer.merge("sources", writer.from_rows("sources", [source("a"), source("b")]))
    writer.merge("sources", writer.from_rows("sources", [source("a", "failed"), source("c")]))
    assert rows(writer, "sources", ["source", "status"]) == [("a", "done"), ("b", "done"), ("c", "done")]
    writer.merge("sources", writer.from_rows("sources", [source("a", "failed")]), update_if="new.status > old.status")
    assert rows(writer, "sources", ["source", "status"])[0] == ("a", "failed")
    writer.delete("sources", writer.from_rows("sources", [source("b")]).select("source"))
    assert [row[0] for row in rows(writer, "sources", ["source"])] == ["a", "c"]


def test_a_lake_of_an_earlier_version_gets_the_new_columns(writer: LakeWriter) -> None:
    old = writer.from_rows("sources", [source("a")]).drop("records", "error")
    old.write.format("delta").save(writer.lake.path("sources"))
    writer.merge("sources", writer.from_rows("sources", [{**source("b"), "records": 7}]))
    assert rows(writer, "sources", ["source", "records"]) == [("a", None), ("b", 7)]


def test_a_column_of_another_type_is_a_sentence(writer: LakeWriter) -> None:
    frame = writer.spark.createDataFrame([("a", "many")], "source string, size string")
    frame.write.format("delta").save(writer.lake.path("sources"))
    with pytest.raises(LakeError, match=r"sources\.size .* is string, and this version of faquarry writes bigint"):
        writer.ensure("sources")


def test_two_writers_at_once_lose_nothing(writer: LakeWriter) -> None:
    """Merges and replacements of two threads conflict inside Delta; each is tried again until it is in."""
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            mine = LakeWriter(writer.lake, writer.spark)
            for number in range(3):
                key = f"{name}{number}"
                mine.replace_sources("rejects", mine.from_rows("rejects", [reject(key)]), [key])
                mine.merge("sources", mine.from_rows("sources", [source(key)]))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    expected = sorted(f"{name}{number}" for name in "ab" for number in range(3))
    assert [row[0] for row in rows(writer, "sources", ["source"])] == expected
    assert [row[0] for row in rows(writer, "rejects", ["source"])] == expected


def test_rows_upserted_without_a_jvm_are_rows_for_spark(writer: LakeWriter) -> None:
    lake = writer.lake
    assert lake.version("sources") is None
    lake.upsert("sources", [source("a"), source("b")])
    lake.upsert("sources", [source("a", "failed")])
    run = {"run_id": "1", "inputs": {"qa": 3}, "counts": {}, "started_at": NOON}
    lake.upsert("runs", [run])
    assert sorted((row.source, row.status) for row in writer.frame("sources").collect()) == [
        ("a", "failed"),
        ("b", "done"),
    ]
    [row] = writer.frame("runs").collect()
    assert (row.run_id, row.inputs, row.outputs) == ("1", {"qa": 3}, None)
    writer.merge("sources", writer.from_rows("sources", [source("c")]))
    assert [row[0] for row in rows(writer, "sources", ["source"])] == ["a", "b", "c"]
    comments = {
        row["col_name"]: row["comment"] for row in writer.spark.sql(f"DESCRIBE delta.`{lake.path('runs')}`").collect()
    }
    assert comments["verb"] == "the command"


def test_upserts_of_two_threads_lose_nothing_and_old_tables_grow(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    old = TABLES["sources"].schema
    write_deltalake(lake.path("sources"), pa.Table.from_pylist([{"source": "old"}], pa.schema([old.field("source")])))
    threads = [
        threading.Thread(target=lambda name=name: [lake.upsert("sources", [source(f"{name}{n}")]) for n in range(3)])
        for name in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {row["source"]: row["status"] for row in lake.rows("sources")}
    assert found == {"old": None, **{f"{name}{n}": "done" for name in "ab" for n in range(3)}}


def test_an_absent_table_and_a_damaged_log_are_sentences(writer: LakeWriter, tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="has no table qa"):
        writer.lake.arrow("qa")
    writer.append("sources", writer.from_rows("sources", [source("a")]))
    log = Path(writer.lake.path("sources")) / "_delta_log" / f"{1:020}.json"
    log.write_text("{ not json")
    with pytest.raises(LakeError, match=r"lake/sources cannot be read: .*0001\.json is cut short.*--restore sources=0"):
        writer.lake.arrow("sources")


def test_compaction_keeps_the_rows(writer: LakeWriter) -> None:
    for number in range(3):
        writer.append("sources", writer.from_rows("sources", [source(str(number))]))
    before = rows(writer, "sources", ["source"])
    assert writer.compact("sources") == {"added": 1, "removed": 3}
    assert rows(writer, "sources", ["source"]) == before


def test_every_column_has_a_comment_and_a_spark_type() -> None:
    for table in TABLES.values():
        assert [field.name for field in spark_schema(table).fields] == table.columns
        assert all(table.comment_of(column) for column in table.columns)


def test_sql_in_escapes() -> None:
    assert sql_in("source", ["a'b", "c\\d"]) == "source IN ('a\\'b', 'c\\\\d')"
