"""Every format on a lake written by hand: which rows, in which files; releases; folders that appear whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faquarry.errors import EnvironmentProblem, NothingToRead, UsageError
from faquarry.export.folder import manifest_of
from faquarry.export.format import Written
from faquarry.export.formats import FORMATS
from faquarry.export.run import _Writing
from faquarry.lake import Lake

ALL = sorted(FORMATS)


def parquet(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(folder: Path) -> str:
    """All texts of an export, whatever the format."""
    tables = [str(parquet(path)) for path in sorted(folder.rglob("*.parquet"))]
    plain = [path.read_text() for suffix in ("jsonl", "csv", "tsv") for path in sorted(folder.rglob(f"*.{suffix}"))]
    return "\n".join(tables + plain)


# -- formats -----------------------------------------------------------------------------------------------------------


def test_jsonl_holds_survivors_in_order(exports: Any) -> None:
    out = exports("jsonl").output
    assert [row["id"] for row in jsonl(out / "data" / "deu.jsonl")] == ["deu0", "deu1", "deu3", "deu4", "deu5"]
    assert jsonl(out / "data" / "eng.jsonl")[1] == {
        "id": "eng1",
        "language": "eng",
        "site": "shop1.example",
        "url": "https://www.shop1.example/faq",
        "question": "Question 1 in eng?",
        "answer": "Answer 1 in eng, that says more.",
        "title": "Shop 1",
        "description": None,
        "topic": None,
        "question_type": None,
        "crawl": "crawl-1",
        "fetched_at": "2024-05-01T00:00:00Z",
    }


def test_csv_says_the_same(exports: Any, lake: Lake) -> None:
    row = {**lake.rows("qa")[0], "answer": 'Two lines\nand "quotes", commas'}
    lake.upsert("qa", [row])
    out = exports("csv").output
    with (out / "data" / f"{row['language']}.csv").open(newline="", encoding="utf-8") as file:
        found = {read["id"]: read for read in csv.DictReader(file)}
    assert found[row["id"]]["answer"] == row["answer"]
    assert found[row["id"]]["fetched_at"] == "2024-05-01T00:00:00Z"


def test_mteb_has_three_configurations_a_language(exports: Any) -> None:
    done = exports("mteb")
    assert {(file.config, file.split) for file in done.written} == {
        (f"{language}-{what}", split)
        for language in ("deu", "eng")
        for what, split in (("corpus", "corpus"), ("queries", "test"), ("qrels", "test"))
    }
    assert parquet(done.output / "deu" / "queries.parquet") == [{"_id": "deu1", "text": "Question 1 in deu?"}]
    assert parquet(done.output / "deu" / "qrels.parquet") == [{"query-id": "deu1", "corpus-id": "deu1", "score": 1}]
    assert len(parquet(done.output / "deu" / "corpus.parquet")) == 5
    assert pq.read_schema(done.output / "deu" / "qrels.parquet").field("score").type == "int32"


def test_beir_judges_queries_that_are_there(exports: Any) -> None:
    out = exports("beir").output
    queries = {row["_id"] for row in jsonl(out / "eng" / "queries.jsonl")}
    corpus = {row["_id"] for row in jsonl(out / "eng" / "corpus.jsonl")}
    for split, wanted in (("test", {"eng1"}), ("dev", {"eng5"}), ("train", {"eng0", "eng3", "eng4"})):
        head, *lines = (out / "eng" / "qrels" / f"{split}.tsv").read_text().splitlines()
        assert head == "query-id\tcorpus-id\tscore"
        rows = [line.split("\t") for line in lines]
        assert {query for query, _, _ in rows} == wanted <= queries
        assert {document for _, document, _ in rows} <= corpus
        assert all(int(score) == 1 for _, _, score in rows)


def test_bitexts_have_every_text_once_a_side(exports: Any) -> None:
    rows = parquet(exports("mteb-bitext").output / "data" / "deu-eng.parquet")
    assert len(rows) == 6
    assert len({row["question1"] for row in rows}) == len({row["question2"] for row in rows}) == 6
    assert all(row["question1"].replace("deu", "eng") == row["question2"] for row in rows)


def test_a_repeated_side_goes_to_the_most_confident(exports: Any, lake: Lake) -> None:
    row = next(row for row in lake.rows("bitexts") if row["id1"] == "deu0" and row["id2"] == "eng0")
    lake.upsert("bitexts", [{**row, "id2": "eng1", "question2": "Nearly the same?", "confidence": 0.99}])
    found = {
        row["question1"]: row["question2"] for row in parquet(exports("mteb-bitext").output / "data/deu-eng.parquet")
    }
    assert found["Question 0 in deu?"] == "Nearly the same?"
    assert len(found) == 6


def test_language_pairs_need_enough_bitexts(exports: Any) -> None:
    with pytest.raises(NothingToRead, match="no rows"):
        exports("mteb-bitext", settings={"min_bitexts": 7})


def test_sentence_transformers_columns_in_the_order_its_losses_want(exports: Any) -> None:
    out = exports("sentence-transformers").output
    columns = {
        "pairs/eng.train": ["anchor", "positive"],
        "triplets/eng": ["anchor", "positive", "negative"],
        "n-tuples/eng": ["anchor", "positive", "negative_1", "negative_2"],
        "margin-mse/eng": ["query", "positive", "negative_1", "negative_2", "label"],
        "distillation/eng": ["query", "positive", "negative_1", "negative_2", "label"],
    }
    for path, wanted in columns.items():
        assert pq.read_schema(out / f"{path}.parquet").names == wanted
    assert len(parquet(out / "triplets/eng.parquet")) == 3 * 2
    first = parquet(out / "margin-mse/eng.parquet")[0]
    assert first["label"] == [1.0, 2.0]
    assert parquet(out / "distillation/eng.parquet")[0]["label"] == [4.5, 3.5, 2.5]
    assert first["negative_1"] == "Answer 1 in eng, that says more."


def test_no_test_query_in_training_rows(exports: Any, lake: Lake) -> None:
    mined = lake.rows("negatives")[0]
    lake.upsert("negatives", [{**mined, "query_id": f"{mined['language']}1", "query": "Question 1, a test"}])
    out = exports("sentence-transformers").output
    assert "Question 1, a test" not in everything(out)
    assert not any(row["anchor"].startswith("Question 1") for row in parquet(out / "pairs/eng.train.parquet"))


def test_flagembedding_lines(exports: Any) -> None:
    row = jsonl(exports("flagembedding", settings={"prompt": "Find the answer"}).output / "train" / "deu.jsonl")[1]
    assert row["query"] == "Question 3 in deu?"
    assert (len(row["pos"]), len(row["neg"]), row["pos_scores"], row["neg_scores"]) == (
        1,
        4,
        [4.5],
        [3.5, 2.5, 1.5, 0.5],
    )
    assert (row["prompt"], row["type"]) == ("Find the answer", "normal")


def test_tevatron_ids_lead_to_its_corpus(exports: Any) -> None:
    out = exports("tevatron").output
    documents = {row["docid"]: row for row in jsonl(out / "corpus" / "eng.jsonl")}
    for row in jsonl(out / "train" / "eng.jsonl"):
        assert {*row["positive_document_ids"], *row["negative_document_ids"]} <= documents.keys()
    passages = jsonl(out / "passages" / "eng.jsonl")[1]
    assert passages["positive_passages"] == [{"docid": "eng3", "title": "", "text": "Answer 3 in eng, that says more."}]
    assert [passage["docid"] for passage in passages["negative_passages"]] == ["eng0", "eng1", "eng4", "eng5"]
    assert all(row["text"] == row["document_text"] for row in documents.values())


def test_huggingface_in_the_layout_of_webfaq(exports: Any) -> None:
    done = exports("huggingface")
    pair = parquet(done.output / "data" / "eng.parquet")[0]
    assert list(pair)[:8] == [
        *("id", "origin", "url", "question", "answer", "semantic_similarity_score", "topic", "question_type")
    ]
    assert pair["semantic_similarity_score"] == 0.5
    bitext = parquet(done.output / "bitexts" / "deu-eng.parquet")[0]
    assert bitext["details"] == {"urls": ["https://www.shop0.example/faq"] * 2}
    assert bitext["origin"] == "https://www.shop0.example"
    assert bitext["labse_similarity"] is None  # the model is another one
    mined = parquet(done.output / "hard-negatives" / "eng.parquet")[0]
    assert list(mined)[:5] == ["query", "positive", "pos_score", "negatives", "neg_scores"]
    assert {file.config for file in done.written} >= {"eng", "deu-eng", "eng-corpus", "eng-hard-negatives"}


def test_labels_of_the_head_with_most_rows(exports: Any, lake: Lake) -> None:
    def label(id_: str, value: str, model: str) -> dict[str, Any]:
        return {"id": id_, "taxonomy": "topic", "label": value, "model": model, "revision": "1", "score": 0.9}

    lake.upsert(
        "labels", [label("eng0", "Travel", "new"), label("eng1", "Health", "new"), label("eng0", "Food", "old")]
    )
    found = {row["id"]: row["topic"] for row in jsonl(exports("jsonl").output / "data" / "eng.jsonl")}
    assert (found["eng0"], found["eng1"], found["eng3"]) == ("Travel", "Health", None)


@pytest.mark.parametrize("format", ALL)
def test_card_and_checksums(exports: Any, format: str) -> None:
    done = exports(format)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=done.output, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    listed = {line.split("  ", 1)[1] for line in (done.output / "SHA256SUMS").read_text().splitlines()}
    assert listed == files(done.output).keys() - {"SHA256SUMS"}
    card = (done.output / "README.md").read_text(encoding="utf-8")
    for file in done.written:
        assert f"`{file.path}`" in card
    assert "This is no release" in card
    manifest = manifest_of(done.output)
    assert manifest is not None
    assert manifest["whole"]
    for table, version in manifest["tables"].items():
        assert f"| `{table}` | {version} |" in card


@pytest.mark.parametrize("format", ALL)
def test_same_lake_same_bytes(exports: Any, format: str) -> None:
    one, other = exports(format, "one", release=True), exports(format, "other", release=True)
    assert files(one.output) == files(other.output)


@pytest.mark.parametrize("format", ALL)
def test_batches_do_not_show(exports: Any, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = exports(format, "one")
    monkeypatch.setattr("faquarry.export.run._BATCH_ROWS", 1)
    other = exports(format, "other", settings={"threads": 1})
    assert files(one.output) == files(other.output)


READ = {
    "jsonl": [("eng", "eng", "train")],
    "csv": [("eng", "eng", "train")],
    "mteb": [("deu", "deu-corpus", "corpus"), ("eng", "eng-corpus", "corpus")],
    "mteb-bitext": [("deu-eng", "deu-eng", "default")],
    "beir": [("eng", "eng-corpus", "corpus")],
    "sentence-transformers": [("eng", "eng-distillation", "train")],
    "flagembedding": [("eng", "eng", "train")],
    "tevatron": [("eng", "eng-train", "train")],
    "huggingface": [("eng", "eng", "default")],
}


@pytest.mark.parametrize("format", ALL)
def test_the_documentation_has_the_lines_of_the_card(format: str) -> None:
    suffix = format if format in ("jsonl", "csv") else "parquet"
    written = [
        Written(f"data/{part}.{suffix}", part, split, config, pa.schema([]), 1) for part, config, split in READ[format]
    ]
    docs = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")
    assert f"### {format}\n\n```python\n{FORMATS[format].reading(written)}\n```" in docs


# -- releases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ALL)
def test_a_release_holds_nothing_that_opts_out_and_nothing_to_mask(exports: Any, format: str) -> None:
    before = everything(exports(format, "all").output)
    assert "ann@firm.example" in before
    assert "Answer 3" in before
    done = exports(format, release=True)
    after = everything(done.output)
    assert "ann@firm.example" not in after
    assert "901820" not in after
    assert "Write to [email] or call [phone], it costs 1 250 000 EUR." in after
    assert "Answer 3" not in after
    assert "Question 3" not in after
    assert "Answer 4" in after
    assert done.masked["email"] == done.masked["phone"] > 0
    card = (done.output / "README.md").read_text(encoding="utf-8")
    assert f"{done.masked['email']:,} × `[email]`" in card
    assert "`tdm-reservation`" in card


def test_a_pair_that_also_stands_on_an_open_page_is_told_by_it(exports: Any) -> None:
    rows = {row["id"]: row for row in jsonl(exports("jsonl", release=True).output / "data" / "eng.jsonl")}
    assert (rows["eng4"]["url"], rows["eng4"]["title"]) == ("https://www.shop5.example/faq", "Shop 5")
    assert exports("jsonl", "again", release=True).left_out["every page of theirs opts out"] == 3


def test_which_signals_count_is_a_setting(exports: Any) -> None:
    out = exports("jsonl", release=True, settings={"opt_out": ["tdm-reservation"]}).output
    assert "Answer 3" in everything(out)


@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        ("https://www.shop5.example/faq", "45"),
        ("http://WWW.shop5.example/faq/#top", "45"),
        ("shop1.example", "1"),
        ("www.shop0.example  # asked on Monday", "0"),
        ("shop1.example/faq", ""),
        ("hop1.example", ""),
    ],
)
def test_takedown(exports: Any, tmp_path: Path, entry: str, gone: str) -> None:
    """A taken-down pair goes wherever else it stands: pair 4 stands on page 4 too."""
    (tmp_path / "list").write_text(f"# who asked\n\n{entry}\n", encoding="utf-8")
    out = exports("jsonl", takedown=str(tmp_path / "list")).output
    left = {row["id"][3:] for row in jsonl(out / "data" / "eng.jsonl")}
    assert left == set("01345") - set(gone)


def test_takedown_lists_that_are_none(exports: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        exports("jsonl", takedown=str(tmp_path / "absent"))
    (tmp_path / "list").write_text("shop.example\nnot a site\n")
    with pytest.raises(UsageError, match="line 2"):
        exports("jsonl", takedown=str(tmp_path / "list"))


def test_a_closed_negative_leaves_all_four_arrays(exports: Any) -> None:
    out = exports("huggingface", release=True).output
    for row in parquet(out / "hard-negatives" / "eng.parquet"):
        assert "eng3" not in row["negative_ids"]
        assert len({len(row[name]) for name in ("negative_ids", "negatives", "neg_scores", "bm25_scores")}) == 1
        if row["query_id"] == "eng0":
            assert (row["negative_ids"], row["neg_scores"]) == (["eng1", "eng4", "eng5"], [3.5, 1.5, 0.5])


def test_only_published_bitexts_in_a_release(exports: Any) -> None:
    bitexts = "bitexts/deu-eng.parquet"
    assert len(parquet(exports("huggingface", "all").output / bitexts)) == 7
    rows = parquet(exports("huggingface", release=True).output / bitexts)
    assert {row["id1"] for row in rows} == {"deu0", "deu1", "deu2", "deu4", "deu5"}
    assert len(rows) == 5


# -- what is asked for ---------------------------------------------------------------------------------------------------


def test_languages(exports: Any) -> None:
    done = exports("jsonl", languages=["de,fr"])
    assert sorted(path.name for path in (done.output / "data").iterdir()) == ["deu.jsonl", "fra.jsonl"]
    with pytest.raises(NothingToRead, match="no rows in jpn"):
        exports("jsonl", "none", languages=["ja"])
    with pytest.raises(UsageError, match="no language code"):
        exports("jsonl", languages=["faq"])


def test_parts(exports: Any) -> None:
    done = exports("huggingface", parts=["qa"])
    assert {path.name for path in done.output.iterdir() if path.is_dir()} == {"data"}
    with pytest.raises(UsageError, match="it has qa, bitexts"):
        exports("huggingface", parts=["pairs"])
    with pytest.raises(UsageError, match="there is no such format"):
        exports("parquet")


@pytest.mark.parametrize(
    ("format", "verb"),
    [("jsonl", "extract"), ("mteb", "benchmark"), ("mteb-bitext", "align"), ("flagembedding", "mine")],
)
def test_an_absent_table_names_its_verb(tmp_path: Path, exports: Any, lake: Lake, format: str, verb: str) -> None:
    for table in lake.tables():
        subprocess.run(["rm", "-r", lake.path(table)], check=True)
    with pytest.raises(NothingToRead, match=f"`faquarry {verb}") as caught:
        exports(format)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_an_absent_table_says_what_can_be_had_without(exports: Any, lake: Lake) -> None:
    subprocess.run(["rm", "-r", lake.path("negatives")], check=True)
    with pytest.raises(NothingToRead, match="Without it: --part qa --part bitexts --part retrieval"):
        exports("huggingface")


def test_dry_run_writes_nothing(exports: Any, tmp_path: Path) -> None:
    exports("jsonl", dry_run=True)
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


# -- the folder ----------------------------------------------------------------------------------------------------------


def test_an_export_is_made_again_only_when_something_changed(exports: Any, lake: Lake) -> None:
    first = exports("jsonl")
    stamp = (first.output / "README.md").stat().st_mtime_ns
    assert exports("jsonl").written == ()
    assert exports("jsonl", settings={"memory": "1GB"}).written == ()
    assert (first.output / "README.md").stat().st_mtime_ns == stamp
    assert exports("jsonl", release=True).written
    (first.output / "data" / "eng.jsonl").unlink()
    assert exports("jsonl", release=True).written
    lake.upsert("qa", [{**lake.rows("qa")[0], "answer": "Another one, long enough to be kept."}])
    assert exports("jsonl", release=True).written
    assert "Another one" in everything(first.output)


def test_a_folder_that_is_no_export_is_refused(exports: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="no export"):
        exports("jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="a file"):
        exports("jsonl", "file")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_taken(exports: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert exports("jsonl").written


def test_what_fails_leaves_nothing(exports: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports("jsonl")
    before = files(tmp_path / "out")

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_Writing, "_write", fails)
    with pytest.raises(EnvironmentProblem, match="is full"):
        exports("csv")
    assert files(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "out"]


def test_what_a_killed_export_left_is_swept(exports: Any, tmp_path: Path) -> None:
    dead = tmp_path / ".out.partial-dead"
    dead.mkdir()
    (dead / "_lock").write_text("")
    at_work = tmp_path / ".out.partial-busy"
    at_work.mkdir()
    lock = os.open(at_work / "_lock", os.O_RDWR | os.O_CREAT)
    import fcntl

    fcntl.flock(lock, fcntl.LOCK_EX)
    exports("jsonl")
    os.close(lock)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.partial-busy", "lake", "out"]


def test_killed_while_it_writes(exports: Any, lake: Lake, tmp_path: Path) -> None:
    command = f"""
