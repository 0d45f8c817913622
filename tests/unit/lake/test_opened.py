"""An opened lake: its tables in every form, as a person meets them at a prompt; and what it says when it cannot."""

from __future__ import annotations

import copy
import importlib
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import faquarry
from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.lake import TABLES, Lake
from faquarry.opened import NoSuchTable, OpenedLake
from faquarry.opened.missing import MADE_BY

FETCHED = datetime(2026, 3, 27, 22, 45, tzinfo=UTC)
STAGES = "extract dedup vectors labels bitext judge graph graph.groups robustness retrieval.benchmark retrieval.mine"


def pair(id_: str, language: str, question: str) -> dict[str, Any]:
    return {"id": id_, "language": language, "site": "a.example", "fetched_at": FETCHED, "question": question}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """qa in three versions (made, two pairs, one more), two models in embeddings, a run."""
    path = tmp_path_factory.mktemp("opened") / "lake <b>&"
    lake = Lake(str(path))
    lake.upsert("qa", [pair("a", "eng", "<script>alert(1)</script>"), pair("b", "deu", "Wie?")])
    lake.upsert("qa", [pair("c", "deu", "Warum?")])
    halves = [np.eye(3, dtype="<f2")[place].tobytes() for place in (1, 0)]
    lake.upsert(
        "embeddings",
        [
            {"id": id_, "field": field, "model": model, "revision": "1", "vector": vector, "dim": 3}
            for field, model in (("qa", "one"), ("question", "one"), ("question", "two"))
            for id_, vector in zip("ab", halves, strict=True)
        ],
    )
    started = {"started_at": FETCHED, "status": "done", "inputs": [], "outputs": [("qa", 1)], "counts": [("pairs", 2)]}
    lake.upsert("runs", [{"run_id": "r1", "verb": "extract", **started}])
    return path


@pytest.fixture
def lake(folder: Path) -> OpenedLake:
    return faquarry.open(str(folder))


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, faquarry; print({'pyarrow', 'pandas', 'deltalake', 'duckdb', 'pyspark', 'faquarry.opened'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    assert "open" in dir(faquarry)


def test_opening_starts_neither_spark_nor_torch(folder: Path) -> None:
    code = "import sys, faquarry; print(len(faquarry.open(sys.argv[1]).qa), {'pyspark', 'torch', 'polars'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout == "3 set()\n"


def test_tab_knows_the_tables_that_are_there(lake: OpenedLake) -> None:
    assert list(lake) == lake._ipython_key_completions_() == ["qa", "embeddings", "runs"]
    assert {"qa", "embeddings", "runs", "sql", "at"} <= set(dir(lake))
    assert "bitexts" not in dir(lake)
    assert "qa" in lake
    assert "bitexts" not in lake
    assert not hasattr(lake, "bitexts")
    assert lake.qa.columns == lake["qa"].columns == TABLES["qa"].columns


def test_no_table_hides_behind_a_method() -> None:
    assert set(TABLES) & set(dir(OpenedLake)) == set()


def test_an_opened_lake_is_copied(lake: OpenedLake) -> None:
    assert len(copy.copy(lake).qa) == 3


def test_every_table_says_which_verb_makes_it() -> None:
    classes = {
        value
        for name in STAGES.split()
        for value in vars(importlib.import_module(f"faquarry.{name}.stage")).values()
        if isinstance(value, type) and value.__module__.startswith("faquarry.") and hasattr(value, "writes")
    }
    written = {table for stage in classes for table in getattr(stage, "writes", ())}
    assert {name for name, table in TABLES.items() if not table.internal} == set(MADE_BY)
    assert set(MADE_BY) - {"runs"} <= written | {"rejects"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bitexts", "has no table bitexts yet: `faquarry align --lake …` makes it."),
        ("qas", "has no table qas; did you mean qa?"),
        ("zzz", "has no table zzz; it has qa, embeddings, runs."),
        ("_blocks", "has no table _blocks."),
    ],
)
def test_a_table_that_is_not_there_is_a_sentence(lake: OpenedLake, name: str, sentence: str) -> None:
    with pytest.raises(NoSuchTable) as found:
        lake[name]
    assert str(found.value).endswith(sentence)
    assert isinstance(found.value, NothingToRead)


def test_no_lake_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match=r"There is no lake in .*nowhere: `faquarry run sample --lake"):
        faquarry.open(str(tmp_path / "nowhere"))


