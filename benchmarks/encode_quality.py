"""How well the packaged encoder finds translations, by language: translated FAQs within sites, Tatoeba sentences.

    python -m benchmarks.encode_quality [--data FOLDER] [--picture docs/small-encoder.png]

FOLDER ($FAQUARRY_DATA if not given) holds web/faq-aligned.gold.jsonl.gz and language/tatoeba-v1.tsv.xz. Neither is trained on.

* FAQs: a text is question and answer. In every pair of languages of a site, mutual nearest neighbours by cosine; right if they
  have the same key. A key counts once in a language pair. Precision, recall and F1 over all language pairs, at the threshold
  with the best F1 and at the model's own.
* Tatoeba: for each sentence the nearest English one of that language's set; the share that is right.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

__all__ = ["FLOORS", "Neighbours", "faq_neighbours", "run", "tatoeba_accuracy"]

FLOORS = {"faq.best.f1": 0.80, "tatoeba.mean": 0.35}
"""What the packaged encoder was asked to reach."""

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Neighbours:
    """Mutual neighbours of two languages of a site: cosines, whether right, and the number of keys in both."""

    site: str
    languages: tuple[str, str]
    cosines: npt.NDArray[np.float32]
    right: npt.NDArray[np.bool_]
    gold: int


def faq_neighbours(path: Path, encode: Encode) -> list[Neighbours]:
    """Mutual neighbours of every language pair of every site of a gold file (rows aligned by key)."""
    sites: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["aligned_by"] == "key":
                text = f"{row['question']} {row['answer']}"
                sites[urlsplit(row["url"]).netloc][row["language"]].append((row["key"], text))
    found = []
    for site, languages in sites.items():
        vectors = {language: encode([text for _, text in rows]) for language, rows in languages.items()}
        for one, other in combinations(sorted(languages), 2):
            keys, others = ([key for key, _ in languages[language]] for language in (one, other))
            scores = vectors[one] @ vectors[other].T
            best, back = scores.argmax(1), scores.argmax(0)
            hits = [(float(scores[i, j]), keys[i], others[j]) for i, j in enumerate(best) if back[j] == i]
            found.append(Neighbours(site, (one, other), *_once(hits), len(set(keys) & set(others))))
    return found


def _once(hits: list[tuple[float, str, str]]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Leaves out further right neighbours of a key: a language may have two regional translations of it."""
    cosines, right, seen = [], [], set()
    for cosine, key, other in sorted(hits, reverse=True):
        if key == other and key in seen:
            continue
        seen |= {key} if key == other else set()
        cosines.append(cosine)
        right.append(key == other)
    return np.array(cosines, np.float32), np.array(right, bool)


def scores(found: Sequence[Neighbours], threshold: float | None = None) -> dict[str, float]:
    """Precision, recall and F1 at `threshold`, or where F1 is best."""
    cosines = np.concatenate([part.cosines for part in found])
    right = np.concatenate([part.right for part in found])
    gold = sum(part.gold for part in found)
    order = np.argsort(-cosines, kind="stable")
    hits, taken = np.cumsum(right[order]), np.arange(1, len(order) + 1)
    f1 = 2 * hits / (taken + gold)
    place = int(f1.argmax()) if threshold is None else int(np.searchsorted(-cosines[order], -threshold, "right")) - 1
    if place < 0 or gold == 0:
        return {"threshold": threshold or 0.0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    return {
        "threshold": float(cosines[order[place]]) if threshold is None else threshold,
        "precision": float(hits[place] / taken[place]),
        "recall": float(hits[place] / gold),
        "f1": float(f1[place]),
    }


def tatoeba_accuracy(path: Path, encode: Encode) -> dict[str, float]:
    """Share of sentences whose nearest English sentence (of the same set) is their translation, by language."""
    sets: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            language, text, english = line.rstrip("\n").split("\t")
            sets[language].append((text, english))
    accuracy = {}
    for language, rows in sets.items():
        english = [row[1] for row in rows]
        nearest = (encode([row[0] for row in rows]) @ encode(english).T).argmax(1)
        accuracy[language] = float(
            np.mean([english[at] == wanted for at, wanted in zip(nearest, english, strict=True)])
        )
    return accuracy


def run(data: Path | None = None, picture: Path | None = None) -> dict[str, object]:
    """{"faq": {"best", "publish", "keep", "by_site", "by_language"}, "tatoeba": {"mean", "by_language"}, "missed"}."""
    from faquarry.vectors import small

    data = data or Path(os.environ["FAQUARRY_DATA"])
    encoder = small.load()
    found = faq_neighbours(data / "web" / "faq-aligned.gold.jsonl.gz", encoder.encode)
    best = scores(found)
    sites = sorted({part.site for part in found})
    languages = sorted({language for part in found for language in part.languages})
    by_language = {
        language: scores([part for part in found if language in part.languages], best["threshold"])["f1"]
        for language in languages
        if sum(part.gold for part in found if language in part.languages) >= 100
    }
    accuracy = tatoeba_accuracy(data / "language" / "tatoeba-v1.tsv.xz", encoder.encode)
    mean = float(np.mean(list(accuracy.values())))
    if picture is not None:
        draw(by_language, accuracy, picture)
    reached = {"faq.best.f1": best["f1"], "tatoeba.mean": mean}
    return {
        "faq": {
            "best": best,
            "keep": scores(found, encoder.info.thresholds.keep),
            "publish": scores(found, encoder.info.thresholds.publish),
            "by_site": {s: scores([part for part in found if part.site == s], best["threshold"])["f1"] for s in sites},
            "by_language": by_language,
        },
        "tatoeba": {"mean": mean, "by_language": accuracy},
        "missed": [
            f"{name} is {reached[name]:.3f}, at least {floor}"
            for name, floor in FLOORS.items()
            if reached[name] < floor
        ],
    }


def draw(faq: dict[str, float], tatoeba: dict[str, float], path: Path) -> None:
    """Two rows of bars, languages in the order of their score."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, rows = plt.subplots(2, 1, figsize=(16, 7), layout="constrained")
    for row, found, title in (
        (rows[0], faq, "translated FAQs, mutual neighbours within sites: F1"),
        (rows[1], tatoeba, "Tatoeba, nearest English sentence: accuracy"),
    ):
        names = sorted(found, key=lambda name: -found[name])
        row.bar(names, [found[name] for name in names], color="#4477aa")
        row.axhline(float(np.mean(list(found.values()))), color="#cc3311", linewidth=1)
        row.set(title=title, ylim=(0, 1))
        row.tick_params(axis="x", rotation=90, labelsize=7)
        row.margins(x=0.005)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    result = run(arguments.data, arguments.picture)
    print(json.dumps(result, indent=1))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
