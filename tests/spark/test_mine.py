"""The stage `mine`: the negatives that one process finds by itself, whatever the blocks; again, refreshed, grown, killed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.lakes import rows, versions

from faquarry.config.settings import LogSettings, MineSettings, ScoreSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.markup.model import pair_id
from faquarry.retrieval import BM25
from faquarry.retrieval.mine.choose import Rules, choose
from faquarry.retrieval.mine.stage import MineStage
from faquarry.runner import run_stage
from faquarry.vectors.scoring import find_scorer, load_scorer

pytestmark = pytest.mark.spark

THINGS = ["tent", "stove", "boat", "lamp", "rope", "map", "kettle", "bicycle"]
ASKS = ["How much does the {} cost a day?", "Can I borrow the {} for a week?", "Is the {} safe for children?"]
SAYS = [
    "The {} costs {} euros a day.",
    "Yes, the {} may stay with you for {} days.",
    "From {1} years on the {0} is safe.",
]
RULES = MineSettings(keep=4, relative_margin=0.05, similar_question=False, depth=12)


def pairs() -> list[dict[str, Any]]:
    """Three sites; each asks three things of eight, in English and German (of the same words, only the codes differ)."""
    found = []
    for language in ("eng", "deu"):
        for site in range(3):
            for number, thing in enumerate(THINGS):
                for kind in range(3):
                    question = ASKS[kind].format(thing).replace("?", f" {site}?")
                    answer = SAYS[kind].format(thing, number + site + 3) + f" {language}."
                    site_name = f"s{site}.example"
                    found.append({"language": language, "site": site_name, "question": question, "answer": answer})
    return [{"id": pair_id(row["question"], row["answer"]), "url": "https://s.example/", **row} for row in found]


def put(spark: SparkSession, lake: Path, table: str, found: list[dict[str, Any]]) -> None:
    writer = LakeWriter(Lake(str(lake)), spark)
    writer.ensure(table)
    writer.append(table, writer.from_rows(table, found))


def fill(spark: SparkSession, lake: Path, found: list[dict[str, Any]]) -> None:
    """A benchmark of pairs, every question in train; each three pairs of a site stand on a page of their own."""
    put(spark, lake, "qa", found)
    pages = [{"id": row["id"], "page_id": f"{row['site']}-{row['answer'].split()[1]}"} for row in found]
    put(spark, lake, "occurrences", [{**row, "url": "u", "position": 0, "source": "s"} for row in pages])
    corpus = [{**row, "text": row["answer"], "title": ""} for row in found]
    queries = [{**row, "text": row["question"], "split": "train"} for row in found]
    qrels = [
        {"language": row["language"], "query_id": row["id"], "corpus_id": row["id"], "score": 1, "split": "train"}
        for row in found
    ]
    for table, content in (("corpus", corpus), ("queries", queries), ("qrels", qrels)):
        put(spark, lake, f"benchmark_{table}", content)


def mine(lake: Path, *, refresh: bool = False, **change: Any) -> int:
    settings = Settings(
        lake=str(lake), log=LogSettings(progress="none"), mine=RULES.model_copy(update=change), score=ScoreSettings()
    )
    return run_stage(MineStage.of(settings, refresh=refresh), settings).exit_code


def negatives(lake: Path) -> dict[str, dict[str, Any]]:
    return {row.pop("query_id"): row for row in rows(lake, "negatives") if row.pop("run_id")}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mined in small blocks; two pairs of different sites are duplicates."""
    folder = tmp_path_factory.mktemp("mine")
    found = pairs()
    fill(spark, folder, found)
    twins = [found[0]["id"], found[24]["id"]]
    put(
        spark,
        folder,
        "duplicates",
        [
            {"id": id_, "group_id": "g", "kind": "near", "similarity": 1.0, "keep": id_ == twins[0], "method": "m"}
            for id_ in twins
        ],
    )
    assert mine(folder, block_documents=17, task_queries=30) == 0
    return folder


def test_negatives_are_those_that_one_process_finds(lake: Path) -> None:
    found, mined = pairs(), negatives(lake)
    scorer = load_scorer(find_scorer(ScoreSettings()))
    page = {row["id"]: f"{row['site']}-{row['answer'].split()[1]}" for row in found}
    groups = {found[0]["id"]: {1}, found[24]["id"]: {1}}
    assert len(mined) > 100
    for language in ("eng", "deu"):
        corpus = sorted((row for row in found if row["language"] == language), key=lambda row: row["id"])
        index = BM25([row["answer"] for row in corpus], language)
        for query in corpus:
            numbers, bm25 = index.search([query["question"]], k=12)
            hits = [(corpus[number], score) for number, score in zip(numbers[0], bm25[0], strict=True) if number >= 0]
            id_ = query["id"]
            left = [
                (row, score)
                for row, score in hits
                if row["id"] != id_
                and row["question"] != query["question"]
                and page[row["id"]] != page[id_]
                and not groups.get(row["id"], set()) & groups.get(id_, set())
            ]
            texts = [query["answer"], *(row["answer"] for row, _ in left)]
            scores = scorer.score([query["question"]] * len(texts), texts)
            choice = choose(float(scores[0]), scores[1:], Rules(keep=4, relative_margin=0.05))
            row = mined.get(id_)
            assert (row is not None) == (choice.outcome == "mined")
            if row is not None:
                assert row["positive"] == query["answer"]
                assert row["pos_score"] == pytest.approx(scores[0])
                assert row["negative_ids"] == [left[place][0]["id"] for place in choice.chosen]
                assert row["negatives"] == [left[place][0]["answer"] for place in choice.chosen]
                assert row["neg_scores"] == pytest.approx(scores[1:][choice.chosen].tolist())
                assert row["bm25_scores"] == pytest.approx([left[place][1] for place in choice.chosen], rel=1e-5)


