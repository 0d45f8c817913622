"""The verb: what is computed, what is not computed again, and what a lake holds at the end."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import repeated_keys

from faquarry.cli import main
from faquarry.config.settings import LogSettings, Settings
from faquarry.lake import Lake
from faquarry.robustness.cells import CLEAN, Cell, Wanted
from faquarry.robustness.collection import Collection
from faquarry.robustness.command import stage_of
from faquarry.robustness.evaluate import Evaluation
from faquarry.robustness.plan import Known
from faquarry.robustness.systems import system_named
from faquarry.robustness.tasks import Place, task_named
from faquarry.runner import run_stage

TOPICS = {
    "en": ("How deep is the {} pond?", "The {} pond is forty metres deep and it is cold. Bring a towel."),
    "th": ("สระ {} ลึกเท่าไร", "สระ {} ลึกสี่สิบเมตรและน้ำเย็นมาก"),
}
NAMES = "northern southern eastern western upper lower".split()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in the form of the real one, with texts of our own."""
    for kind in ("xquad", "xquad-r"):
        folder = tmp_path / "data" / "xquad" / kind
        folder.mkdir(parents=True)
        for code, (question, text) in TOPICS.items():
            articles = [_article(f"A{half}", NAMES[half * 3 : half * 3 + 3], question, text) for half in (0, 1)]
            name = f"xquad.{code}.json.gz" if kind == "xquad" else f"{code}.json.gz"
            (folder / name).write_bytes(gzip.compress(json.dumps({"data": articles}).encode()))
    folder = tmp_path / "data" / "xquad" / "xquad-disfl"
    (folder / "qrels").mkdir(parents=True)
    rows = [(f"q{number}", f"How deep is the {name} pond?", f"c{number}") for number, name in enumerate(NAMES)]
    _lines(folder / "corpus.jsonl", [{"_id": c, "title": "Pond", "text": text} for _, text, c in rows])
    _lines(folder / "queries_clean.jsonl", [{"_id": q, "text": text} for q, text, _ in rows])
    _lines(folder / "queries_disfluent.jsonl", [{"_id": q, "text": f"How high no {text}"} for q, text, _ in rows[:4]])
    judged = "".join(f"{q}\t{c}\t1\n" for q, _, c in rows)
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    return tmp_path / "data"


def _article(title: str, names: list[str], question: str, text: str) -> dict[str, Any]:
    def paragraph(name: str) -> dict[str, Any]:
        context = text.format(name)
        second = context.find("Bring") if "Bring" in context else 0
        breaks = [[0, second - 1], [second, len(context)]] if second else [[0, len(context)]]
        asked = [
            {"id": f"{name}-{at}", "question": question.format(name), "answers": [{"answer_start": at, "text": "x"}]}
            for at in (0, second)
        ]
        return {"context": context, "qas": asked[: 1 + bool(second)], "sentences": [context[a:b] for a, b in breaks], "sentence_breaks": breaks}  # fmt: skip

    return {"title": title, "paragraphs": [paragraph(name) for name in names]}


def _lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _settings(lake: Path) -> Settings:
    return Settings(lake=str(lake), log=LogSettings(progress="none"))


def _content(lake: Path) -> list[str]:
    kept = [{k: v for k, v in row.items() if k != "run_id"} for row in Lake(str(lake)).rows("evaluations")]
    return sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in kept)


def _evaluate(lake: Path, data: Path, **changed: Any) -> Any:
    options: dict[str, Any] = {"operations": "swap,case", "strengths": "10%", "seeds": 2, "data": str(data)} | changed
    tasks, systems = options.pop("tasks", ["xquad"]), options.pop("systems", ["bm25"])
    return run_stage(stage_of(_settings(lake), tasks, systems, **options), _settings(lake))


def test_rows_are_one_a_query_measure_perturbation_and_seed(data: Path, tmp_path: Path) -> None:
    done = _evaluate(tmp_path / "lake", data).outcome
    assert done is not None
    rows = Lake(str(tmp_path / "lake")).rows("evaluations")
    # English: 12 queries, clean and two operations of two seeds; Thai has no case: 6 queries, clean and one operation.
    assert len(rows) == done.counts["rows"] == 4 * (12 * 5 + 6 * 3)
    assert not repeated_keys(tmp_path / "lake")
    clean = [row for row in rows if row["perturbation"] == "clean" and row["metric"] == "recall@1"]
    assert {row["value"] for row in clean} == {1.0}
    assert {row["cluster_id"] for row in clean if row["language"] == "tha"} == {
        row["cluster_id"] for row in clean if row["language"] == "eng"
    }
    swapped = [row for row in rows if row["perturbation"] == "swap"]
    assert all(row["edits"] >= 1 and row["changed"] and row["strength"] == "10%" for row in swapped)


