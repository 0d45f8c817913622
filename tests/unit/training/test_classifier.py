"""Fine-tuning a transformer of a few kilobytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tiny import tiny_transformer

from faquarry.cli import main
from faquarry.config.settings import LabelSettings
from faquarry.errors import UsageError
from faquarry.labels.find import find_heads
from faquarry.labels.transformer import TransformerHead

pytest.importorskip("torch")
pytest.importorskip("transformers")

ASKED = {"reason": "Versand", "instruction": "Delivery"}
WORDS = """apple river stone yellow seven engine carpet winter spoon garden copper lantern violin basket marble feather
 thunder pocket silver ladder bridge candle button forest mirror hammer pillow saddle anchor kettle ribbon tunnel
 pepper shadow crystal barrel meadow needle parrot velvet wagon whistle blanket cannon dragon echo falcon glacier
 harvest iron jacket kitten lemon magnet nectar orchid puzzle quartz rabbit sailor tailor umbrella valley walnut""".split()


def pairs(path: Path) -> Path:
    """60 pairs that have nothing in common but the word that tells the label."""
    lines = [
        {"question": f"{told} {WORDS[n]}", "answer": f"{WORDS[n + 1]} {WORDS[n + 2]}", "label": label}
        for k, (label, told) in enumerate(ASKED.items())
        for n in range(k, 60, 2)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_it_learns_writes_a_head_and_does_so_again(tmp_path: Path) -> None:
    from faquarry.vectors.classifier import load_classifier

    file, base = pairs(tmp_path / "pairs.jsonl"), tiny_transformer(tmp_path / "base")
    made = []
    for name in ("one", "two"):
        command = ["label", "--train", str(file), "--taxonomy", "question_type", "--transformer", str(base)]
        settings = ["label.epochs=12", "label.learning_rate=0.002", "label.device=cpu", "log.progress=none"]
        given = [part for one in settings for part in ("--set", one)]
        assert main([*command, "--output", str(tmp_path / name), *given]) == 0
        (head,) = find_heads(LabelSettings(taxonomies=("question_type",), head=str(tmp_path / name)))
        assert isinstance(head, TransformerHead)
        made.append(head)
    one, two = made
    assert one.revision == two.revision
    assert one.name == "one-question-type"
    assert one.labels == ("instruction", "reason")
    assert one.told["macro_f1"] == 1
    classify = load_classifier(one.folder, temperature=one.temperature)
    chances = classify([(ASKED["reason"], "of"), (ASKED["instruction"], "of"), (ASKED["reason"], "x " * 500)])
    assert chances.argmax(axis=1).tolist()[:2] == [1, 0]
    assert chances.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_a_base_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pairs(tmp_path / "pairs.jsonl")
    command = ["label", "--train", str(file), "--taxonomy", "question_type", "--output", str(tmp_path / "out")]
    assert main([*command, "--transformer", str(tmp_path / "absent")]) == 2
    assert "There is no transformer" in capsys.readouterr().err


def test_a_head_without_its_model_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "question_type"
    folder.mkdir()
    (folder / "head.json").write_text(json.dumps({"format": 1, "kind": "transformer", "taxonomy": "question_type"}))
    with pytest.raises(UsageError, match="has no model"):
        find_heads(LabelSettings(taxonomies=("question_type",), head=str(folder)))
