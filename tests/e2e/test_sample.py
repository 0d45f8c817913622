"""The sample web through the whole of `extract`: the lake holds what the authors of its pages wrote, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.lakes import repeated_keys, rows, versions

from faquarry.cli import main

pytestmark = pytest.mark.spark

EXPECTED: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "lib" / "faquarry" / "sample" / "expected.json").read_text(encoding="utf-8")
)
LOST = {"corrupt", "bomb"}  # damage that costs its page
FAQ_PAGES = {page["url"]: page for page in EXPECTED["pages"] if page["faq"] and page["damage"] not in LOST}
# Stages of rejects that stand for one question of a page; `read` and `markup` are about a record or a block.
OF_A_QUESTION = {"pairs", "filter", "language", "site"}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample web as `make demo` reads it."""
    folder = tmp_path_factory.mktemp("sample") / "lake"
    quiet = ["--set", "log.progress=none"]
    assert main(["run", "sample", "--graph", "--lake", str(folder), *quiet, "--set", "groups.min_size=8"]) == 0
    return folder


def answered(lake: Path) -> list[dict[str, Any]]:
    """The places that stay when the answers that repeat across a whole site are put aside."""
    aside = {(row["url"], row["position"]) for row in EXPECTED["boilerplate"]}
    assert len(aside) == len(EXPECTED["boilerplate"]) > 0
    return [pair for pair in EXPECTED["pairs"] if (pair["url"], pair["position"]) not in aside]


def unaccounted(lake: Path) -> dict[str, tuple[int, int]]:
    """{url: (questions on the page, pairs and rejects that stand for them)} where these differ."""
    ends = Counter(row["url"] for row in rows(lake, "occurrences"))
    ends.update(row["url"] for row in rows(lake, "rejects") if row["stage"] in OF_A_QUESTION)
    pages = {row["url"]: row["questions"] for row in rows(lake, "pages")}
    return {url: (questions, ends[url]) for url, questions in pages.items() if questions != ends[url]}


