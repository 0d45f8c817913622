"""Deduplication on a lake: what the rows say, reruns, crawls in any order, pairs that leave, kills at every write."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from tests.lakes import versions

import faquarry.dedup.stage as stage_module
from faquarry.config.settings import Settings
from faquarry.dedup.groups import grouped_by_driver, grouped_by_workers
from faquarry.dedup.stage import DeduplicateStage
from faquarry.dedup.staging import Staging
from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.runner import run_stage
from faquarry.vectors.halves import binary_column
from faquarry.vectors.model import ModelInfo, Thresholds

pytestmark = pytest.mark.spark

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
HAND = ModelInfo("hand", "1", 4, 512, "packaged", thresholds=Thresholds(semantic=0.9))
TEXTS = ("question", "near")

LAMP = "The lamp burns for forty hours on one filling; fill it up to the mark only, and let it cool before you do."
ROPE = "A rope lasts about ten years when it is kept dry and dark, and has to go after the first hard fall."


def pair(
    question: str, answer: str, *, site: str = "a.example", language: str = "eng", day: int = 0, **more: Any
) -> Any:
    url = more.pop("url", f"https://{site}/faq")
    return {
        "id": hashlib.md5(f"{question} {answer}".encode()).hexdigest(),
        **{"language": language, "site": site, "url": url, "question": question, "answer": answer},
        **{"fetched_at": NOON + timedelta(days=day), **more},
    }


def corpus(seed: int = 0, groups: int = 25) -> list[dict[str, Any]]:
    """Pairs of random words; some repeat another's question, some are edited copies of one another."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abdeiklmnorstu", k=rng.randint(2, 8))) for _ in range(400)]
    found = []
    for number in range(groups):
        question, answer = " ".join(rng.choices(words, k=8)), rng.choices(words, k=40)
        site = f"s{number % 5}.example"
        found.append(pair(f"{question}?", " ".join(answer), site=site, day=rng.randrange(3)))
        for _ in range(rng.randrange(4)):
            edited = list(answer)
            for _ in range(rng.randint(1, 4)):
                edited[rng.randrange(40)] = rng.choice(words)
            found.append(
                pair(f"{question}?", " ".join(edited), site=f"s{rng.randrange(5)}.example", day=rng.randrange(3))
            )
        if number % 3 == 0:
            found.append(pair(question.upper(), " ".join(rng.choices(words, k=30)), site=site, day=rng.randrange(3)))
    return list({row["id"]: row for row in found}.values())


@pytest.fixture
def make(spark: SparkSession, tmp_path: Path) -> Callable[[str], Made]:
    return lambda name: Made(spark, tmp_path / name)


class Made:
    """A lake whose `qa` is put there by hand."""

    def __init__(self, spark: SparkSession, path: Path, **dedup: Any) -> None:
        self.path, self.spark = path, spark
        self.writer = LakeWriter(Lake(str(path)), spark)
        self.settings = Settings(lake=str(path), dedup=dedup, log={"progress": "none"})

    def having(self, **dedup: Any) -> Made:
        return Made(self.spark, self.path, **dedup)

    def add(self, rows: Sequence[dict[str, Any]], parts: int = 1) -> Made:
        self.writer.append("qa", self.writer.from_rows("qa", rows).repartition(parts))
        return self

    def take(self, rows: Sequence[dict[str, Any]]) -> Made:
        self.writer.delete("qa", self.writer.from_rows("qa", rows).select("id"))
        return self

    def embed(self, vectors: dict[str, list[float]]) -> Made:
        table = pa.table(
            {
                **{"id": list(vectors), "field": ["question"] * len(vectors), "model": ["hand"] * len(vectors)},
                **{"revision": ["1"] * len(vectors), "dim": pa.array([4] * len(vectors), pa.int32())},
                **{"text_hash": list(vectors), "run_id": ["hand"] * len(vectors)},
                "vector": binary_column(np.array(list(vectors.values()))),
            }
        )
        self.writer.append("embeddings", self.spark.createDataFrame(table))
        return self

    def run(self, *kinds: str) -> dict[str, int] | None:
        finished = run_stage(DeduplicateStage.of(self.settings, kinds or TEXTS), self.settings)
        return None if finished.outcome is None else dict(finished.outcome.counts)

    def rows(self) -> list[str]:
        kept = [{k: v for k, v in row.items() if k != "run_id"} for row in Lake(str(self.path)).rows("duplicates")]
        return sorted(json.dumps(row, sort_keys=True) for row in kept)

    def groups(self, kind: str) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for row in Lake(str(self.path)).rows("duplicates"):
            if row["kind"] == kind:
                found.setdefault(row["group_id"], set()).add(row["id"])
        assert all(name == min(group) and len(group) > 1 for name, group in found.items())
        return {frozenset(group) for group in found.values()}

    def dropped(self) -> set[str]:
        return {row["id"] for row in Lake(str(self.path)).rows("duplicates") if not row["keep"]}


