"""Mining without Spark: the plan, blocks and their search, the choice, and what a worker makes of its rows."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from faquarry.config.settings import MineSettings
from faquarry.markup.model import pair_id
from faquarry.retrieval import BM25
from faquarry.retrieval.mine.choose import Rules, choose
from faquarry.retrieval.mine.guards import GUARDS, NOBODY, SHARED, Sets, guards_of, spoken
from faquarry.retrieval.mine.plan import ANSWERS, Asked, slots_of
from faquarry.retrieval.mine.task import WORK, mined
from faquarry.retrieval.search.blocks import SEARCH, Formula, searched
from faquarry.retrieval.search.index import DOCUMENT, analyzed, indexed
from faquarry.retrieval.search.plan import Share, tasks_of
from faquarry.vectors.halves import binary_column
from faquarry.vectors.scoring import SCORED

OFF = Rules(keep=None, relative_margin=None)
SCORES = np.array([0.9, 0.2, np.nan, 0.6, 0.6], np.float32)


def texts(count: int, seed: int) -> list[str]:
    generator = random.Random(seed)
    words = [f"w{number}" for number in range(200)]
    return [" ".join(generator.choices(words, [1 / (n + 1) for n in range(200)], k=12)) for _ in range(count)]


# -- plan --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cores", [1, 8, 500])
def test_every_query_meets_every_block_once(cores: int) -> None:
    shares = [Share("eng", 1_000_000, 40, 4_000_000, 1), Share("deu", 300, 1, 9_000, 1), Share("nld", 5, 1, 10, 1)]
    tasks = tasks_of(shares, 20_000, cores)
    for share in shares:
        mine = [task for task in tasks if task.language == share.language]
        met = {
            (chunk, block)
            for task in mine
            for chunk in range(task.chunks)
            for block in range(share.blocks)
            if chunk == task.chunk and block % task.groups == task.group
        }
        assert len(met) == mine[0].chunks * share.blocks
        assert share.queries / mine[0].chunks <= 20_000
    assert len({task.task for task in tasks}) == len(tasks)
    assert {task.slot for task in tasks} == set(range(tasks[-1].slot + 1))
    assert len({task.slot for task in tasks if task.language != "eng"}) == 1  # small ones share a Spark task
    assert len({task.slot for task in tasks}) >= min(cores, 50)


# -- search ------------------------------------------------------------------------------------------------------------


def blocks_of(corpus: dict[str, str], cuts: int) -> list[dict[str, object]]:
    generator = random.Random(cuts)
    placed = sorted((generator.randrange(cuts), id_, text) for id_, text in corpus.items())
    rows = [{"language": "eng", "bucket": bucket, "id": id_, "text": text} for bucket, id_, text in placed]
    batches = pa.Table.from_pylist(rows, schema=DOCUMENT).to_batches(max_chunksize=37)
    return [row for batch in indexed(batches, "r") for row in batch.to_pylist()]


@pytest.mark.parametrize("cuts", [1, 3, 17])
def test_blocks_rank_and_score_as_one_index_does(cuts: int) -> None:
    corpus = {pair_id(text, str(place)): text for place, text in enumerate(texts(400, 1) + texts(5, 1))}
    corpus = dict(sorted(corpus.items()))
    queries = [*texts(60, 2), "nothing known"]
    whole = BM25(list(corpus.values()), "eng")
    numbers, scores = whole.search(queries, k=50)
    names = list(corpus)
    asked = []
    tokens = pa.RecordBatch.from_pylist(
        [{"language": "eng", "query_id": str(place), "text": text} for place, text in enumerate(queries)]
    )
    for row in pa.Table.from_batches(analyzed([tokens])).to_pylist():
        idf = [whole.statistics.idf(term) for term in row["terms"]]
        common = {"task": 0, "kind": 0, "average_length": whole.statistics.average_length, "language": "eng"}
        asked.append({**common, "query_id": row["query_id"], "asked": row["terms"], "idf": idf})
    rows = asked + [{**row, "task": 0, "kind": 1} for row in blocks_of(corpus, cuts)]
    batches = pa.Table.from_pylist(rows, schema=SEARCH).to_batches(max_chunksize=7)
    found = [row for batch in searched(batches, Formula(0.9, 0.4, 50)) for row in batch.to_pylist()]
    assert [row["query_id"] for row in found] == [str(place) for place in range(len(queries))]
    for row, expected, scored in zip(found, numbers, scores, strict=True):
        there = expected >= 0
        assert row["ids"] == [names[number] for number in expected[there]]
        assert row["bm25_scores"] == scored[there].tolist()


# -- choice ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "chosen", "ruled_out"),
    [
        (OFF, [0, 3, 4, 1], {}),
        (Rules(keep=2, relative_margin=None), [0, 3], {}),
        (Rules(keep=None, relative_margin=0.25), [3, 4, 1], {0: "relative_margin"}),
        (
            Rules(keep=None, relative_margin=None, absolute_margin=0.25),
            [1],
            dict.fromkeys((0, 3, 4), "absolute_margin"),
        ),
        (
            Rules(keep=None, relative_margin=None, max_score=0.7, min_score=0.5),
            [3, 4],
            {0: "max_score", 1: "min_score"},
        ),
        (Rules(keep=None, relative_margin=None, percentile=50), [3, 4, 1], {0: "percentile"}),
    ],
)
def test_margins(rules: Rules, chosen: list[int], ruled_out: dict[int, str]) -> None:
    choice = choose(0.8, SCORES, rules)
    assert choice.chosen.tolist() == chosen
    assert choice.ruled_out == [ruled_out.get(place) for place in range(5)]
    assert choice.outcome == "mined"


def test_a_positive_below_the_floor_is_a_suspect_and_no_candidate_is_none() -> None:
    assert choose(0.1, SCORES, Rules(min_positive=0.2)).outcome == "suspect"
    assert choose(0.1, SCORES, Rules(max_score=0.0)).outcome == "none"
    assert choose(0.9, np.zeros(0, np.float32), Rules()).outcome == "none"


def test_a_relative_margin_asks_less_than_the_positive_of_negative_logits_too() -> None:
    choice = choose(-4.0, np.array([-3.9, -4.1, -4.5], np.float32), Rules(relative_margin=0.1))
    assert choice.chosen.tolist() == [2]


# -- a worker's rows ---------------------------------------------------------------------------------------------------


def work(queries: int, each: int) -> list[dict[str, object]]:
    """Answers, then queries; the candidate at place 1 stands on the query's page, that at place 2 has a score."""
    answers: list[dict[str, object]] = []
    asked: list[dict[str, object]] = []
    for query in range(queries):
        for place in range(-1, each):
            pages = [query] if place in (-1, 1) else None
            answers.append({"kind": 0, "id": f"q{query}-{place}", "text": f"{place}", "pages": pages})
        row: dict[str, object] = {"kind": 1, "language": "eng", "id": f"q{query}", "text": "question"}
        row |= {"positive_id": f"q{query}--1", "ids": [f"q{query}-{place}" for place in range(each)]}
        row |= {"bm25_scores": [9.0 - place for place in range(each)]}
        asked.append({**row, "known_ids": [f"q{query}-2", "gone"], "known_scores": [0.25, 0.5]})
    return answers + asked