import os, signal
from faquarry.cli import main
from faquarry.export import run
run.write_card = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(["export", "--format", "jsonl", "--output", "{tmp_path}/out", "--lake", "{lake.uri}"])
"""
    killed = subprocess.run([sys.executable, "-c", command], capture_output=True)
    assert killed.returncode == -9
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".out.partial-*/data/eng.jsonl"))
    after = files(exports("jsonl").output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "out"]
    assert after == files(exports("jsonl", "other").output)


def test_killed_between_the_renames(exports: Any, tmp_path: Path) -> None:
    out = exports("jsonl").output
    out.rename(tmp_path / ".out.replaced")
    assert exports("csv").written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "out"]


def test_an_empty_table_is_as_good_as_none(exports: Any, lake: Lake) -> None:
    """`duplicates` without a row, and `negatives` without one."""
    import deltalake

    for table in ("duplicates", "negatives"):
        deltalake.DeltaTable(lake.path(table)).delete()
    rows = jsonl(exports("jsonl").output / "data" / "eng.jsonl")
    assert [row["id"] for row in rows] == [f"eng{number}" for number in range(6)]
    with pytest.raises(NothingToRead, match="no rows for the format flagembedding"):
        exports("flagembedding", "none")


def test_a_place_that_takes_nothing(exports: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        exports("jsonl", "file/out")


def test_more_rows_than_memory(exports: Any, lake: Lake, put: Any) -> None:
    """126 MB of texts while DuckDB may hold 100: dealt to spools, none lost, in the same order again."""
    row = lake.rows("qa")[0]
    text = "A long answer that says very much. " * 60
    rows = [
        {**row, "id": hashlib.md5(b"%d" % number).hexdigest(), "answer": f"{text}{number}"} for number in range(60_000)
    ]
    put(lake, "qa", rows)
    out = exports("jsonl", settings={"memory": "100MB", "threads": 1}, languages=[row["language"]]).output
    written = (out / "data" / f"{row['language']}.jsonl").read_bytes()
    ids = [json.loads(line)["id"] for line in written.splitlines()]
    assert {row["id"] for row in rows} < set(ids)
    assert len(ids) == len(set(ids))
    again = exports("jsonl", "again", settings={"memory": "1GB"}, languages=[row["language"]]).output
    assert (again / "data" / f"{row['language']}.jsonl").read_bytes() == written