def test_rows_as_arrow_and_pandas(lake: OpenedLake) -> None:
    assert lake.qa.arrow().schema.equals(TABLES["qa"].schema)
    assert lake.qa.arrow(["id"], "language = 'deu' AND fetched_at > '2026-01-01'").to_pydict() == {"id": ["c", "b"]}
    assert lake.qa.arrow("id", pc.field("language") == "eng").to_pydict() == {"id": ["a"]}
    assert lake.qa.arrow(["language", "id"], "id = 'b'").to_pylist() == [{"language": "deu", "id": "b"}]
    assert lake.runs.arrow(where="verb = 'extract'").equals(lake.runs.arrow())
    frame = lake.qa.pandas(["id", "fetched_at"])
    assert sorted(frame["id"]) == ["a", "b", "c"]
    assert frame["fetched_at"].dt.tz is not None
    assert len(lake.qa.head(2)) == 2


def test_rows_as_polars_are_lazy(lake: OpenedLake) -> None:
    pl = pytest.importorskip("polars")
    assert isinstance(lake.qa.polars(), pl.LazyFrame)
    assert sorted(lake.qa.polars().filter(language="deu").select("id").collect()["id"]) == ["b", "c"]
    assert lake.qa.at(1).polars().collect().height == 2


def test_rows_by_sql(lake: OpenedLake) -> None:
    assert lake.sql("SELECT count(*) FROM QA WHERE language = $l", l="deu").fetchall() == [(2,)]
    mine = pd.DataFrame({"id": ["b", "x"], "mark": [1, 2]})
    assert lake.sql("SELECT id, mark FROM qa JOIN mine USING (id)", mine=mine).df().to_dict("list") == {
        "id": ["b"],
        "mark": [1],
    }
    shadow = pa.table({"id": ["only"]})
    assert lake.sql("SELECT id FROM qa", qa=shadow).fetchall() == [("only",)]
    assert lake.sql("SELECT count(*) FROM qa").fetchall() == [(3,)]
    assert lake.qa.duckdb().filter("id = 'c'").pl()["question"].to_list() == ["Warum?"]
    assert lake.sql("SELECT 'runs' AS bitexts").fetchall() == [("runs",)]


def test_wrong_questions_are_sentences(lake: OpenedLake) -> None:
    with pytest.raises(NoSuchTable, match="faquarry align"):
        lake.sql("SELECT * FROM bitexts")
    with pytest.raises(UsageError, match="The query cannot be answered"):
        lake.sql("SELEC 1")
    with pytest.raises(UsageError, match="no column langage; did you mean language"):
        lake.qa.arrow(["langage"])
    with pytest.raises(UsageError, match="The condition cannot be understood"):
        lake.qa.arrow(where="nosuch = 1")


