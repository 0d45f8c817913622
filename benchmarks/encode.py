"""The packaged small encoder beside torch: texts a second on one core, and how long it takes to load.

Both encode the same questions with the same tokeniser and table, each in a process of its own with one thread:

    faquarry        faquarry.vectors.small: tokenizers and numpy
    static          sentence-transformers' StaticEmbedding over torch, from the folder that `save_pretrained` writes
    tokeniser       tokenising alone: the floor

    python -m benchmarks.encode [--texts 40000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["FLOORS", "run"]

FLOORS = {"faquarry / tokeniser": 0.6, "faquarry / static": 0.95, "texts/s": 15_000}
"""What must be reached: ratios of texts a second, and texts a second in themselves (the figure that was asked for)."""

LOADS_IN_S = 1.0

_WORDS = {
    "eng": "how do i change my password and where can i find the files that were downloaded to this computer".split(),
    "deu": "wie kann ich mein konto löschen und wo finde ich die rechnung für meine letzte bestellung".split(),
    "rus": "как изменить пароль и где найти файлы которые были загружены на этот компьютер".split(),
    "hin": "मैं अपना पासवर्ड कैसे बदलूँ और डाउनलोड की गई फ़ाइलें कहाँ मिलेंगी".split(),
    "tur": "şifremi nasıl değiştirebilirim ve indirilen dosyaları nerede bulabilirim bilgisayarda".split(),
}


def questions(count: int) -> list[str]:
    """Made-up questions of 6 to 12 words in five languages, each different."""
    texts = []
    for number in range(count):
        words = list(_WORDS.values())[number % len(_WORDS)]
        length = 6 + number % 7
        picked = [words[(number * 7 + place * (1 + number // 11 % 5)) % len(words)] for place in range(length)]
        texts.append(f"{' '.join(picked).capitalize()} {number}?")
    return texts


def measure(way: str, count: int, folder: str) -> dict[str, float]:
    """Of one way in this process: seconds until it is loaded, texts a second of CPU (best of three)."""
    texts = questions(count)
    before = time.perf_counter()
    encode = _load(way, folder)
    encode(texts[:10])
    loaded_s = time.perf_counter() - before
    best = min(_cpu_s(encode, texts) for _ in range(3))
    return {"load_s": loaded_s, "texts_per_s": count / best}


def _load(way: str, folder: str) -> Callable[[Sequence[str]], object]:
    if way == "static":
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        model = SentenceTransformer(folder, device="cpu")
        return lambda texts: model.encode(list(texts), batch_size=256)
    from faquarry.vectors import small

    encoder = small.load()
    return encoder.encode if way == "faquarry" else encoder.tokenise


def _cpu_s(encode: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    before = time.process_time()
    encode(texts)
    return time.process_time() - before


def run(count: int = 40_000) -> dict[str, object]:
    """{"ways": {name: {"load_s", "texts_per_s"}}, "ratios": {…}, "missed": [sentences]}."""
    from faquarry.vectors import small

    with tempfile.TemporaryDirectory() as folder:
        small.save_pretrained(folder)
        ways = {way: _measure_apart(way, count, folder) for way in ("tokeniser", "faquarry", "static")}
    speed = {way: found["texts_per_s"] for way, found in ways.items()}
    ratios = {
        "faquarry / tokeniser": speed["faquarry"] / speed["tokeniser"],
        "faquarry / static": speed["faquarry"] / speed["static"],
        "texts/s": speed["faquarry"],
    }
    missed = [
        f"{name} is {ratios[name]:.2f}, at least {floor}" for name, floor in FLOORS.items() if ratios[name] < floor
    ]
    if ways["faquarry"]["load_s"] > LOADS_IN_S:
        missed.append(f"loading takes {ways['faquarry']['load_s']:.2f} s, at most {LOADS_IN_S}")
    return {"texts": count, "ways": ways, "ratios": ratios, "missed": missed}


def _measure_apart(way: str, count: int, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.encode", "--way", way, "--texts", str(count), "--folder", folder]
    one_core = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    root = Path(__file__).parent.parent
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=one_core)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=40_000)
    parser.add_argument("--way", choices=("faquarry", "static", "tokeniser"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.texts, arguments.folder)))
        return 0
    result = run(arguments.texts)
    print(json.dumps(result, indent=1))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