def by_text(batches: Iterator[pa.RecordBatch], pool: int) -> Iterator[pa.RecordBatch]:
    """A scorer that gives 1 to the positive and a tenth of its place to any other, a pool of pairs at a time."""
    waiting = pa.Table.from_batches([], schema=SCORED)
    for batch in batches:
        score = [1.0 if text == "-1" else int(text) / 10 for text in batch.column("text").to_pylist()]
        scored = pa.table([batch.column("query_id"), batch.column("text_id"), pa.array(score, pa.float32())], SCORED)
        waiting = pa.concat_tables([waiting, scored])
        while len(waiting) >= pool:
            yield from waiting.slice(0, pool).to_batches()
            waiting = waiting.slice(pool)
    yield from waiting.to_batches()


@pytest.mark.parametrize("rows", [1, 5, 1000])
@pytest.mark.parametrize("pool", [1, 7, 1000])
def test_scores_come_back_to_their_rows_however_they_are_cut(rows: int, pool: int) -> None:
    batches = pa.Table.from_pylist(work(9, 5), schema=WORK).to_batches(max_chunksize=rows)
    found = list(told(mined(batches, lambda given: by_text(given, pool), OFF, ("same_page",))))
    assert [row["query_id"] for row in found] == [f"q{number}" for number in range(9)]
    for row in found:
        name = row["query_id"]
        assert row["pos_score"] == 1.0
        assert row["positive_id"] == f"{name}--1"
        assert row["ids"] == [f"{name}-{place}" for place in range(5)]
        assert row["ruled_out"] == [None, "same_page", None, None, None]
        assert row["scores"] == pytest.approx([0.0, None, 0.25, 0.3, 0.4])
        assert row["negative_ids"] == [f"{name}-{place}" for place in (4, 3, 2, 0)]
        assert row["neg_scores"] == pytest.approx([0.4, 0.3, 0.25, 0.0])
        assert row["bm25_scores"] == [5.0, 6.0, 7.0, 9.0]
        assert row["negatives"] == ["4", "3", "2", "0"]
        assert row["positive"] == "-1"