def ids(*rows: dict[str, Any]) -> frozenset[str]:
    return frozenset(row["id"] for row in rows)


def test_what_repeats_and_what_stays(make: Callable[[str], Made]) -> None:
    lamp = pair("How long does the lamp burn?", LAMP)
    again = pair("How long does the lamp burn?", LAMP.replace("forty", "fifty"), site="b.example", day=1)
    third = pair(
        "How long does a lamp burn?", LAMP.replace("forty", "fifty").replace("mark", "line"), site="c.example", day=2
    )
    shout = pair("HOW LONG — does the lamp burn", ROPE, day=-1)
    german = pair(
        "How long does the lamp burn?",
        "Vierzig Stunden mit einer Füllung, danach muss sie kalt werden.",
        language="deu",
    )
    rope = pair("When is a rope too old?", ROPE)
    no_words = [pair("???", f"{word} " * 12) for word in ("alpha", "beta")]
    made = make("lake").add([lamp, again, third, shout, german, rope, *no_words])
    counts = made.run()
    assert made.groups("question") == {ids(lamp, shout)}
    assert made.groups("near") == {ids(lamp, again, third)}
    assert made.dropped() == ids(lamp, again, third)  # lamp for shout; again and third for lamp
    assert counts is not None
    said = ("signed", "question_groups", "question_dropped", "near_groups", "near_dropped")
    assert [counts[name] for name in said] == [8, 1, 1, 1, 2]
    near = {row["id"]: row for row in Lake(str(made.path)).rows("duplicates") if row["kind"] == "near"}
    assert near[lamp["id"]]["keep"]
    assert near[lamp["id"]]["similarity"] == 1.0
    assert near[again["id"]]["similarity"] > near[third["id"]]["similarity"] > 0.7
    assert "18x7" in near[lamp["id"]]["method"]

    before = versions(made.path)
    assert made.run() is None
    assert made.run("near") is None
    assert versions(made.path) == before
    assert not (made.path / "_staging").exists() or not list((made.path / "_staging").iterdir())


def test_one_order_decides(make: Callable[[str], Made]) -> None:
    """Earliest fetched, longest answer, shortest URL, smallest id; unknown times come last."""
    answers = [" ".join(["same"] + [f"w{n}{k}" for k in range(20)]) for n in range(5)]
    early = pair("What is the first rule?", answers[0], day=0)
    longer = pair("What is the first rule?", answers[1] + " more", day=0)
    short_url = pair("What is the second rule?", answers[2], url="https://a.example/")
    long_url = pair("What is the second rule?", answers[3], url="https://a.example/faq/rules")
    unknown = pair("What is the second rule?", answers[4] + " and much more of it", fetched_at=None)
    made = make("lake").add([early, longer, short_url, long_url, unknown])
    made.run("question")
    assert made.dropped() == ids(early, long_url, unknown)


def test_every_union_of_groups_keeps_a_pair(make: Callable[[str], Made]) -> None:
    rows = corpus(3, 40)
    made = make("lake").add(rows)
    made.run()
    edges = [(min(group), other) for kind in TEXTS for group in made.groups(kind) for other in group]
    table = pa.table({"id1": [one for one, _ in edges], "id2": [other for _, other in edges]})
    together: dict[str, set[str]] = {}
    for row in grouped_by_driver(table).to_pylist():
        together.setdefault(row["group_id"], set()).add(row["id"])
    dropped = made.dropped()
    assert len(together) > 10
    assert any(len(group & dropped) > 1 for group in together.values())
    assert all(group - dropped for group in together.values())


