"""The stage `embed` on Spark: every text once, only what is new, whatever was killed or cut into tasks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from tests.lakes import repeated_keys, rows, versions
from tests.tiny import tiny_transformer

from faquarry.config.settings import LogSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.markup.model import pair_id
from faquarry.report.similarity import draw, spreads
from faquarry.runner import Finished, run_stage
from faquarry.vectors import stage as embed_stage
from faquarry.vectors.find import PACKAGED, find_model
from faquarry.vectors.halves import matrix_of
from faquarry.vectors.load import load_encoder
from faquarry.vectors.read import matrix
from faquarry.vectors.stage import EmbedStage

pytestmark = pytest.mark.spark

CARD = "We take every usual credit card, and transfers from a bank."
PAIRS = [
    ("eng", "How do I return a parcel?", "Print the label from your account and hand it in at any post office."),
    ("eng", "What does delivery cost?", "Delivery costs four euros;\nfrom fifty euros on we pay for it ourselves."),
    ("eng", "How can I pay?", CARD),
    ("eng", "Which cards do you take?", CARD),
    ("deu", "Wie lange dauert der Versand?", "In der Regel zwei bis drei Werktage nach Eingang der Zahlung."),
    ("jpn", "配送にはどのくらいかかりますか？", "通常は二日から三日で届きます。"),
]
MORE = [("eng", "Can I pay by card?", CARD), ("fra", "Comment payer ?", "Par carte de crédit ou par virement.")]


def add(spark: SparkSession, lake: Path, pairs: list[tuple[str, str, str]], **change: Any) -> None:
    """Puts pairs into `qa`; `change` overrides columns."""
    writer = LakeWriter(Lake(str(lake)), spark)
    found = [
        {"id": pair_id(q, a), "language": language, "site": "shop.example", "question": q, "answer": a, **change}
        for language, q, a in pairs
    ]
    writer.merge("qa", writer.from_rows("qa", found), update_if="true")


def settings(lake: Path, model: Path | str = PACKAGED, **embed: Any) -> Settings:
    names = {"align_model": str(model), "retrieval_model": str(model)}
    return Settings(lake=str(lake), log=LogSettings(progress="none"), embed={**names, **embed})


def embed(given: Settings) -> Finished:
    return run_stage(EmbedStage.of(given), given)


def counts(done: Finished) -> dict[str, int]:
    assert done.outcome is not None
    return dict(done.outcome.counts)


def vectors(lake: Path) -> dict[tuple[str, str], tuple[str, np.ndarray[Any, Any]]]:
    found = Lake(str(lake)).arrow("embeddings")
    keys = zip(*(found.column(name).to_pylist() for name in ("id", "field", "text_hash")), strict=True)
    return {(i, f): (h, v) for (i, f, h), v in zip(keys, matrix_of(found.column("vector")), strict=True)}


def same(one: Path, other: Path) -> None:
    """Both lakes hold the same vectors, and similarities that are those of the vectors."""
    left, right = vectors(one), vectors(other)
    assert left.keys() == right.keys()
    for key, (text_hash, vector) in left.items():
        assert right[key][0] == text_hash
        np.testing.assert_allclose(
            right[key][1], vector, atol=2e-3
        )  # a step of float16, where float32 rounds otherwise
    scores = [{row["id"]: row["score"] for row in rows(lake, "similarity")} for lake in (one, other)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-3)


@pytest.fixture(scope="module")
def embedded(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """PAIRS and MORE, embedded at once."""
    lake = tmp_path_factory.mktemp("embedded") / "lake"
    add(spark, lake, PAIRS + MORE)
    return lake, counts(embed(settings(lake)))


def test_every_pair_has_three_vectors_and_a_similarity(embedded: tuple[Path, dict[str, int]]) -> None:
    lake, done = embedded
    pairs = PAIRS + MORE
    found = rows(lake, "embeddings")
    assert {(row["id"], row["field"]) for row in found} == {
        (pair_id(q, a), field) for _, q, a in pairs for field in ("qa", "question", "answer")
    }
    assert repeated_keys(lake) == []
    assert {(row["model"], row["dim"], len(row["vector"])) for row in found} == {(PACKAGED, 256, 512)}
    assert len({row["revision"] for row in found}) == 1
    texts = {f"{q} {a}" for _, q, a in pairs} | {q for _, q, _ in pairs} | {a for _, _, a in pairs}
    assert (done["texts"], done["embeddings"], done["similarity"]) == (len(texts), 3 * len(pairs), len(pairs))
    assert done["tokens"] <= done["padded_tokens"]
    ids, questions = matrix(Lake(str(lake)), PACKAGED, "question")
    same_ids, answers = matrix(Lake(str(lake)), PACKAGED, "answer", ids.tolist())
    assert same_ids.tolist() == ids.tolist() == sorted(ids)
    np.testing.assert_allclose(np.linalg.norm(questions, axis=1), 1, atol=1e-3)
    scores = {row["id"]: row["score"] for row in rows(lake, "similarity")}
    assert [scores[id_] for id_ in ids] == pytest.approx((questions * answers).sum(axis=1).tolist(), abs=1e-5)
    low = find_model(PACKAGED, settings(lake).embed).thresholds.low
    assert all(row["low"] == (row["score"] < low) for row in rows(lake, "similarity"))


def test_vectors_are_of_the_text_with_newlines_as_spaces(embedded: tuple[Path, dict[str, int]]) -> None:
    lake, _ = embedded
    given = settings(lake).embed
    _, question, answer = PAIRS[1]
    text = f"{question} {answer}".replace("\n", " ")
    text_hash, vector = vectors(lake)[pair_id(question, answer), "qa"]
    assert text_hash == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    expected = load_encoder(find_model(PACKAGED, given), given).encode([text])[0]
    np.testing.assert_allclose(vector, expected, atol=1e-3)


def test_a_transformer_goes_the_same_way(
    spark: SparkSession, embedded: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    """One model for alignment, another for similarity; the rows of the one that was there stay."""
    folder = tiny_transformer(tmp_path / "multilingual-e5-small")
    lake = tmp_path / "lake"
    add(spark, lake, PAIRS)
    given = Settings(
        lake=str(lake), log=LogSettings(progress="none"), embed={"retrieval_model": str(folder), "batch_tokens": 64}
    )
    done = counts(embed(given))
    info = find_model(str(folder), given.embed)
    assert (done["embeddings"], done["similarity"]) == (3 * len(PAIRS), len(PAIRS))
    ids, answers = matrix(Lake(str(lake)), info, "answer")
    by_id = {pair_id(q, a): a.replace("\n", " ") for _, q, a in PAIRS}
    expected = load_encoder(info, given.embed).encode([f"passage: {by_id[id_]}" for id_ in ids])
    np.testing.assert_allclose(answers, expected, atol=2e-3)  # a step of float16
    assert all(row["low"] == (row["score"] < 0.8) for row in rows(lake, "similarity"))
    assert {row["model"] for row in rows(lake, "embeddings", field="qa")} == {PACKAGED}
    assert embed(given).outcome is None
    ids, pairs = matrix(Lake(str(lake)), PACKAGED, "qa")
    np.testing.assert_array_equal(pairs, matrix(Lake(str(embedded[0])), PACKAGED, "qa", ids.tolist())[1])


def test_a_second_run_writes_nothing_and_starts_neither_spark_nor_torch(embedded: tuple[Path, dict[str, int]]) -> None:
    lake, _ = embedded
    before = versions(lake)
    assert embed(settings(lake)).outcome is None
    assert versions(lake) == before
    code = f"""