def told(batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, object]]:
    for batch in batches:
        yield from batch.to_pylist()


def test_answers_to_a_question_that_says_the_same_are_out() -> None:
    rows = work(2, 4)
    same, other = (vector.as_py() for vector in binary_column(np.eye(2)))
    for row in rows:
        row["vector"] = same if row["id"] == "q0" else None
        row["vectors"] = {"0": [other, same], "3": [other]}.get(str(row["text"]))
    batches = pa.Table.from_pylist(rows, schema=WORK).to_batches(max_chunksize=3)
    first, second = told(mined(batches, lambda given: by_text(given, 4), OFF, ("same_page",), 0.9))
    assert first["ruled_out"] == ["similar_question", "same_page", None, None]
    assert second["ruled_out"] == [None, "same_page", None, None]


def test_candidates_and_positives_that_are_no_answers_are_left_out() -> None:
    rows = [row for row in work(3, 4) if row["id"] not in ("q0-3", "q1--1")]
    batches = pa.Table.from_pylist(rows, schema=WORK).to_batches()
    first, last = told(mined(batches, lambda given: by_text(given, 4), OFF))
    assert (first["query_id"], first["ids"]) == ("q0", ["q0-0", "q0-1", "q0-2"])
    assert first["negative_ids"] == ["q0-2", "q0-1", "q0-0"]
    assert (last["query_id"], len(last["ids"])) == ("q2", 4)


def test_a_text_goes_to_the_scorer_once_for_all_queries_of_a_batch() -> None:
    rows = work(1, 6)
    rows += [{**rows[-1], "id": f"other{number}", "known_ids": None, "known_scores": None} for number in range(9)]
    seen: list[int] = []

    def score(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in given:
            seen.append(len(batch.column("text").dictionary))
            yield from by_text(iter([batch]), 1)

    found = list(told(mined(pa.Table.from_pylist(rows, schema=WORK).to_batches(), score, OFF)))
    assert len(found) == 10
    assert {tuple(row["scores"]) for row in found[1:]} == {tuple(found[1]["scores"])}
    assert seen == [7]


# -- guards ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_sets_meet_where_they_have_something_in_common(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lists = [generator.integers(-20, 20, generator.integers(0, 6)).tolist() for _ in range(60)]
    lists[3], lists[4] = [], [2**63 - 1, -(2**63)]
    one, other = generator.integers(0, 60, (2, 500))
    found = Sets(pa.array([*lists[:59], None], pa.list_(pa.int64()))).meet(one, other)
    lists[59] = []
    assert found.tolist() == [bool(set(lists[a]) & set(lists[b])) for a, b in zip(one, other, strict=True)]


def test_the_first_guard_that_is_on_is_told() -> None:
    settings = MineSettings(same_site=True)
    assert guards_of(settings) == ("duplicates", "same_question", "same_page", "same_site")
    assert "same_site" not in guards_of(MineSettings())
    sets = {name: Sets(pa.array([[1], [1], [2], [3]], pa.list_(pa.int64()))) for name in SHARED.values()}
    sets["groups"] = Sets(pa.array([None] * 4, pa.list_(pa.int64())))
    candidates, positives = np.array([0, 1, 2, 3]), np.zeros(4, np.int64)
    numbers = spoken(guards_of(settings), sets, candidates, positives)
    assert [GUARDS[number] if number != NOBODY else None for number in numbers] == [
        "positive",
        "same_question",
        None,
        None,
    ]
    assert spoken((), sets, candidates, positives).tolist() == [0, NOBODY, NOBODY, NOBODY]


# -- tasks that score --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tasks", [1, 8, 500])
def test_queries_are_shared_out_so_that_answers_fit(tasks: int) -> None:
    asked = [
        Asked("eng", 60_000, 5 * ANSWERS),
        Asked("deu", 9_000, 20_000),
        *(Asked(f"l{n}", 30, 50) for n in range(40)),
    ]
    slots = slots_of(asked, 200, tasks)
    assert {one.language for one in slots} == {one.language for one in asked}
    parts = {one.language: one.parts for one in slots}
    assert asked[0].queries / parts["eng"] * 200 <= ANSWERS
    assert parts["deu"] >= min(tasks, 90) * 9_000 // 70_200
    used = [slot for one in slots for slot in range(one.slot, one.slot + one.parts)]
    assert set(used) == set(range(slots[-1].slot + slots[-1].parts))
    assert len({one.slot for one in slots if one.language.startswith("l")}) <= 1 + 40 * 30 // 100
    large = [slot for one in slots if one.parts > 1 for slot in range(one.slot, one.slot + one.parts)]
    assert all(used.count(slot) == 1 for slot in large)
