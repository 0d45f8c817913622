"""Perturbations: queries a second of one core, ours beside nlpaug's and TextAttack's equivalents, in one run.

    python -m benchmarks perturb

The questions are those of XQuAD in $FAQUARRY_DATA, else of the packaged sample web, each once. The peers stand in .peers
(``make peers``) and run in their own interpreters on the same English questions; a peer that is not there is named under
`without`. Strength is 10 %: of the letters with ours, of the words (one letter each) with theirs, which is less work.
TextAttack wants NLTK's stop words, which are not on the package index; it is given a list of five.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from faquarry.robustness.perturb import OPERATIONS, language_code, operations_of, perturb_many

__all__ = ["FLOORS", "run"]

PEERS = Path(__file__).parents[1] / ".peers"
FLOORS = {"slowest": 30_000.0, "times_nlpaug": 20.0, "times_textattack": 20.0}
LANGUAGES = ("en", "de", "ru", "ar", "vi", "hi", "th", "zh")
ROUNDS = 7
STRENGTH = "10%"
PEER_QUERIES = 300

_COMMON = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
texts = json.load(sys.stdin)
def timed(work):
    work(texts[:5])
    start = time.process_time()
    work(texts)
    return len(texts) / (time.process_time() - start)
"""
_NLPAUG = """
from nlpaug.augmenter.char import KeyboardAug, RandomCharAug
few = dict(aug_char_max=1, aug_word_p=0.1)
makers = {name: RandomCharAug(action=name, **few) for name in ("delete", "insert", "substitute", "swap")}
makers["keyboard"] = KeyboardAug(**few)
print(json.dumps({name: timed(lambda some: [one.augment(text) for text in some]) for name, one in makers.items()}))
"""
_TEXTATTACK = """
from textattack import transformations as t
from textattack.augmentation import Augmenter
kinds = {"delete": t.WordSwapRandomCharacterDeletion, "insert": t.WordSwapRandomCharacterInsertion,
    "substitute": t.WordSwapRandomCharacterSubstitution, "swap": t.WordSwapNeighboringCharacterSwap,
    "keyboard": t.WordSwapQWERTY}
makers = {name: Augmenter(transformation=kind(), pct_words_to_swap=0.1) for name, kind in kinds.items()}
print(json.dumps({name: timed(lambda some: [one.augment(text) for text in some]) for name, one in makers.items()}))
"""


def run() -> dict[str, Any]:
    """`per_s` by language and operation (CPU, best of some rounds), `slowest` of the operations on letters, and `times_PEER`."""
    per_s: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        texts = _questions(language)
        if texts:
            names = operations_of(language_code(language))
            per_s[language] = {name: len(texts) / _seconds(texts, language, name) for name in names}
    letters = [(s, f"{name} {code}") for code, found in per_s.items() for name, s in found.items() if _is_letters(name)]
    result: dict[str, Any] = {"queries": len(_questions("en")), "per_s": per_s}
    result |= dict(zip(("slowest", "slowest_is"), min(letters), strict=True))
    result["without"] = []
    for peer, program in (("nlpaug", _NLPAUG), ("textattack", _TEXTATTACK)):
        theirs = _peer(peer, program, _questions("en")[:PEER_QUERIES])
        if theirs is None:
            result["without"].append(peer)
            continue
        result[peer] = theirs
        result[f"times_{peer}"] = min(per_s["en"][name] / speed for name, speed in theirs.items())
    result["missed"] = [name for name, floor in FLOORS.items() if result.get(name, floor) < floor]
    return result


def _is_letters(name: str) -> bool:
    return OPERATIONS[name].unit == "graphemes"


def _questions(language: str) -> list[str]:
    folder = os.environ.get("FAQUARRY_DATA")
    if folder:
        path = Path(folder) / "xquad" / "xquad" / f"xquad.{language}.json.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            articles = json.load(file)["data"]
        texts = [qa["question"] for article in articles for part in article["paragraphs"] for qa in part["qas"]]
    else:
        rows = json.loads((files("faquarry.sample") / "expected.json").read_text(encoding="utf-8"))["pairs"]
        texts = [row["question"] for row in rows if row["language"] == language_code(language)]
    return list(dict.fromkeys(texts))


def _seconds(texts: list[str], language: str, name: str) -> float:
    times = []
    for seed in range(ROUNDS + 1):
        start = time.process_time()
        perturb_many(texts, language, name, STRENGTH, seed)
        times.append(time.process_time() - start)
    return max(min(times[1:]), 1e-6)


def _peer(name: str, program: str, texts: list[str]) -> dict[str, float] | None:
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        return None
    stopwords = PEERS / name / "nltk_data" / "corpora" / "stopwords" / "english"
    stopwords.parent.mkdir(parents=True, exist_ok=True)
    stopwords.write_text("the\na\nof\nis\nto\n", encoding="utf-8")
    environment = {**os.environ, "NLTK_DATA": str(PEERS / name / "nltk_data"), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [python, "-c", _COMMON + program], input=json.dumps(texts), capture_output=True, text=True, env=environment
    )
    if done.returncode:
        print(f"{name} does not run here: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
        return None
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
