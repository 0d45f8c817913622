"""The stage `benchmark`: splits that keep their promises when the lake grows, and tell nothing of each other."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.lakes import repeated_keys, rows, versions

from faquarry.config.settings import LogSettings, Settings
from faquarry.errors import LakeError
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.markup.model import pair_id
from faquarry.retrieval.benchmark.stage import BenchmarkStage
from faquarry.runner import run_stage

pytestmark = pytest.mark.spark

RULES = {"min_sites": 5, "min_pairs": 20, "test_share": 0.2, "dev_share": 0.1}


def pair(language: str, site: int, number: int, **change: Any) -> dict[str, Any]:
    question, answer = f"{language} question {number} of site {site}?", f"{language} answer {number} of site {site}."
    row = {
        "language": language,
        "site": f"s{site}.example",
        "question": question,
        "answer": answer,
        "title": "t",
        **change,
    }
    return {"id": pair_id(row["question"], row["answer"]), **row}


def web(sites: int) -> list[dict[str, Any]]:
    """Sites of four pairs in English and German, and a few in Dutch."""
    found = [
        pair(language, site, number) for language in ("eng", "deu") for site in range(sites) for number in range(4)
    ]
    return found + [pair("nld", site, 0) for site in range(3)]


def put(spark: SparkSession, lake: Path, table: str, found: list[dict[str, Any]]) -> None:
    writer = LakeWriter(Lake(str(lake)), spark)
    writer.merge(table, writer.from_rows(table, found), update_if="true")


def benchmark(lake: Path) -> Settings:
    settings = Settings(lake=str(lake), log=LogSettings(progress="none"), benchmark=RULES)
    run_stage(BenchmarkStage(settings), settings)
    return settings


def splits(lake: Path) -> dict[str, str]:
    return {row["id"]: row["split"] for row in rows(lake, "benchmark_queries")}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve sites; German pairs translate English ones, some pairs repeat, one answer is everybody's."""
    folder = tmp_path_factory.mktemp("benchmark")
    pairs = web(12)
    pairs += [pair("eng", site, 9, answer="We are here for you from nine to five.") for site in range(12)]
    put(spark, folder, "qa", pairs)
    twins = {(row["language"], row["site"], row["question"].partition(" ")[2]): row["id"] for row in pairs}
    put(
        spark,
        folder,
        "bitexts",
        [
            {
                "language1": "deu",
                "language2": "eng",
                "id1": twins["deu", *rest],
                "id2": id_,
                "model": "m",
                "revision": "r",
            }
            for (language, *rest), id_ in twins.items()
            if language == "eng" and ("deu", *rest) in twins
        ],
    )
    english = [row["id"] for row in pairs if row["language"] == "eng" and row["question"].startswith("eng question 3")]
    put(
        spark,
        folder,
        "duplicates",
        [
            {"id": id_, "kind": "near", "group_id": min(english[:4]), "keep": id_ == min(english[:4])}
            for id_ in english[:4]
        ],
    )
    benchmark(folder)
    return folder


def test_test_queries_are_one_a_site_and_a_share_of_the_pairs(lake: Path) -> None:
    asked = rows(lake, "benchmark_queries")
    assert {row["language"] for row in asked} == {"eng", "deu"}  # Dutch has three sites
    for split, share in (("test", 0.2), ("dev", 0.1)):
        sites = Counter((row["language"], row["site"]) for row in asked if row["split"] == split)
        assert set(sites.values()) == {1}
        for language in ("eng", "deu"):
            pairs = sum(row["language"] == language for row in rows(lake, "benchmark_corpus"))
            queries = sum(key[0] == language for key in sites)
            assert 1 <= queries <= share * (pairs + 12)
    assert Counter(row["split"] for row in asked if row["language"] == "eng")["test"] == int(0.2 * (12 * 5 - 3))


def test_every_query_has_its_one_answer_in_the_corpus(lake: Path) -> None:
    corpus = {(row["language"], row["id"]): row["text"] for row in rows(lake, "benchmark_corpus")}
    answers = {row["id"]: row["answer"] for row in rows(lake, "qa")}
    judged = rows(lake, "benchmark_qrels")
    assert Counter(row["query_id"] for row in judged) == dict.fromkeys(splits(lake), 1)
    assert all(corpus[row["language"], row["corpus_id"]] == answers[row["query_id"]] for row in judged)
    texts = Counter((language, text) for (language, _), text in corpus.items())
    assert set(texts.values()) == {1}
    assert not repeated_keys(lake)


def test_what_tells_of_a_test_query_is_in_no_other_split(lake: Path) -> None:
    found = splits(lake)
    held = {id_ for id_, split in found.items() if split != "train"}
    for row in rows(lake, "bitexts"):
        assert "train" not in {found.get(row["id1"]), found.get(row["id2"])} or not held & {row["id1"], row["id2"]}
    groups = defaultdict(set)
    for row in rows(lake, "duplicates"):
        groups[row["group_id"]].add(found.get(row["id"]))
    assert all({"train", "test"} - members for members in groups.values())
    everybody = {found.get(row["id"]) for row in rows(lake, "qa") if row["answer"].startswith("We are here")}
    assert len(everybody & {"train", "test"}) <= 1


def test_a_second_run_writes_nothing(lake: Path) -> None:
    before = versions(lake)
    benchmark(lake)
    assert versions(lake) == before


def test_held_queries_stay_when_the_lake_grows(lake: Path, spark: SparkSession, tmp_path: Path) -> None:
    grown = tmp_path / "grown"
    put(spark, grown, "qa", web(8))
    benchmark(grown)
    before = splits(grown)
    more = web(14)
    random.Random(1).shuffle(more)
    put(spark, grown, "qa", more)
    benchmark(grown)
    after = splits(grown)
    for split in ("test", "dev"):
        kept = {id_ for id_, name in before.items() if name == split}
        assert kept <= {id_ for id_, name in after.items() if name == split}
        assert len([name for name in after.values() if name == split]) > len(kept)
    # A translation that turns up later takes its pair out of train.
    trained = next(id_ for id_, name in sorted(after.items()) if name == "train")
    asked = next(id_ for id_, name in sorted(after.items()) if name == "test")
    link = {"language1": "deu", "language2": "eng", "id1": trained, "id2": asked, "model": "m", "revision": "r"}
    put(spark, grown, "bitexts", [link])
    benchmark(grown)
    assert trained not in splits(grown)
    assert splits(grown)[asked] == "test"


def test_a_leak_ends_the_run(lake: Path, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faquarry.retrieval.benchmark import stage

    leaking = tmp_path / "leaking"
    put(spark, leaking, "qa", web(6))
    benchmark(leaking)
    found = splits(leaking)
    pairs = [next(id_ for id_, name in sorted(found.items()) if name == split) for split in ("train", "test")]
    link = {"language1": "deu", "language2": "eng", "id1": pairs[0], "id2": pairs[1], "model": "m", "revision": "r"}
    put(spark, leaking, "bitexts", [link])
    monkeypatch.setattr(stage, "MAX_STEPS", 0)  # a closure that does not follow its edges
    with pytest.raises(LakeError, match=f"{pairs[0]} tells of {pairs[1]}"):
        benchmark(leaking)