import sys
from faquarry.config.settings import Settings
from faquarry.lake import Lake
from faquarry.vectors.stage import EmbedStage
settings = Settings(lake={str(lake)!r})
work = EmbedStage.of(settings).pending(Lake(settings.lake))
from pyspark.sql import SparkSession
print(work, "torch" in sys.modules, SparkSession.getActiveSession())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", "False", "None"]


def test_a_moved_table_that_holds_the_same_is_not_worked_on(
    spark: SparkSession, embedded: tuple[Path, dict[str, int]]
) -> None:
    lake, _ = embedded
    add(spark, lake, PAIRS)  # the same rows once more: another version of qa
    before = versions(lake)
    assert embed(settings(lake)).outcome is None
    assert versions(lake) == before


def test_only_what_is_new_is_encoded(
    spark: SparkSession, embedded: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    add(spark, lake, PAIRS)
    first = counts(embed(settings(lake)))
    assert first["texts"] == 3 * len(PAIRS) - 1  # one answer stands twice
    add(spark, lake, MORE)
    second = counts(embed(settings(lake)))
    assert (second["texts"], second["embeddings"], second["similarity"]) == (5, 6, 2)  # CARD is known
    same(lake, embedded[0])
    # One pair leaves, and another is split elsewhere under the same id.
    spark.sql(f"DELETE FROM delta.`{lake}/qa` WHERE language = 'fra'")
    _, question, answer = PAIRS[0]
    words = f"{question} {answer}".split(" ")
    moved = {"id": pair_id(question, answer), "question": " ".join(words[:3]), "answer": " ".join(words[3:])}
    add(spark, lake, [PAIRS[0]], **moved)
    third = counts(embed(settings(lake)))
    expected = {"texts": 2, "embeddings": 2, "similarity": 1, "removed": 4}
    assert {name: third[name] for name in expected} == expected
    assert {row["id"] for row in rows(lake, "embeddings")} == {row["id"] for row in rows(lake, "qa")}
    given = settings(lake).embed
    both = load_encoder(find_model(PACKAGED, given), given).encode([moved["question"], moved["answer"]])
    found = vectors(lake)
    np.testing.assert_allclose(found[moved["id"], "question"][1], both[0], atol=1e-3)
    (score,) = (row["score"] for row in rows(lake, "similarity", id=moved["id"]))
    assert score == pytest.approx(float(both[0] @ both[1]), abs=2e-3)
    assert embed(settings(lake)).outcome is None


def test_killed_between_commits_it_goes_on_where_it_was(
    spark: SparkSession,
    embedded: tuple[Path, dict[str, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = tmp_path / "lake"
    add(spark, lake, PAIRS + MORE)
    small = settings(lake, commit_chars=1000, task_chars=1000)

    class Killed(Exception):
        pass

    commit, compare = embed_stage._Embedding._commit, embed_stage._Embedding.compare
    commits: list[int] = []

    def cut_short(self: Any, *arguments: Any) -> None:
        if commits:
            raise Killed
        commit(self, *arguments)
        commits.append(self.counts["texts"])

    def killed(self: Any, *_: Any) -> None:
        raise Killed

    monkeypatch.setattr(embed_stage._Embedding, "_commit", cut_short)
    with pytest.raises(Killed):
        embed(small)
    assert 0 < len(rows(lake, "embeddings")) < 3 * len(PAIRS + MORE)
    monkeypatch.setattr(embed_stage._Embedding, "_commit", commit)
    monkeypatch.setattr(embed_stage._Embedding, "compare", killed)
    with pytest.raises(Killed):
        embed(small)
    assert rows(lake, "similarity") == []
    monkeypatch.setattr(embed_stage._Embedding, "compare", compare)
    last = counts(embed(small))
    assert (last["texts"], last["similarity"]) == (0, len(PAIRS + MORE))
    assert repeated_keys(lake) == []
    same(lake, embedded[0])


def test_vectors_are_read_as_the_documentation_says(embedded: tuple[Path, dict[str, int]]) -> None:
    """The snippets of docs/vectors.md, run as they stand there."""
    lake, _ = embedded
    text = (Path(__file__).parents[2] / "docs" / "vectors.md").read_text(encoding="utf-8")
    snippets = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    wanted = [part for part in snippets if '"lake' in part]
    assert len(wanted) >= 4
    expected = np.sort(matrix(Lake(str(lake)), PACKAGED, "qa")[1], axis=0)
    for snippet in wanted:
        scope: dict[str, Any] = {}
        exec(snippet.replace('"lake', f'"{lake}'), scope)
        np.testing.assert_array_equal(np.sort(np.asarray(scope["vectors"], np.float32), axis=0), expected)


def test_the_picture_has_a_row_a_language(embedded: tuple[Path, dict[str, int]]) -> None:
    model, edges, found = spreads(Lake(str(embedded[0])))
    assert model.startswith(PACKAGED)
    assert [(row.language, row.pairs) for row in found] == [("eng", 5), ("deu", 1), ("fra", 1), ("jpn", 1)]
    assert all(int(row.counts.sum()) == row.pairs and edges[0] <= row.median <= 1 for row in found)
    assert draw(Lake(str(embedded[0]))) is not None
    assert draw(Lake("/no/such/lake")) is None


def test_a_lake_without_pairs_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="has no table qa"):
        embed(settings(tmp_path / "lake"))