def test_crawls_one_after_the_other(make: Callable[[str], Made]) -> None:
    """The same rows as both at once, from other files; only new pairs are signed, only new candidates compared."""
    rows = corpus()
    random.Random(1).shuffle(rows)
    half = len(rows) // 2
    at_once = make("at-once").add(rows)
    counts = at_once.run()
    assert counts is not None
    assert counts["near_dropped"] > 10
    in_turn = make("in-turn").add(rows[half:], parts=3)
    first = in_turn.run()
    in_turn.add(rows[:half], parts=2)
    second = in_turn.run()
    assert first is not None
    assert second is not None
    assert in_turn.rows() == at_once.rows()
    assert (first["signed"], second["signed"]) == (len(rows) - half, half)
    assert first["compared"] + second["compared"] == counts["compared"]

    # Pairs leave qa: what stays is as if they had never come.
    gone = [row for row in rows if row["id"] in at_once.dropped()][::2]
    stayed = [row for row in rows if row not in gone]
    in_turn.take(gone)
    third = in_turn.run()
    assert third is not None
    assert (third["signed"], third["withdrawn"]) == (0, len(gone))
    without = make("without").add(stayed)
    without.run()
    assert in_turn.rows() == without.rows()

    # And come back.
    in_turn.add(gone)
    fourth = in_turn.run()
    assert fourth is not None
    assert fourth["signed"] == len(gone)
    assert fourth["compared"] == 0
    assert in_turn.rows() == at_once.rows()


def test_hot_buckets_are_told_and_do_not_depend_on_arrival(make: Callable[[str], Made]) -> None:
    words = LAMP.split()
    rows = [
        pair(f"How long does lamp {n} burn?", " ".join([*words[:20], f"number{n}", *words[20:]])) for n in range(30)
    ]
    at_once = make("at-once").having(bucket_cap=4).add(rows)
    counts = at_once.run("near")
    assert counts is not None
    assert counts["hot_buckets"] > 0
    assert at_once.groups("near") == {ids(*rows)}
    in_turn = make("in-turn").having(bucket_cap=4).add(rows[:3])
    in_turn.run("near")
    in_turn.add(rows[3:])
    in_turn.run("near")
    assert in_turn.rows() == at_once.rows()


class Killed(Exception):
    pass


