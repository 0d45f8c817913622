"""Reading labelled pairs, training on them, and heads on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faquarry.cli import main
from faquarry.config.settings import EmbedSettings, LabelSettings
from faquarry.errors import NothingToRead, UsageError
from faquarry.labels.find import find_heads, misfits
from faquarry.labels.head import Head, read_head
from faquarry.labels.labelled import read_labelled
from faquarry.labels.making import make_heads
from faquarry.labels.taxonomy import QUESTION_TYPE, TOPIC, taxonomies
from faquarry.vectors import small

SUBJECTS = {
    "Traveling and Hospitality": ("hotel", "beach", "flight", "island"),
    "Healthcare Services, Wellness and Lifestyle": ("doctor", "fever", "clinic", "vaccine"),
    "Legal Services, Regulations and Government": ("court", "judge", "law", "contract"),
}


# Words that have nothing to do with one another, so that no pair is a near repeat of another.
WORDS = """apple river stone yellow seven engine carpet winter spoon garden copper lantern violin basket marble feather
 thunder pocket silver ladder bridge candle button forest mirror hammer pillow saddle anchor kettle ribbon tunnel
 pepper shadow crystal barrel meadow needle parrot velvet wagon whistle blanket cannon dragon echo falcon glacier
 harvest iron jacket kitten lemon magnet nectar orchid puzzle quartz rabbit sailor tailor umbrella valley walnut
 zebra acorn butter cactus desert elbow fossil gravel honey island jungle knight ladle mango noodle olive pencil
 quiver rocket sunset tiger urchin violet willow yarn almond bishop canvas dolphin ember fiddle ginger hollow ink
 jewel koala lizard mitten nugget onion panther radish scarf timber vessel wizard amber beetle cedar dagger eagle
 fern goblet harbour pebble acre brick clover drum engraving flute glove hinge igloo jug kite lamp mask heron ivory jasper kernel locket moth nickel otter plum quail raven spruce thistle vapor wren""".split()


def rows() -> list[dict[str, Any]]:
    """72 pairs in three topics and two question types."""
    found = []
    for label, words in SUBJECTS.items():
        for number in range(24):
            one, other = words[number % 4], words[(number // 4) % 4]
            near, far = WORDS[len(found)], WORDS[len(found) + 72]
            asked = (f"Why {one} {near}?", "reason") if number % 2 else (f"How do {one} {near}?", "instruction")
            row = {"question": asked[0], "answer": f"{far} {other} {near}", "language": "eng"}
            found.append({**row, "topic": label, "question_type": asked[1]})
    return found


def jsonl(path: Path, content: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Head]]:
    folder = tmp_path_factory.mktemp("heads")
    file = jsonl(
        folder / "pairs.jsonl", [*rows(), {"topic": "Traveling and Hospitality", "terms": ["ferry", "hostel"]}]
    )
    heads = make_heads(str(file), str(folder / "mine"), LabelSettings(), EmbedSettings(), lambda sentence: None)
    return folder, heads


def test_a_head_learns_and_says_how_well(made: tuple[Path, list[Head]]) -> None:
    topic, kind = made[1]
    assert (topic.name, kind.name) == ("mine-topic", "mine-question-type")
    assert topic.labels == tuple(label for label in TOPIC.labels if label in SUBJECTS)
    assert topic.told["macro_f1"] > 0.9
    assert kind.told["macro_f1"] > 0.9
    assert (topic.told["pairs"], topic.told["terms"], kind.told["terms"]) == (72, 2, 0)
    assert sum(map(sum, topic.told["confusion"])) == 72
    encoder = small.load()
    question, answer = "Is the hostel far?", "The ferry stops there."
    labels, scores = topic.predict(
        {"question": encoder.encode([question]), "answer": encoder.encode([answer])}, ([question], [answer])
    )
    assert labels == ["Traveling and Hospitality"]
    assert 1 / 3 < scores[0] <= 1


def test_probabilities_do_not_depend_on_company(made: tuple[Path, list[Head]]) -> None:
    topic = made[1][0]
    encoder = small.load()
    questions, answers = [row["question"] for row in rows()], [row["answer"] for row in rows()]
    q, a = encoder.encode(questions), encoder.encode(answers)
    together = topic.probabilities({"question": q, "answer": a}, (questions, answers))
    np.testing.assert_allclose(together.sum(axis=1), 1)
    for row in (0, 30, 71):
        alone = topic.probabilities({"question": q[[row]], "answer": a[[row]]}, ([questions[row]], [answers[row]]))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-12)


def test_a_head_is_read_as_it_was_written(made: tuple[Path, list[Head]]) -> None:
    folder, (topic, _) = made
    again = read_head(folder / "mine" / "topic")
    assert (again.revision, again.mix, again.told) == (topic.revision, topic.mix, topic.told)
    assert again.vocabulary is not None
    assert topic.vocabulary is not None
    assert again.vocabulary.words == topic.vocabulary.words


def test_training_twice_gives_the_same_head(made: tuple[Path, list[Head]], tmp_path: Path) -> None:
    folder, heads = made
    settings = LabelSettings(taxonomies=("question_type",))
    again = make_heads(str(folder / "pairs.jsonl"), str(tmp_path / "again"), settings, EmbedSettings(), lambda _: None)
    assert again[0].revision == heads[1].revision


def test_without_words(made: tuple[Path, list[Head]], tmp_path: Path) -> None:
    settings = LabelSettings(taxonomies=("topic",), words=False)
    (head,) = make_heads(
        str(made[0] / "pairs.jsonl"), str(tmp_path / "bare"), settings, EmbedSettings(), lambda _: None
    )
    assert head.vocabulary is None
    assert len(head.mix) == 1
    assert head.told["macro_f1"] > 0.9
    assert sorted(path.name for path in (tmp_path / "bare" / "topic").iterdir()) == ["head.json", "head.safetensors"]


def test_own_heads_are_found_and_the_packaged_ones_fill_up(made: tuple[Path, list[Head]]) -> None:
    folder, (topic, kind) = made
    both = find_heads(LabelSettings(head=str(folder / "mine")))
    assert [head.revision for head in both] == [topic.revision, kind.revision]
    one, packaged = find_heads(LabelSettings(head=str(folder / "mine" / "topic")))
    assert (one.name, packaged.name) == ("mine-topic", "faquarry-question-type")
    with pytest.raises(UsageError, match="for the taxonomy topic; asked for: question_type"):
        find_heads(LabelSettings(head=str(folder / "mine" / "topic"), taxonomies=("question_type",)))


def test_a_head_of_another_encoder_is_refused_in_a_sentence(made: tuple[Path, list[Head]]) -> None:
    from dataclasses import replace

    other = replace(small.info(), revision="0123456789abcdef")
    why = misfits(made[1], other)
    assert why is not None
    assert "mine-topic" in why
    assert "0123456789abcdef" in why
    assert "--train" in why


@pytest.mark.parametrize("damage", ["absent", "json", "format", "weights", "words"])
def test_damaged_heads_are_sentences(made: tuple[Path, list[Head]], tmp_path: Path, damage: str) -> None:
    import shutil

    folder = tmp_path / "topic"
    shutil.copytree(made[0] / "mine" / "topic", folder)
    if damage == "absent":
        (folder / "head.json").unlink()
    elif damage == "json":
        (folder / "head.json").write_text("{")
    elif damage == "format":
        (folder / "head.json").write_text('{"format": 99}')
    elif damage == "weights":
        (folder / "head.safetensors").write_bytes(b"nothing")
    else:
        (folder / "words.txt.xz").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="head"):
        read_head(folder)


def test_parquet_folders_and_delta_tables_are_read_alike(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    content = rows()
    pairs = read_labelled(jsonl(tmp_path / "pairs.jsonl", content), TOPIC)
    table = pa.Table.from_pylist(content)
    pq.write_table(table, tmp_path / "pairs.parquet")
    write_deltalake(str(tmp_path / "delta"), table)
    assert read_labelled(tmp_path / "pairs.parquet", TOPIC) == pairs
    assert sorted(read_labelled(tmp_path / "delta", TOPIC), key=str) == sorted(pairs, key=str)
    (tmp_path / "folder").mkdir()
    (tmp_path / "pairs.jsonl").rename(tmp_path / "folder" / "a.jsonl")
    assert read_labelled(tmp_path / "folder", TOPIC) == pairs


def test_labels_of_other_spellings_are_understood(tmp_path: Path) -> None:
    content = [
        {"question": f"q{n}", "answer": "a", "label": label}
        for n, label in enumerate(["FACTOID", "Evidence based", "Factoid", "evidence_based"])
    ]
    labels = [pair.label for pair in read_labelled(jsonl(tmp_path / "a.jsonl", content), QUESTION_TYPE)]
    assert labels == ["factoid", "evidence-based", "factoid", "evidence-based"]


def test_pairs_that_all_say_the_same_are_not_enough(tmp_path: Path) -> None:
    same = [{"question": "How do I pay?", "answer": "By card.", "label": label} for label in ("reason", "factoid") * 10]
    file = jsonl(tmp_path / "a.jsonl", same)
    settings = LabelSettings(taxonomies=("question_type",))
    with pytest.raises(UsageError, match="say only 1 different things"):
        make_heads(str(file), str(tmp_path / "out"), settings, EmbedSettings(), lambda sentence: None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([{"question": "q", "answer": "a", "label": "Sport"}], "none of topic"),
        ([{"question": "q", "label": "Traveling and Hospitality"}], "no answer"),
        ([{"question": "q", "answer": "a", "label": "Traveling and Hospitality"}] * 3, "all pairs have the label"),
        (
            [*rows(), {"question": "q", "answer": "a", "topic": "Banking, Financial Services and Insurance"}],
            "one pair only",
        ),
    ],
)
def test_files_that_cannot_be_trained_on(tmp_path: Path, content: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_labelled(jsonl(tmp_path / "a.jsonl", content), TOPIC)


def test_files_with_nothing_in_them(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead):
        read_labelled(tmp_path / "absent.jsonl", TOPIC)
    with pytest.raises(NothingToRead):
        read_labelled(jsonl(tmp_path / "a.jsonl", [{"question": "q", "answer": "a"}]), TOPIC)
    (tmp_path / "bad.jsonl").write_text('{"question": ')
    with pytest.raises(UsageError, match=r"Line 1 of .* is no JSON"):
        read_labelled(tmp_path / "bad.jsonl", TOPIC)


def test_the_verb_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = jsonl(tmp_path / "pairs.jsonl", rows())
    output = tmp_path / "own"
    command = ["label", "--train", str(file), "--taxonomy", "question_type", "--output", str(output)]
    assert main([*command, "--dry-run"]) == 0
    assert not output.exists()
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(output)
    assert read_head(output / "question_type").taxonomy == "question_type"


def test_taxonomies_by_name() -> None:
    assert taxonomies(["question_type", "topic"]) == (TOPIC, QUESTION_TYPE)
    with pytest.raises(UsageError, match="no taxonomy colour"):
        taxonomies(["colour"])
