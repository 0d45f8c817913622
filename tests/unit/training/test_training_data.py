"""Examples and batches: what is read, in which order, and which negatives are none."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.questions import question_lake

from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.lake.tables import QA
from faquarry.training.data import Batches, Examples
from faquarry.training.data.batches import assembled, streams_of
from faquarry.training.data.columns import Texts, TextWriter
from faquarry.training.data.plan import Plan, Stream


@pytest.fixture(scope="module")
def pairs(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return Examples.from_lake(str(lake), cache=tmp_path_factory.mktemp("cache") / "pairs", groups="site")


# -- text on disk ---------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=5), max_size=5))
def test_texts_come_back(tmp_path_factory: pytest.TempPathFactory, batches: list[list[str | None]]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    with TextWriter(folder, "text") as writer:
        for batch in batches:
            writer.write(pa.array([None, *batch], pa.string())[1:])  # a slice: offsets that do not start at 0
    flat = [text or "" for batch in batches for text in batch]
    texts = Texts(folder, "text")
    assert texts.take(np.arange(len(flat))) == flat
    assert [texts[row] for row in range(len(texts))] == flat


# -- the plan -------------------------------------------------------------------------------------------------------


def streams(*sizes: int) -> list[Stream]:
    cuts = np.cumsum((0, *sizes))
    draw = np.random.default_rng(0)
    return [
        Stream(str(number), np.arange(start, stop), draw.integers(1, 99, stop - start))
        for number, (start, stop) in enumerate(pairwise(cuts.tolist()))
    ]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=5), st.integers(2, 16), st.integers(0, 3))
def test_batches_are_of_one_stream_and_hold_no_row_twice(sizes: list[int], size: int, seed: int) -> None:
    plan = Plan(streams(*sizes), size, seed=seed)
    cuts = np.cumsum((0, *sizes))
    for step in range(2 * plan.steps_per_epoch):
        number, rows = plan.batch(step)
        assert len(set(rows.tolist())) == len(rows) == min(size, sizes[number])
        assert (rows >= cuts[number]).all()
        assert (rows < cuts[number + 1]).all()


def test_any_step_can_be_asked_for_in_any_order() -> None:
    given_in_order = [plan_rows for _, _, plan_rows in Plan(streams(300, 50), 8, seed=3).steps(0, 100)]
    plan = Plan(streams(300, 50), 8, seed=3)
    for step in np.random.default_rng(0).permutation(100):
        assert plan.batch(int(step))[1].tolist() == given_in_order[step].tolist()


def test_a_pass_shows_every_row_once() -> None:
    plan = Plan(streams(96), 8)
    for epoch in range(3):
        rows = np.concatenate([plan.batch(epoch * 12 + step)[1] for step in range(12)])
        assert sorted(rows.tolist()) == list(range(96))


def test_alpha_lifts_small_streams() -> None:
    sizes = (9000, 1000)
    for alpha, share in ((1.0, 0.1), (0.5, 0.25), (0.0, 0.5)):
        plan = Plan(streams(*sizes), 10, alpha=alpha)
        drawn = Counter(plan.batch(step)[0] for step in range(plan.steps_per_epoch))
        assert drawn[1] / plan.steps_per_epoch == pytest.approx(share, abs=0.002)


def test_batches_hold_texts_of_about_one_length() -> None:
    (stream,) = streams(6400)
    plan = Plan([stream], 16)
    spread = np.mean([np.ptp(stream.lengths[plan.batch(step)[1]]) for step in range(200)])
    assert spread < 10  # of 98 between the shortest and the longest of all


def test_batches_are_the_same_whatever_order_the_rows_came_in(tmp_path: Path) -> None:
    """Files of a table stand in another order after a killed run, or one of more partitions."""
    rows = [
        {
            "id": f"pair {n}",
            "language": ("rus", "eng", "deu", None)[n % 4],
            "group": ("shop", "bus", None)[n % 3],
            "query": f"question {n}",
            "document": f"answer {n}",
        }
        for n in range(120)
    ]
    table = pa.Table.from_pylist(rows)
    orders = [np.arange(120), np.arange(120)[::-1], np.random.default_rng(0).permutation(120)]
    found = []
    for number, order in enumerate(orders):
        examples = Examples.build(tmp_path / str(number), table.take(pa.array(order)).to_batches(max_chunksize=50))
        batches = list(Batches(examples, 16, seed=1).epoch(0))
        named = [[examples.group_names[group] if group >= 0 else None for group in batch.groups] for batch in batches]
        found.append([(batch.language, batch.queries, groups) for batch, groups in zip(batches, named, strict=True)])
    assert found[0] == found[1] == found[2]
    assert {language for language, _, _ in found[0]} == {"rus", "eng", "deu", "und"}


# -- examples of a lake ----------------------------------------------------------------------------------------------


def test_nothing_that_is_asked_later_is_learned(lake: Path, pairs: Examples) -> None:
    rows = np.arange(len(pairs))
    learned = set(pairs.queries(rows))
    qa = {row["question"]: row for row in map(dict, _rows(lake, "qa"))}
    splits = {row["text"]: row["split"] for row in _rows(lake, "benchmark_queries")}
    assert learned == {text for text in qa if splits[text] == "train"}
    assert all(qa[q]["answer"] == a for q, a in zip(pairs.queries(rows), pairs.documents(rows), strict=True))
    assert pairs.told["tables"] == {"qa": 0, "duplicates": 0, "bitexts": 0, "benchmark_queries": 0}
    assert sorted(pairs.group_names) == [f"site{number}.example" for number in range(5)]


def _rows(lake: Path, table: str) -> list[dict[str, object]]:
    from faquarry.lake import Lake

    return Lake(str(lake)).rows(table)


def test_duplicates_and_translations_are_no_negatives(lake: Path, tmp_path: Path) -> None:
    pairs = Examples.from_lake(str(lake), cache=tmp_path / "all")
    place = {name: row for row, name in enumerate(pairs.ids(np.arange(len(pairs))))}
    duplicates = [place[str(row["id"])] for row in _rows(lake, "duplicates")]
    bitext = _rows(lake, "bitexts")[0]
    rows = np.array([*duplicates, place[str(bitext["id1"])], place[str(bitext["id2"])]])
    expected = np.ones((4, 4), bool)
    expected[0, 1] = expected[1, 0] = expected[2, 3] = expected[3, 2] = False
    assert assembled(pairs, rows).allowed.tolist() == expected.tolist()


def test_hard_negatives_by_rule_and_masked_where_they_answer(lake: Path, tmp_path: Path) -> None:
    found = Examples.from_lake(str(lake), "negatives", cache=tmp_path / "negatives")
    rows = np.arange(8)
    top = assembled(found, rows, negatives=2)
    assert top.own_negatives.tolist() == [[8 + 2 * row, 9 + 2 * row] for row in range(8)]
    for row in range(8):
        places = found.negatives_of(row)
        assert top.documents[8 + 2 * row] == found.negative_texts(places)[0]
        assert top.teacher[row].tolist() == pytest.approx([0.9, *found.negative_scores(places)[:2].tolist()])
    # A hard negative that is another query's answer is that query's no more.
    answers = {text: row for row, text in enumerate(found.documents(rows))}
    masked = [(answers[text], 8 + at) for at, text in enumerate(top.documents[8:]) if text in answers]
    assert all(not top.allowed[row, column] for row, column in masked)
    for rule, low, high in (("denoised", 0.1, 0.9), ("rocketqa", 0.0, 0.1)):
        batch = assembled(found, rows, negatives=3, rule=rule)  # type: ignore[arg-type]
        scores = batch.teacher[:, 1:][batch.own_negatives >= 0]
        assert ((scores >= low) & (scores <= high)).all()
        again = assembled(found, rows[::-1].copy(), negatives=3, rule=rule)  # type: ignore[arg-type]
        assert sorted(again.documents) == sorted(batch.documents)


def test_rows_do_not_depend_on_how_they_came(lake: Path, tmp_path: Path) -> None:
    table = pa.table({"id": [f"{n}" for n in range(50)], "query": [f"q{n}" for n in range(50)], "document": ["d"] * 50})
    one = Examples.build(tmp_path / "one", [table])
    mixed = table.take(pa.array(np.random.default_rng(0).permutation(50)))
    other = Examples.build(tmp_path / "other", [*mixed.to_batches(7), table.slice(0, 5)])  # five of them twice
    assert other.ids(np.arange(50)) == one.ids(np.arange(50))
    assert len(other) == len(one) == 50


def test_the_same_is_built_once(lake: Path, tmp_path: Path) -> None:
    first = Examples.from_lake(str(lake), cache=tmp_path / "kept")
    written = (first.folder / "query.txt").stat().st_mtime_ns
    again = Examples.from_lake(str(lake), cache=tmp_path / "kept")
    assert (again.folder / "query.txt").stat().st_mtime_ns == written
    grouped = Examples.from_lake(str(lake), cache=tmp_path / "kept", groups="language")
    assert grouped.group_names


def test_files_of_trainers(tmp_path: Path) -> None:
    rows = [
        {"anchor": "a one", "positive": "b one", "negative_1": "c", "negative_2": "d", "scores": [0.9, 0.4, 0.2]},
        {"anchor": "a two", "positive": "b two", "negative_1": "e", "negative_2": "", "scores": [0.8, 0.1, None]},
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = Examples.from_files([tmp_path / "in"], cache=tmp_path / "cache")
    row = found.queries(np.arange(2)).index("a one")
    assert found.documents(np.array([row])) == ["b one"]
    assert found.negative_texts(found.negatives_of(row)) == ["c", "d"]
    assert found.scores[row] == pytest.approx(0.9)
    (tmp_path / "in" / "train.jsonl").write_text('{"title": "no query"}\n')
    with pytest.raises(UsageError, match=r"query .* and a document"):
        Examples.from_files([tmp_path / "in"], cache=tmp_path / "other")


def test_what_cannot_be_read_is_a_sentence(lake: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="no table links: faquarry graph makes it"):
        Examples.from_lake(str(lake), "links", cache=tmp_path / "links")
    with pytest.raises(UsageError, match="no groups weekday"):
        Examples.from_lake(str(lake), cache=tmp_path / "bad", groups="weekday")
    assert not (tmp_path / "bad").exists()


def test_a_version_that_was_vacuumed_away(tmp_path: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    rows = question_lake(tmp_path / "lake", count=32)
    write_deltalake(str(tmp_path / "lake" / "qa"), pa.Table.from_pylist(rows[:20], QA.schema), mode="overwrite")
    DeltaTable(str(tmp_path / "lake" / "qa")).vacuum(0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(LakeError, match=r"qa at version 0.*vacuumed"):
        Examples.from_lake(str(tmp_path / "lake"), cache=tmp_path / "cache", versions={"qa": 0})
    assert len(Examples.from_lake(str(tmp_path / "lake"), cache=tmp_path / "cache"))


def test_ten_lines_of_a_loop(pairs: Examples) -> None:
    batches = Batches(pairs, 16, seed=1)
    epoch = list(batches.epoch(0))
    assert len(epoch) == len(batches)
    assert all(len(set(batch.ids)) == len(batch) for batch in epoch)
    assert {batch.language for batch in epoch} <= {"eng", "deu", "fra"}
    again = list(batches.between(2, 4))
    assert [batch.ids for batch in again] == [batch.ids for batch in epoch[2:4]]
    assert len(streams_of(pairs, monolingual=False)) == 1