@pytest.mark.slow
def test_killed_at_every_write(make: Callable[[str], Made], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = corpus(2, 8)
    whole = make("whole").add(rows)
    whole.run()
    made = make("killed").add(rows[::2])
    made.run()
    made.add(rows[1::2])
    left = [0]

    def deadly(name: str) -> None:
        before = getattr(LakeWriter, name)

        def write(self: LakeWriter, *arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            done = before(self, *arguments, **named)
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return done

        monkeypatch.setattr(LakeWriter, name, write)

    for name in ("append", "merge", "delete"):
        deadly(name)
    deaths = 0
    for moment in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
        left[0] = moment
        try:
            made.run()
        except Killed:
            deaths += 1
            continue
        break
    assert deaths >= 3
    left[0] = 0
    made.run()
    assert made.rows() == whole.rows()
    assert made.run() is None


@pytest.mark.slow
def test_other_settings_find_other_groups(make: Callable[[str], Made]) -> None:
    lamp = pair("How long does the lamp burn?", LAMP)
    again = pair("How long does the lamp burn?", LAMP.replace("forty", "fifty"), site="b.example", day=1)
    made = make("lake").add([lamp, again])
    made.run("near")
    assert made.groups("near") == {ids(lamp, again)}
    strict = made.having(near_threshold=0.95)
    strict.run("near")
    assert made.groups("near") == set()
    made.run("near")
    assert made.groups("near") == {ids(lamp, again)}


def test_groups_found_by_workers_are_those_of_the_driver(spark: SparkSession, tmp_path: Path) -> None:
    rng = random.Random(5)
    names = [f"{n:04x}" for n in range(300)]
    rng.shuffle(names)
    chain = list(itertools.pairwise(names[:121]))
    others = [(rng.choice(names[130:]), rng.choice(names[130:])) for _ in range(110)]
    edges = [sorted(edge) for edge in chain + others if edge[0] != edge[1]]
    rng.shuffle(edges)
    table = pa.table({"id1": [one for one, _ in edges], "id2": [other for _, other in edges]})
    found = grouped_by_workers(spark.createDataFrame(table).repartition(3), Staging(spark, str(tmp_path)))
    wanted = {(row["id"], row["group_id"]) for row in grouped_by_driver(table).to_pylist()}
    assert {tuple(row) for row in found.collect()} == wanted
    assert sum(group == min(names[:121]) for _, group in wanted) == 121


def test_semantic(make: Callable[[str], Made], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "find_model", lambda name, settings: HAND)
    near_by = [1.0, 0.2, 0.0, 0.0]
    directions = {
        "one": [1.0, 0.0, 0.0, 0.0],
        "like": near_by,
        "far": [0.0, 0.0, 1.0, 0.0],
        "german": near_by,
        "site": near_by,
    }
    said = {name: pair(f"What about {name} of them?", f"{name} {ROPE}", day=n) for n, name in enumerate(directions)}
    said["german"] = pair("Was ist damit?", f"german {ROPE}", language="deu")
    said["site"] = pair("What about site of them?", f"site {ROPE}", site="b.example")
    unit = {said[name]["id"]: (np.array(v) / np.linalg.norm(v)).tolist() for name, v in directions.items()}
    made = make("lake").add(list(said.values()))
    with pytest.raises(NothingToRead, match="faquarry embed"):
        made.run("semantic")
    made.embed(unit)
    made.run("semantic")
    assert made.groups("semantic") == {ids(said["one"], said["like"])}
    assert made.dropped() == ids(said["like"])
    told = next(row for row in Lake(str(made.path)).rows("duplicates") if not row["keep"])
    assert told["similarity"] == pytest.approx(1 / np.sqrt(1.04), abs=1e-3)
    assert made.run("semantic") is None

    # A place that changes is looked at again, the others stand.
    more = pair("What about another of them?", f"another {ROPE}", site="b.example", day=9)
    made.add([more]).embed({more["id"]: unit[said["site"]["id"]]})
    made.run("semantic")
    assert made.groups("semantic") == {ids(said["one"], said["like"]), ids(said["site"], more)}
    made.take([said["one"]])
    made.run("semantic")
    assert made.groups("semantic") == {ids(said["site"], more)}


def test_sentences(make: Callable[[str], Made]) -> None:
    with pytest.raises(UsageError, match="no kind of duplicates called same"):
        DeduplicateStage.of(Settings(), ["same"])
    with pytest.raises(NothingToRead, match="faquarry extract"):
        make("nowhere").run()
    made = make("lake").add([pair("How long does the lamp burn?", LAMP)])
    work = DeduplicateStage.of(made.settings).pending(Lake(str(made.path)))
    assert work is not None
    assert any("there are no embeddings" in sentence for sentence in work.summary)


def test_survivors_in_one_line(make: Callable[[str], Made], spark: SparkSession) -> None:
    """The lines of docs/duplicates.md, as they stand there."""
    import polars

    import faquarry.lake
    import faquarry.sql

    rows = corpus(4, 12)
    made = make("lake").add(rows)
    made.run()
    wanted = {row["id"] for row in rows} - made.dropped()
    assert len(wanted) < len(rows)
    page = Path(__file__).parents[2] / "docs" / "duplicates.md"
    lines = re.findall(r"```python\n(survivors = .+)\n```", page.read_text(encoding="utf-8"))
    found = []
    for line in lines:
        names: dict[str, Any] = {"spark": spark, "faquarry": faquarry, "polars": polars, "lake": str(made.path)}
        exec(line, names)
        survivors = names["survivors"]
        if hasattr(survivors, "fetchall"):
            found.append([row[0] for row in survivors.project("id").fetchall()])
        elif hasattr(survivors, "toArrow"):
            found.append([row["id"] for row in survivors.collect()])
        else:
            found.append(survivors.collect()["id"].to_list())
    assert [sorted(ids) for ids in found] == [sorted(wanted)] * 3
