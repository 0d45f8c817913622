"""The stage `label` on Spark: every pair once by every head, only what is new, whatever was killed or cut into tasks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.lakes import repeated_keys, rows, versions
from tests.tiny import tiny_transformer

from faquarry.config.settings import LogSettings, Settings
from faquarry.errors import NothingToRead, UsageError
from faquarry.labels import stage as label_stage
from faquarry.labels.find import find_heads
from faquarry.labels.stage import LabelStage
from faquarry.labels.taxonomy import QUESTION_TYPE, TOPIC
from faquarry.labels.transformer import MODEL, TransformerHead, write_transformer
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.markup.model import pair_id
from faquarry.pipeline import stages
from faquarry.report.labels import draw, shares
from faquarry.runner import Finished, run_stage
from faquarry.vectors import small
from faquarry.vectors.halves import HALF

pytestmark = pytest.mark.spark

PAIRS = [
    ("eng", "How do I return a parcel?", "Print the label from your account and hand it in at any post office."),
    ("eng", "Is breakfast included in the room rate of the hotel?", "Yes, for all guests."),
    ("deu", "Warum tut mein Zahn weh?", "Der Zahnarzt prüft, ob der Nerv entzündet ist."),
    ("spa", "Términos y condiciones", "El contrato se rige por la ley española."),
    ("jpn", "配送料はいくらですか？", "全国一律五百円です。"),
]
MORE = [("fra", "Comment ouvrir un compte bancaire ?", "Prenez rendez-vous à la banque avec votre passeport.")]


def add(spark: SparkSession, lake: Path, pairs: Sequence[tuple[str, str, str]], run: str = "1") -> None:
    """Puts pairs into `qa`, and their vectors as `embed` would into `embeddings`."""
    writer, info, encoder = LakeWriter(Lake(str(lake)), spark), small.info(), small.load()
    found, vectors = [], []
    for language, question, answer in pairs:
        id_ = pair_id(question, answer)
        texts = {"question": question, "answer": answer}
        found.append({"id": id_, "language": language, "site": "a.example", "run_id": run, **texts})
        for field, text in texts.items():
            (vector,) = encoder.encode([text])
            of = {"id": id_, "field": field, "model": info.name, "revision": info.revision, "dim": info.dim}
            text_hash = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            vectors.append({**of, "run_id": run, "text_hash": text_hash, "vector": vector.astype(HALF).tobytes()})
    writer.merge("qa", writer.from_rows("qa", found), update_if="true")
    writer.merge("embeddings", writer.from_rows("embeddings", vectors), update_if="true")


def settings(lake: Path, **label: Any) -> Settings:
    return Settings(lake=str(lake), log=LogSettings(progress="none"), label=label)


def label(given: Settings) -> Finished:
    return run_stage(LabelStage.of(given), given)


def counts(done: Finished) -> dict[str, int]:
    assert done.outcome is not None
    return dict(done.outcome.counts)


def labels(lake: Path) -> list[tuple[Any, ...]]:
    """All labels, without what belongs to the run."""
    found = rows(lake, "labels")
    return sorted((r["id"], r["taxonomy"], r["label"], round(r["score"], 4), r["model"], r["revision"]) for r in found)


@pytest.fixture(scope="module")
def labelled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """PAIRS and MORE, labelled at once."""
    lake = tmp_path_factory.mktemp("labelled") / "lake"
    add(spark, lake, PAIRS + MORE)
    return lake, counts(label(settings(lake)))


def test_every_pair_has_a_topic_and_a_question_type(labelled: tuple[Path, dict[str, int]]) -> None:
    lake, done = labelled
    pairs = PAIRS + MORE
    assert done == {"topic": len(pairs), "question_type": len(pairs), "removed": 0}
    said = {(row["id"], row["taxonomy"]): row["label"] for row in rows(lake, "labels")}
    assert len(said) == 2 * len(pairs)
    assert repeated_keys(lake) == []
    by_question = {question: pair_id(question, answer) for _, question, answer in pairs}
    hotel, terms = by_question[PAIRS[1][1]], by_question[PAIRS[3][1]]
    assert (said[hotel, "topic"], said[hotel, "question_type"]) == ("Traveling and Hospitality", "factoid")
    assert said[terms, "question_type"] == "not-a-question"
    heads = {(head.taxonomy, head.name, head.revision) for head in find_heads(settings(lake).label)}
    assert {(row["taxonomy"], row["model"], row["revision"]) for row in rows(lake, "labels")} == heads
    assert all(1 / 8 < row["score"] <= 1 for row in rows(lake, "labels"))


def test_a_second_run_writes_nothing_and_starts_neither_spark_nor_torch(labelled: tuple[Path, dict[str, int]]) -> None:
    lake, _ = labelled
    before = versions(lake)
    assert label(settings(lake)).outcome is None
    assert versions(lake) == before
    code = f"""
import sys
from faquarry.config.settings import Settings
from faquarry.lake import Lake
from faquarry.labels.stage import LabelStage
settings = Settings(lake={str(lake)!r})
work = LabelStage.of(settings).pending(Lake(settings.lake))
from pyspark.sql import SparkSession
print(work, "torch" in sys.modules, SparkSession.getActiveSession())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", "False", "None"]


