"""Small tables are written without a JVM, and every reader can ask them anything."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from faquarry.lake import Lake
from faquarry.sql import connect


def _sources(lake: Lake) -> dict[str, str]:
    return {row["source"]: row["status"] for row in lake.rows("sources", ["source", "status"])}


def test_rows_take_the_place_of_those_with_the_same_key(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.upsert("sources", [{"source": name, "status": "failed"} for name in ("a", "it's", "c\\d")])
    lake.upsert("sources", [{"source": "it's", "status": "done"}, {"source": "new", "status": "done"}])
    lake.upsert("sources", [{"source": "c\\d", "status": "partial"}])
    assert _sources(lake) == {"a": "failed", "it's": "done", "c\\d": "partial", "new": "done"}
    assert lake.version("sources") == 3


def test_a_key_of_several_columns(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))

    def row(first: str, second: str, score: float) -> dict[str, object]:
        return {"id1": first, "id2": second, "judge": "m", "prompt_version": "1", "score": score}

    lake.upsert("judgements", [row("a", "b", 1.0), row("a", "c", 2.0)])
    lake.upsert("judgements", [row("a", "c", 3.0), row("b", "c", 4.0)])
    found = {(one["id1"], one["id2"]): one["score"] for one in lake.rows("judgements")}
    assert found == {("a", "b"): 1.0, ("a", "c"): 3.0, ("b", "c"): 4.0}


def test_comparisons_are_answered(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    for round_ in range(2):
        lake.upsert("sources", [{"source": f"s{n}", "status": f"round {round_}"} for n in range(round_, 5)])
    dataset = lake.dataset("sources")
    assert dataset is not None
    assert dataset.to_table(filter=pc.field("source").isin(["s1", "s3", "none"])).num_rows == 2
    assert dataset.to_table(filter=pc.field("source") == "s2").num_rows == 1
    connection = connect(lake)
    for where, count in (("source = 's0'", 1), ("source IN ('s1', 's2')", 2), ("status > 'round 0'", 4)):
        found = connection.sql(f"SELECT count(*) FROM sources WHERE {where}").fetchall()
        assert found == [(count,)]


def test_a_lake_of_a_later_version_keeps_the_columns_that_this_one_does_not_know(tmp_path: Path) -> None:
    from deltalake import Field

    lake = Lake(str(tmp_path))
    lake.upsert("runs", [{"run_id": "a", "verb": "extract"}])
    delta = lake.delta("runs")
    assert delta is not None
    delta.alter.add_columns([Field("later", "string")])
    lake.upsert("runs", [{"run_id": "b", "verb": "embed"}])
    lake.upsert("runs", [{"run_id": "a", "verb": "align"}])
    assert {(row["run_id"], row["verb"], row["later"]) for row in lake.rows("runs")} == {
        ("a", "align", None),
        ("b", "embed", None),
    }