def test_only_what_is_missing_is_computed_and_the_end_is_the_same(data: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    _evaluate(whole, data, systems=["bm25", "faquarry-small"])
    assert _evaluate(whole, data, systems=["bm25", "faquarry-small"]).outcome is None
    _evaluate(parts, data, operations="none", languages=["en"])
    done = _evaluate(parts, data, systems=["faquarry-small"], seeds=1).outcome
    assert done is not None
    again = _evaluate(parts, data, systems=["bm25", "faquarry-small"]).outcome
    assert again is not None
    assert again.counts["queries"] < 2 * (12 * 5 + 6 * 3)
    assert _content(whole) == _content(parts)


def test_another_revision_or_other_texts_take_the_place_of_the_old(data: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    _evaluate(lake, data, systems=["x=bm25"], languages=["en"])
    _evaluate(lake, data, systems=["x=faquarry-small"], languages=["en"], operations="none")
    rows = Lake(str(lake)).rows("evaluations")
    assert len({row["revision"] for row in rows}) == 1
    assert {row["perturbation"] for row in rows} == {"clean"}
    path = data / "xquad" / "xquad" / "xquad.en.json.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"towel", b"chair")))
    assert _evaluate(lake, data, systems=["x=faquarry-small"], languages=["en"], operations="none").outcome is not None
    assert len({row["task_version"] for row in Lake(str(lake)).rows("evaluations")}) == 1


def test_cells_in_any_portions_give_the_same_rows(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = task_named("xquad", Place(data)).read("eng")
    system, cells = system_named("faquarry-small", Settings()), Wanted.of("all", "1,20%", 2).cells("eng")
    (whole,) = Evaluation(collection, "r").of(system, cells)
    monkeypatch.setattr("faquarry.robustness.evaluate._QUERIES", 20)
    parts = list(Evaluation(collection, "r").of(system, cells))
    assert len(parts) == len(cells)
    rows = [row for part in parts for row in part.rows.to_pylist()]
    assert rows == whole.rows.to_pylist()


def test_worst_of_n_is_no_better_than_clean_and_counts_every_query(data: Path) -> None:
    collection = task_named("xquad", Place(data)).read("eng")
    cells = Wanted.of("worst-of-6", "20%", 1).cells("eng")
    assert cells == [CLEAN, Cell("worst-of-6", "20%", 0)]
    (found,) = Evaluation(collection, "r").of(system_named("faquarry-small", Settings()), cells)
    rows = [row for row in found.rows.to_pylist() if row["metric"] == "mrr@10"]
    clean = {row["query_id"]: row["value"] for row in rows if row["perturbation"] == "clean"}
    worst = {row["query_id"]: row for row in rows if row["perturbation"] != "clean"}
    assert all(row["changed"] and row["value"] <= clean[name] for name, row in worst.items())
    assert sum(row["value"] for row in worst.values()) < sum(clean.values())


def test_what_people_wrote_is_a_perturbation(data: Path, tmp_path: Path) -> None:
    _evaluate(tmp_path / "lake", data, tasks=["xquad-disfl"], operations="none")
    rows = [row for row in Lake(str(tmp_path / "lake")).rows("evaluations") if row["metric"] == "mrr@10"]
    written = [row for row in rows if row["perturbation"] == "disfluent"]
    assert [row["changed"] for row in sorted(written, key=lambda row: row["query_id"])] == [True] * 4 + [False] * 2
    assert {row["edits"] for row in written} == {None}


def test_sentences_are_found_by_where_the_answer_stands(data: Path) -> None:
    collection = task_named("xquad-r", Place(data)).read("eng")
    right = {
        name: collection.corpus[next(iter(one))] for name, one in zip(collection.ids, collection.relevant, strict=True)
    }
    assert right["upper-0"].startswith("The upper pond")
    assert {text for name, text in right.items() if not name.endswith("-0")} == {"Bring a towel."}


def test_beir_folders_say_their_language_or_have_it_identified(data: Path) -> None:
    folder = data / "xquad" / "xquad-disfl"
    assert task_named(f"beir:{folder}", Place()).languages() == ["eng"]
    assert task_named(f"beir:{folder}", Place(language="deu")).languages() == ["deu"]
    assert task_named(f"beir:{folder}", Place()).name == "beir:xquad-disfl"


def test_a_collection_knows_when_it_changed() -> None:
    one = Collection("t", "eng", ["a"], ["q"], ["c"], [{0: 1.0}], ["x"])
    assert one.version == Collection("t", "eng", ["a"], ["q"], ["c"], [{0: 1.0}], ["x"]).version
    assert one.version != Collection("t", "eng", ["a"], ["q"], ["c"], [{0: 2.0}], ["x"]).version
    assert one.version != Collection("t", "eng", ["a"], ["q"], ["d"], [{0: 1.0}], ["x"]).version


def test_nothing_is_known_of_an_empty_lake(tmp_path: Path) -> None:
    assert Known.of(Lake(str(tmp_path)), ["bm25"]).cells == {}


def test_the_command_ends_with_a_table_and_compares(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = str(tmp_path / "lake")
    common = ["--lake", lake, "--set", "log.progress=none"]
    asked = [
        "--task",
        "xquad,xquad-disfl",
        "--system",
        "faquarry-small,bm25",
        "--operation",
        "swap",
        "--data",
        str(data),
    ]
    assert main(["evaluate", *asked, *common]) == 0
    shown = capsys.readouterr().out
    assert "A = faquarry-small, B = bm25. ndcg@10 on xquad, 6 clusters." in shown
    assert "disfluent" in shown
    assert main(["evaluate", "--compare", "faquarry-small", "--task", "xquad", "--format", "json", *common]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["perturbation"], row["queries"], row["clusters"]) for row in rows] == [
        ("clean", 18, 6),
        ("swap", 18, 6),
    ]
    assert main(["evaluate", "--compare", "--format", "csv", "--output", str(tmp_path / "t.csv"), *common]) == 0
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert sum(line.startswith("task,") for line in lines) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--task", "squad"], 2, "There is no task 'squad': there are xquad, xquad-r, xquad-disfl, lake, beir:FOLDER"),
        (["--task", "beir"], 2, "write beir:FOLDER"),
        (["--task", "xquad:de"], 2, "write xquad, not xquad:de"),
        (["--task", "beir:/no/such"], 3, "There is no folder /no/such"),
        (["--task", "xquad", "--data", "/no/such"], 3, "give --data the folder that holds xquad/xquad"),
        ([], 3, "faquarry benchmark builds one"),
        (["--task", "xquad", "--operation", "swop"], 2, "There is no operation 'swop'"),
        (["--task", "xquad", "--strength", "much"], 2, "The strength 'much' is not understood"),
        (["--task", "xquad", "--seeds", "0"], 2, "at least 1"),
        (["--task", "xquad", "--system", "a=bm25,a=faquarry-small"], 2, "Two systems are called a"),
        (["--task", "xquad", "--language", "ja"], 2, "No task has the language jpn: there are eng, tha"),
        (["--task", "xquad", "--system", "bm52"], 2, "There is no model bm52"),
        (["--compare", "a", "b"], 3, "has no table evaluations"),
    ],
)
def test_mistakes_are_sentences(
    arguments: list[str], code: int, sentence: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if "--data" in arguments else ["--data", str(data)]
    assert (
        main(["evaluate", *arguments, *given, "--lake", str(tmp_path / "lake"), "--set", "log.progress=none"]) == code
    )
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("corpus.jsonl", '{"_id": 1\n', "line 1, is no JSON object with _id and text"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq0 c0 1\n", "line 2, is not query-id, corpus-id, score"),
        ("qrels/test.tsv", "q0\tnowhere\t1\n", "No query of"),
    ],
)
def test_damaged_folders_are_sentences(
    file: str, text: str, sentence: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "xquad" / "xquad-disfl" / file).write_text(text)
    assert main(["evaluate", "--task", "xquad-disfl", "--data", str(data), "--lake", str(tmp_path / "lake")]) in (3, 4)
    assert sentence in capsys.readouterr().err