def test_a_second_run_writes_nothing(lake: Path) -> None:
    before = versions(lake)
    assert mine(lake, block_documents=17, task_queries=30) == 0
    assert versions(lake) == before


def test_the_cut_into_blocks_changes_nothing_and_other_rules_choose_without_searching(
    lake: Path, spark: SparkSession, tmp_path: Path
) -> None:
    copy = tmp_path / "lake"
    shutil.copytree(lake, copy)
    shutil.rmtree(copy / "_blocks")
    assert mine(copy, refresh=True) == 0  # all in one block; scores are known
    assert negatives(copy) == negatives(lake)
    shutil.rmtree(copy / "benchmark_corpus" / "nowhere", ignore_errors=True)
    searched = {row["query_id"]: row["bm25_scores"] for row in rows(copy, "_candidates")}
    assert mine(copy, keep=1, same_page=False) == 0
    assert all(len(row["negative_ids"]) == 1 for row in negatives(copy).values())
    assert {row["query_id"]: row["bm25_scores"] for row in rows(copy, "_candidates")} == searched


def test_new_queries_are_mined_alone_and_gone_ones_are_swept(lake: Path, spark: SparkSession, tmp_path: Path) -> None:
    copy = tmp_path / "lake"
    shutil.copytree(lake, copy)
    before = {row["query_id"]: row["run_id"] for row in rows(copy, "negatives")}
    new = {"language": "eng", "site": "new.example", "question": "Is there a discount on the kettle?"}
    new |= {"answer": "Members pay 3 euros less for the kettle.", "url": "https://new.example/"}
    new["id"] = pair_id(new["question"], new["answer"])
    fill(spark, copy, [new])
    gone = next(iter(before))
    LakeWriter(Lake(str(copy)), spark).delete(
        "benchmark_queries", spark.createDataFrame([("eng", gone), ("deu", gone)], "language string, id string")
    )
    assert mine(copy, min_positive=2.0) == 0  # nothing scores as high: every positive is a suspect
    assert rows(copy, "negatives") == []
    suspects = [row for row in rows(copy, "rejects") if row["stage"] == "mine"]
    assert {row["reason"] for row in suspects} == {"suspect"}
    assert new["question"] in {row["question"] for row in suspects}
    assert mine(copy) == 0
    after = {row["query_id"] for row in rows(copy, "negatives")}
    assert after == {*before, new["id"]} - {gone}
    assert [row for row in rows(copy, "rejects") if row["stage"] == "mine"] == []
    assert len({row["block"] for row in rows(copy, "_blocks")}) > len({row["block"] for row in rows(lake, "_blocks")})


def test_killed_before_its_last_write_it_ends_as_one_that_was_not(
    lake: Path, spark: SparkSession, tmp_path: Path
) -> None:
    copy = tmp_path / "lake"
    shutil.copytree(lake, copy)
    shutil.rmtree(copy / "_candidates")  # as if killed after the negatives, before the state that says so
    shutil.rmtree(copy / "runs")
    assert mine(copy) == 0
    assert negatives(copy) == negatives(lake)


def test_of_a_large_language_a_sample_is_mined(lake: Path, spark: SparkSession, tmp_path: Path) -> None:
    """The queries with the smallest ids, as without a cap; the others are swept."""
    other = tmp_path / "lake"
    shutil.copytree(lake, other)
    mine(other, block_documents=17, task_queries=30, max_queries=20)
    kept = negatives(other)
    asked = sorted(row["id"] for row in rows(other, "benchmark_queries", language="eng"))
    bound = 20 / len(asked) * 16**8
    below = {id_ for id_ in asked if int(id_[:8], 16) < bound}
    assert 10 <= len(below) <= 30
    before = negatives(lake)
    assert {id_ for id_ in kept if id_ in asked} == below & set(before)
    assert all(before[id_]["negatives"] == row["negatives"] for id_, row in kept.items())


def test_without_a_benchmark_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="no table benchmark_queries: faquarry benchmark makes it"):
        mine(tmp_path)