def test_pages_say_what_was_written(lake: Path) -> None:
    found = {row["url"]: row for row in rows(lake, "pages")}
    assert set(found) == set(FAQ_PAGES)
    for url, page in FAQ_PAGES.items():
        row = found[url]
        got = {
            **{name: row[name] for name in ("site", "title", "html_lang", "questions", "robots")},
            **{name: row[name] for name in ("repair", "charset", "charset_by", "syntaxes", "opt_out")},
            "alternates": [[one["hreflang"], one["href"]] for one in row["alternates"]],
            "fetched_at": row["fetched_at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        assert got == {name: page[name] for name in got}, url


def test_every_place_of_every_pair_is_there_and_no_other(lake: Path) -> None:
    wanted = sorted((pair["id"], pair["url"], pair["position"]) for pair in answered(lake))
    assert sorted((row["id"], row["url"], row["position"]) for row in rows(lake, "occurrences")) == wanted


def test_every_distinct_pair_is_there_once_with_its_texts_and_its_language(lake: Path) -> None:
    wanted = {
        (pair["id"], pair["question"], pair["answer"], pair["language"], pair["accepted"]) for pair in answered(lake)
    }
    found = [(row["id"], row["question"], row["answer"], row["language"], row["accepted"]) for row in rows(lake, "qa")]
    assert sorted(found) == sorted(wanted)
    assert len({row[3] for row in found}) == len(EXPECTED["counts"]["languages"]) == 19


def test_the_earliest_page_speaks_for_a_pair_then_the_one_with_the_shortest_address(lake: Path) -> None:
    places: dict[str, list[tuple[str, int, str]]] = {}
    for pair in answered(lake):
        place = (FAQ_PAGES[pair["url"]]["fetched_at"], len(pair["url"]), pair["url"])
        places.setdefault(pair["id"], []).append(place)
    assert {row["id"]: row["url"] for row in rows(lake, "qa")} == {id_: min(of)[2] for id_, of in places.items()}
    assert sum(len(of) > 1 for of in places.values()) > 0


def test_rejects_carry_their_reasons(lake: Path) -> None:
    wanted = Counter((row["url"], row["stage"], row["reason"], row["question"] or None) for row in EXPECTED["rejects"])
    wanted.update((row["url"], "site", row["reason"], row["question"]) for row in EXPECTED["boilerplate"])
    found = Counter(
        (row["url"], row["stage"], row["reason"], row["question"])
        for row in rows(lake, "rejects")
        if row["stage"] not in ("read", "graph")
    )
    assert found == wanted
    lost = Counter(row["reason"] for row in EXPECTED["damaged"] if row["reason"])
    assert Counter(row["reason"] for row in rows(lake, "rejects", stage="read")) == lost


def test_every_question_of_every_page_ends_as_a_pair_or_a_reject(lake: Path) -> None:
    assert unaccounted(lake) == {}


def test_the_source_is_partial_because_of_its_damaged_records(lake: Path) -> None:
    [source] = rows(lake, "sources")
    assert (source["status"], source["error"], source["kind"]) == ("partial", None, "warc")
    assert source["size"] == EXPECTED["archive"]["bytes"]
    assert (source["pages"], source["pairs"]) == (len(FAQ_PAGES), EXPECTED["counts"]["places"])
    [run] = rows(lake, "runs", verb="extract")
    assert (run["verb"], run["status"]) == ("extract", "done")
    signed = {row["run_id"] for table in ("pages", "qa") for row in rows(lake, table)}
    assert signed | {row["run_id"] for row in rows(lake, "rejects") if row["stage"] != "graph"} == {run["run_id"]}


def test_no_key_stands_twice(lake: Path) -> None:
    assert repeated_keys(lake) == []


def test_a_rerun_changes_no_table_version(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = versions(lake)
    assert main(["run", "sample", "--lake", str(lake)]) == 0
    shown = capsys.readouterr()
    assert "nothing to do" in shown.err
    assert f"{len(answered(lake))} rows" in shown.out
    assert versions(lake) == before


def test_sql_answers_over_the_sample_web(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = (
        "SELECT q.language, count(*) AS n FROM occurrences o JOIN qa q USING (id) JOIN pages p ON p.page_id = o.page_id "
        "GROUP BY 1 ORDER BY 1"
    )
    assert main(["sql", query, "--lake", str(lake), "--format", "csv"]) == 0
    found = {row["language"]: int(row["n"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert found == Counter(pair["language"] for pair in answered(lake))


def test_the_rules_of_webfaq_give_other_pairs_and_lose_nothing(lake: Path, tmp_path: Path, spark: SparkSession) -> None:
    other = tmp_path / "lake"
    quiet = ("--set", "log.progress=none")
    assert main(["extract", "sample", "--lake", str(other), "--set", "filters.profile=webfaq", *quiet]) == 0
    assert {row["url"] for row in rows(other, "pages")} == set(FAQ_PAGES)
    assert unaccounted(other) == {}
    assert {row["id"] for row in rows(other, "qa")} != {row["id"] for row in rows(lake, "qa")}
    assert len(rows(other, "qa")) > 500


def test_bitexts_are_the_translations_that_the_authors_wrote(lake: Path) -> None:
    alive = {row["id"] for row in rows(lake, "qa")}
    told: dict[str, set[tuple[str, str]]] = {}
    for pair in EXPECTED["pairs"]:
        if pair["key"] and pair["id"] in alive:
            told.setdefault(pair["key"], set()).add((pair["language"], pair["id"]))
    wanted = {
        (one[1], other[1])
        for versions_ in told.values()
        for one, other in combinations(sorted(versions_), 2)
        if one[0] != other[0]
    }
    kept = {(row["id1"], row["id2"]) for row in rows(lake, "bitexts")}
    published = {(row["id1"], row["id2"]) for row in rows(lake, "bitexts", published=True)}
    assert all(row["language1"] < row["language2"] for row in rows(lake, "bitexts"))
    assert len(kept & wanted) / len(kept) > 0.97
    assert len(kept & wanted) / len(wanted) > 0.88
    assert len(published & wanted) / len(published) > 0.98
    german = Counter((row["language1"], row["language2"]) for row in rows(lake, "bitexts", published=True))
    assert german["deu", "eng"] >= 100  # enough for a release


def test_repeats_are_those_that_were_planted(lake: Path) -> None:
    found: dict[str, set[str]] = {"question": set(), "near": set(), "semantic": set()}
    for row in rows(lake, "duplicates"):
        found[row["kind"]].add(row["id"])
    asked = {(one["host"], one["question"]) for one in EXPECTED["same_question"]}
    assert found["question"] == {row["id"] for row in rows(lake, "qa") if (row["site"], row["question"]) in asked}
    told: dict[str, dict[str, str]] = {}
    for pair in EXPECTED["pairs"]:
        told.setdefault(pair["key"], {})[pair["language"]] = pair["id"]
    twins = [(told[one["key"]], told[one["near"]]) for one in EXPECTED["near_duplicates"]]
    assert found["near"] == {
        id_
        for one, other in twins
        for language in one.keys() & other.keys()
        for id_ in (one[language], other[language])
    }


def test_every_pair_has_its_vectors_and_its_similarity(lake: Path) -> None:
    pairs = {row["id"] for row in rows(lake, "qa")}
    vectors = Counter((row["id"], row["field"]) for row in rows(lake, "embeddings"))
    assert vectors == {(id_, field): 1 for id_ in pairs for field in ("question", "answer", "qa")}
    assert {row["id"] for row in rows(lake, "similarity")} == pairs
    drawn = {path.name for path in (lake / "_pictures").iterdir()}
    assert drawn == {
        *(f"{name}.png" for name in ("similarity", "languages", "labels", "negatives")),
        "negatives-examples.html",
    }


def test_negatives_are_wrong_answers_of_the_queries_own_language(lake: Path) -> None:
    answers = {row["id"]: row for row in rows(lake, "benchmark_corpus")}
    queries = {row["id"]: row for row in rows(lake, "benchmark_queries")}
    found = rows(lake, "negatives")
    assert len(found) > 200
    assert {row["language"] for row in found} >= {"eng", "deu"}
    for row in found:
        assert queries[row["query_id"]]["split"] == "train"
        assert row["positive"] == answers[row["positive_id"]]["text"]
        assert row["negatives"] == [answers[id_]["text"] for id_ in row["negative_ids"]]
        assert {answers[id_]["language"] for id_ in row["negative_ids"]} == {row["language"]}
        assert row["positive_id"] not in row["negative_ids"]
        assert row["neg_scores"] == sorted(row["neg_scores"], reverse=True)
        assert row["neg_scores"][0] < row["pos_score"]


def test_the_run_ends_with_an_export_that_says_what_it_holds(lake: Path) -> None:
    export = lake / "_export"
    card = (export / "README.md").read_text()
    for part in ("data/eng.parquet", "hard-negatives", "retrieval"):
        assert part in card
    sums = [line.split("  ", 1) for line in (export / "SHA256SUMS").read_text().splitlines()]
    assert len(sums) > 10
    for digest, name in sums:
        assert sha256((export / name).read_bytes()).hexdigest() == digest


def test_a_retriever_was_trained_and_says_what_it_is_worth(lake: Path) -> None:
    from sentence_transformers import SentenceTransformer

    (run,) = (lake / "_training").iterdir()
    scores = json.loads((run / "scores.json").read_text())["test"]["all"]["ndcg@10"]
    assert scores["queries"] == sum(row["split"] == "test" for row in rows(lake, "benchmark_queries"))
    assert scores["mean"] == pytest.approx(scores["now"] - scores["start"])
    assert scores["low"] <= scores["mean"] <= scores["high"]
    assert f"{scores['now']:.4f}" in (run / "model" / "README.md").read_text()
    assert len(SentenceTransformer(str(run / "model"), device="cpu").encode("what?")) == 256
    assert (run / "pictures" / "course.png").exists()


def test_links_lead_to_documents_with_groups(lake: Path) -> None:
    documents = {row["url"] for row in rows(lake, "documents")}
    kept = rows(lake, "links", kept=True)
    assert kept
    assert not any(row["same_site"] for row in kept)
    assert {row["url"] for row in rows(lake, "groups")} == documents
