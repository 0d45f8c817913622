"""Language identification: pairs a second and accuracy, ours beside the classifiers alone, in one process and run.

    python -m benchmarks language

The pairs are those of the packaged sample web, or with $FAQUARRY_DATA the real translated FAQs in 63 languages. Ours gets
what it has in life: whole pages, with their address and the language they declare.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from faquarry.config.settings import LanguageSettings
from faquarry.language import Hints, identify_page
from faquarry.language.codes import to_iso639_3
from faquarry.language.detectors import detector_named

__all__ = ["FLOORS", "run"]

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "accuracy": (0.98, False),
    "macro": (0.93, False),
    "times_py3langid": (0.9, False),
}

ROUNDS = 3
SETTINGS = LanguageSettings()

Page = tuple[Hints, list[tuple[str, str]], list[str]]


def run() -> dict[str, Any]:
    """`pairs_per_s` (CPU), `accuracy`, `macro` over languages; the same of each classifier alone; `times_py3langid`."""
    pages = _pages()
    texts = [f"{question} {answer}" for _, pairs, _ in pages for question, answer in pairs]
    truth = [code for _, _, codes in pages for code in codes]
    result: dict[str, Any] = {"pairs": len(texts), "languages": len(set(truth))}
    seconds, found = _timed(
        lambda: [f.code for hints, pairs, _ in pages for f in identify_page(pairs, hints, SETTINGS)]
    )
    result |= {"pairs_per_s": len(texts) / seconds, **_scores(found, truth)}
    seconds, found = _timed(lambda: [f.code for _, pairs, _ in pages for f in identify_page(pairs, Hints(), SETTINGS)])
    result["text_only"] = {"pairs_per_s": len(texts) / seconds, **_scores(found, truth)}
    for name, classify in _alone().items():
        some = slice(None, None, 10 if name == "langdetect" else 1)
        seconds, found = _timed(lambda: [classify(text) for text in texts[some]], 1 if name == "langdetect" else ROUNDS)  # noqa: B023
        result[name] = {"pairs_per_s": len(texts[some]) / seconds, **_scores(found, truth[some])}
    result["times_py3langid"] = result["pairs_per_s"] / result["py3langid"]["pairs_per_s"]
    result["missed"] = [
        name for name, (bound, most) in FLOORS.items() if (result[name] > bound if most else result[name] < bound)
    ]
    return result


def _alone() -> dict[str, Callable[[str], str | None]]:
    import py3langid

    def best(name: str) -> Callable[[str], str]:
        detector = detector_named(name)
        return lambda text: detector.languages[int(detector.scores([text])[0].argmax())]

    return {
        "py3langid": lambda text: to_iso639_3(py3langid.classify(text)[0]),
        "fasttext": best("fasttext"),
        "langdetect": best("langdetect"),
    }


def _pages() -> list[Page]:
    folder = os.environ.get("FAQUARRY_DATA")
    rows: list[dict[str, Any]] = []
    if folder:
        with gzip.open(Path(folder) / "web" / "faq-aligned.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    else:
        rows = json.loads((files("faquarry.sample") / "expected.json").read_text(encoding="utf-8"))["pairs"]
    pages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        pages[row["url"]].append(row)
    return [
        (
            Hints(url=url, html_lang=found[0].get("locale")),
            [(row["question"], row["answer"]) for row in found],
            [row["language"] for row in found],
        )
        for url, found in pages.items()
    ]


def _timed(work: Callable[[], list[Any]], rounds: int = ROUNDS) -> tuple[float, list[Any]]:
    """Best CPU seconds of some rounds, and the result; the first round also loads models and does not count."""
    times, found = [], []
    for _ in range(rounds + 1):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times[1:]), found


def _scores(found: Sequence[str | None], truth: Sequence[str]) -> dict[str, float]:
    right: dict[str, list[bool]] = defaultdict(list)
    for code, wanted in zip(found, truth, strict=True):
        right[wanted].append(code == wanted)
    return {
        "accuracy": sum(sum(hits) for hits in right.values()) / len(truth),
        "macro": sum(sum(hits) / len(hits) for hits in right.values()) / len(right),
    }
