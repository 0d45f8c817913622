"""How the packaged heads do on real pairs that a person has labelled, and on a language they were not trained on.

    faquarry extract DATA/web/dev.warc.gz DATA/web/faq-aligned.warc.gz DATA/web/wdc-faqpage-sample.nq.gz --lake LAKE
    python -m benchmarks.label_quality --lake LAKE          # the pairs of docs/labels-real.tsv
    python -m benchmarks.label_quality --unseen             # each language tested by heads that never saw it
    python -m benchmarks.label_quality --picture docs/labels.png    # what is taken for what, in cross-validation

Only ids and labels of the real pairs are kept; their texts are read from a lake that was made of the same files.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from faquarry.config.settings import EmbedSettings, LabelSettings
from faquarry.labels.find import find_heads
from faquarry.labels.head import Head
from faquarry.labels.labelled import EXAMPLES, read_labelled
from faquarry.labels.making import encoding
from faquarry.labels.measure import calibration_error, macro_f1, scores_by_class
from faquarry.labels.taxonomy import TAXONOMIES
from faquarry.labels.training import train
from faquarry.lake import Lake
from faquarry.vectors.find import PACKAGED, find_model
from faquarry.vectors.load import load_encoder

LABELLED = Path(__file__).parents[1] / "docs" / "labels-real.tsv"
SPOKEN = ("eng", "deu", "fra", "spa", "rus", "jpn", "zho", "ara", "hin")


def real(lake: Lake) -> dict[str, object]:
    """Scores of the packaged heads on the labelled pairs, all of them and by whether the language was trained on."""
    with LABELLED.open(encoding="utf-8") as lines:
        truth = list(csv.DictReader(lines, delimiter="\t"))
    found = lake.dataset("qa")
    assert found is not None, "the lake has no pairs"
    wanted = pc.field("id").isin([row["id"] for row in truth])
    texts = {r["id"]: r for r in found.to_table(columns=["id", "question", "answer"], filter=wanted).to_pylist()}
    truth = [row for row in truth if row["id"] in texts]
    questions = [texts[row["id"]]["question"] for row in truth]
    answers = [texts[row["id"]]["answer"] for row in truth]
    spoken = np.array([row["language"] in SPOKEN for row in truth])
    encode = encoding(load_encoder(find_model(PACKAGED, EmbedSettings()), EmbedSettings()))
    told: dict[str, object] = {"pairs": len(truth), "in languages trained on": int(spoken.sum())}
    for head in find_heads(LabelSettings()):
        assert isinstance(head, Head)
        vectors = {"question": encode(questions, "question"), "answer": encode(answers, "answer")}
        chances = head.probabilities(vectors, (questions, answers))
        targets = np.array([head.labels.index(row[head.taxonomy]) for row in truth])
        said = chances.argmax(axis=1)
        told[head.taxonomy] = {
            "accuracy": interval(said == targets),
            "accuracy, languages trained on": interval((said == targets)[spoken]),
            "accuracy, other languages": interval((said == targets)[~spoken]),
            "second guess right too": interval((np.argsort(-chances, axis=1)[:, :2] == targets[:, None]).any(axis=1)),
            "macro_f1 of the classes there": round(macro_f1(targets, said, len(head.labels)), 3),
            "mean confidence": round(float(chances.max(axis=1).mean()), 3),
            "calibration error": round(calibration_error(chances, targets), 3),
            "accuracy from confidence 0.7": interval((said == targets)[chances.max(axis=1) >= 0.7]),
            "by class": [s.rounded() for s in scores_by_class(targets, said, head.labels) if s.support],
            "wrong": [
                f"{row['id']} {row['language']}: {row[head.taxonomy]} taken for {head.labels[one]}"
                for row, one, target in zip(truth, said, targets, strict=True)
                if one != target
            ],
        }
    return told


def interval(right: Sequence[bool] | np.ndarray) -> str:
    """Share and its 95 % interval (Wilson)."""
    n, share, z = len(right), float(np.mean(right)) if len(right) else 0.0, 1.96
    if not n:
        return "none"
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{share:.2f} ({middle - half:.2f}-{middle + half:.2f}, n={n})"


def unseen(languages: Sequence[str]) -> dict[str, dict[str, float]]:
    """Macro-F1 of each language by heads trained on the eight others, words and terms of its own left out.

    A topic head takes a minute or two to train.
    """
    info = find_model(PACKAGED, EmbedSettings())
    encode = encoding(load_encoder(info, EmbedSettings()))
    told: dict[str, dict[str, float]] = {}
    for name, taxonomy in reversed(TAXONOMIES.items()):
        pairs = read_labelled(EXAMPLES, taxonomy)
        told[name] = {}
        for language in languages:
            mine = [pair for pair in pairs if pair.language == language and not pair.term]
            others = [pair for pair in pairs if pair.language != language]
            head, _ = train(others, taxonomy, info, encode, name="unseen", folds=2, penalties=(1e-3, 1e-5))
            questions, answers = [pair.question for pair in mine], [pair.answer for pair in mine]
            vectors = {"question": encode(questions, "question"), "answer": encode(answers, "answer")}
            said, _ = head.predict(vectors, (questions, answers))
            targets = np.array([head.labels.index(pair.label) for pair in mine])
            told[name][language] = round(
                macro_f1(targets, np.array([head.labels.index(one) for one in said]), len(head.labels)), 3
            )
            print(name, language, told[name][language], flush=True)
    return told


def picture(file: str) -> None:
    """Two confusion matrices, rows are the true classes, by the shares of each row."""
    from faquarry.report.pictures import figure

    heads = find_heads(LabelSettings())
    drawn = figure(15, 6.5)
    for axes, head in zip(drawn.subplots(1, len(heads)), heads, strict=True):
        counts = np.array(head.told["confusion"])
        names = [label.split(",")[0].replace(" and ", " & ") for label in head.labels]
        axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(counts), strict=True):
            light = counts[row, column] > counts[row].sum() / 2
            axes.text(column, row, counts[row, column], ha="center", va="center", color="white" if light else "black")
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set(xlabel="said", title=f"{head.taxonomy.replace('_', ' ')}: macro-F1 {head.told['macro_f1']:.2f}")
    drawn.savefig(file, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake")
    parser.add_argument("--unseen", nargs="*", metavar="LANGUAGE", help="these languages, or all")
    parser.add_argument("--picture", metavar="FILE")
    options = parser.parse_args()
    if options.lake:
        print(json.dumps(real(Lake(options.lake)), indent=1, ensure_ascii=False))
    if options.picture:
        picture(options.picture)
    if options.unseen is not None:
        print(json.dumps(unseen(options.unseen or SPOKEN), indent=1))


if __name__ == "__main__":
    main()