def test_counts_come_from_the_log(lake: OpenedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lake.qa.count("language = 'deu'") == 2
    monkeypatch.setattr(type(lake.qa), "dataset", None)
    assert lake.qa.count() == len(lake.qa) == 3


def test_versions_and_moments(lake: OpenedLake) -> None:
    history = lake.qa.history()
    assert history["version"].tolist() == [2, 1, 0]
    assert history["timestamp"].is_monotonic_decreasing
    assert [lake.qa.at(version).count() for version in (0, 1, 2)] == [0, 2, 3]
    middle = history["timestamp"][1]
    assert lake.qa.at(middle.to_pydatetime()).version == 1
    assert lake.at(str(middle)).qa.count() == 2
    assert list(lake.at(str(middle))) == ["qa"]
    assert lake.at({"qa": 1}).sql("SELECT max(id) FROM qa").fetchall() == [("b",)]
    assert lake.at({"qa": 1}).at({"runs": 1}).qa.version == 1
    assert len(lake.qa.at(datetime.now(UTC))) == 3
    outputs = dict(lake.runs.arrow().to_pylist()[0]["outputs"])
    assert len(lake.at(outputs).qa) == 2


def test_a_past_that_was_not_is_a_sentence(lake: OpenedLake) -> None:
    with pytest.raises(UsageError, match="qa was not there yet at 2020-01-01 00:00:00 UTC"):
        lake.qa.at("2020-01-01")
    with pytest.raises(UsageError, match="was not there yet"):
        lake.at("2020-01-01 10:00")
    with pytest.raises(UsageError, match="versions 0 to 2, not 7"):
        lake.qa.at(7)
    with pytest.raises(NoSuchTable, match="faquarry mine"):
        lake.at({"negatives": 1})
    with pytest.raises(UsageError, match="not 'yesterday'"):
        lake.at("yesterday")


def test_a_version_whose_log_is_gone_is_a_sentence(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    for id_ in "abc":
        lake.upsert("qa", [pair(id_, "eng", "?")])
    handle = lake.delta("qa")
    assert handle is not None
    handle.create_checkpoint()
    for version in (0, 1):
        (tmp_path / "qa" / "_delta_log" / f"{version:020}.json").unlink()
    opened = faquarry.open(str(tmp_path))
    assert len(opened.qa) == 3
    with pytest.raises(LakeError, match="reaches back to"):
        opened.qa.at("2020-01-01")
    with pytest.raises(LakeError, match="Version 1 of the table qa is gone from its log"):
        opened.qa.at(1)


def test_an_opened_lake_sees_what_is_written_meanwhile(tmp_path: Path) -> None:
    Lake(str(tmp_path)).upsert("qa", [pair("a", "eng", "?")])
    opened = faquarry.open(str(tmp_path))
    table, then = opened.qa, opened.at(datetime.fromtimestamp(time.time() + 1, UTC))
    Lake(str(tmp_path)).upsert("qa", [pair("b", "eng", "?")])
    assert len(table) == 2
    assert opened.sql("SELECT count(*) FROM qa").fetchall() == [(2,)]
    assert len(then.qa) == 1


def test_vectors_are_a_matrix(lake: OpenedLake) -> None:
    ids, vectors = lake.vectors()
    assert ids.tolist() == ["a", "b"]
    assert vectors.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert lake.vectors("question", "two", ids=["b", "nobody"])[0].tolist() == ["b"]
    with pytest.raises(UsageError, match=r"several models of field question \(one, two\)"):
        lake.vectors("question")
    with pytest.raises(NothingToRead, match="no vectors of three"):
        lake.vectors("qa", "three")


def test_what_the_prompt_shows(lake: OpenedLake, folder: Path) -> None:
    shown = repr(lake)
    assert f"lake {folder}: 3 tables; last run: extract, done, 2026-03-27 22:45 UTC" in shown
    assert [line.split()[:2] for line in shown.splitlines()[2:]] == [["qa", "3"], ["embeddings", "6"], ["runs", "1"]]
    assert "qa: 3 rows" in repr(lake.qa)
    assert "calibrated probability that the language is right" in repr(lake.qa)
    assert lake.qa.schema["language"].comment == "ISO 639-3, macro-languages folded"
    assert repr(lake.qa.schema).splitlines()[1].split()[:2] == ["id", "string"]


def test_html_is_escaped(lake: OpenedLake) -> None:
    html = lake._repr_html_()
    assert "lake &lt;b&gt;&amp;: 3 tables" in html
    assert "<b>" not in html + lake.qa._repr_html_() + lake.qa.schema._repr_html_()
    assert html.count("<tr>") == 4