def test_only_what_is_new_is_labelled_and_what_has_left_goes(
    spark: SparkSession, labelled: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    gone = ("eng", "Who has left?", "This pair has, before the second run.")
    add(spark, lake, [*PAIRS, gone])
    assert counts(label(settings(lake, taxonomies=["topic"]))) == {"topic": len(PAIRS) + 1, "removed": 0}
    add(spark, lake, MORE, run="2")
    spark.sql(f"DELETE FROM delta.`{lake}/qa` WHERE id = '{pair_id(*gone[1:])}'")
    # A pair that is split elsewhere under its id has younger vectors than its label, and is looked at again.
    again = pair_id(*PAIRS[0][1:])
    add(spark, lake, [PAIRS[0]], run="99991231T000000-0")
    spark.sql(f"UPDATE delta.`{lake}/labels` SET label = 'old' WHERE id = '{again}'")
    assert counts(label(settings(lake))) == {"topic": 2, "question_type": len(PAIRS) + 1, "removed": 1}
    assert labels(lake) == labels(labelled[0])  # in two runs, and other tasks
    assert {row["id"] for row in rows(lake, "labels")} == {row["id"] for row in rows(lake, "qa")}


def test_killed_before_or_after_the_merge_it_ends_the_same(
    spark: SparkSession, labelled: tuple[Path, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    add(spark, lake, PAIRS + MORE)

    class Killed(Exception):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    merge = LakeWriter.merge
    monkeypatch.setattr(LakeWriter, "merge", killed)
    with pytest.raises(Killed):
        label(settings(lake))
    assert rows(lake, "labels") == []
    monkeypatch.setattr(LakeWriter, "merge", merge)
    monkeypatch.setattr(label_stage._Labelling, "written", killed)
    with pytest.raises(Killed):
        label(settings(lake))
    monkeypatch.undo()
    assert label(settings(lake)).outcome is None
    assert labels(lake) == labels(labelled[0])


def test_pairs_without_vectors_wait_for_them(spark: SparkSession, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with pytest.raises(NothingToRead, match="no table qa"):
        label(settings(lake))
    add(spark, lake, PAIRS[:2])
    spark.sql(f"DELETE FROM delta.`{lake}/embeddings` WHERE id = '{pair_id(*PAIRS[0][1:])}'")
    work = LabelStage.of(settings(lake)).pending(Lake(str(lake)))
    assert work is not None
    assert any("1 pairs have no vectors" in sentence for sentence in work.summary)
    spark.sql(f"DELETE FROM delta.`{lake}/embeddings`")
    with pytest.raises(NothingToRead, match="faquarry embed makes them"):
        label(settings(lake))


def test_heads_of_another_encoder_are_refused_and_left_out_of_a_whole_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_transformer(tmp_path / "other-encoder")
    given = Settings(lake=str(tmp_path / "lake"), embed={"retrieval_model": str(folder)})
    with pytest.raises(UsageError, match="belongs to the encoder faquarry-small"):
        LabelStage.of(given)
    names = [stage.name for stage in stages(["sample"], given)]
    assert "label" not in names
    assert "label: left out. The head faquarry-topic" in capsys.readouterr().err
    assert "label" in [stage.name for stage in stages(["sample"], Settings(lake=str(tmp_path / "lake")))]


def test_shares_by_language_are_drawn(labelled: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    lake = Lake(str(labelled[0]))
    languages, totals, matrix = shares(lake, "topic")
    assert (languages[0], totals[0]) == ("all", len(PAIRS + MORE))
    assert set(languages[1:]) == {language for language, _, _ in PAIRS + MORE}
    assert matrix.sum(axis=1).tolist() == pytest.approx([1] * len(languages))
    picture = draw(lake)
    assert picture is not None
    assert len(picture.axes) == 2
    assert draw(Lake(str(tmp_path))) is None


@pytest.mark.slow
def test_a_transformer_labels_by_the_texts_alone(spark: SparkSession, tmp_path: Path) -> None:
    """Weights that nobody trained: what counts is that rows come out as its probabilities say, without any vectors."""
    from faquarry.vectors.classifier import load_classifier

    model = classifier(tmp_path / "head" / "question_type" / MODEL)
    write_transformer(
        TransformerHead("mine", "question_type", QUESTION_TYPE.labels, str(model), 2.0),
        tmp_path / "head" / "question_type",
    )
    lake = tmp_path / "lake"
    add(spark, lake, PAIRS)
    given = settings(lake, taxonomies=["question_type"], head=str(tmp_path / "head"), device="cpu")
    spark.sql(f"DELETE FROM delta.`{lake}/embeddings`")
    assert counts(label(given)) == {"question_type": len(PAIRS), "removed": 0}
    expected = load_classifier(str(model), temperature=2.0)([(question, answer) for _, question, answer in PAIRS])
    said = {row["id"]: (row["label"], row["score"]) for row in rows(lake, "labels")}
    for (_, question, answer), chances in zip(PAIRS, expected, strict=True):
        name, score = said[pair_id(question, answer)]
        assert (name, score) == (QUESTION_TYPE.labels[chances.argmax()], pytest.approx(chances.max(), abs=1e-4))
    assert label(given).outcome is None


def classifier(folder: Path) -> Path:
    """A tiny BERT with a last layer of random weights."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    base = tiny_transformer(folder.parent / "base")
    names = dict(enumerate(QUESTION_TYPE.labels))
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(names), id2label=names)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def test_labels_are_those_of_the_taxonomies(labelled: tuple[Path, dict[str, int]]) -> None:
    allowed = {"topic": set(TOPIC.labels), "question_type": set(QUESTION_TYPE.labels)}
    assert all(row["label"] in allowed[row["taxonomy"]] for row in rows(labelled[0], "labels"))
