"""The scoring stage beside the bare loop: pairs a second, for the packaged scorer and for cross-encoders.

    python -m benchmarks score

The stage's own task code (Arrow batches in, scores out) and the loop that a person would write run in turn in one process, on
one core, as CPU seconds, the best of a few rounds. The packaged scorer sees what `mine` gives it: questions, each with 200
candidates of about 60 words. A small cross-encoder stands beside `CrossEncoder.predict`.

On a GPU a model of the shape of BAAI/bge-reranker-v2-m3 (XLM-R large) with random weights goes through the same code, beside
`CrossEncoder.predict`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.embed import ROUNDS, _at, _pairs
from faquarry.config.settings import ScoreSettings
from faquarry.vectors.batching import Budget
from faquarry.vectors.runtime import CPU_TOKENS, GPU_TOKENS, gpus_seen
from faquarry.vectors.scoring import PAIRS, Scorer, find_scorer, load_scorer, score_batches

__all__ = ["FLOORS", "run"]

# name -> the least it must be
FLOORS: dict[str, float] = {
    "packaged.ratio": 0.9,
    "packaged.pairs_per_s": 20_000,
    "tiny.ratio": 0.9,
    "gpu.ratio": 0.9,
}

CANDIDATES = 200
WORDS = 60
ARROW_ROWS = 10_000  # Spark's own default
SETTINGS = ScoreSettings()


def run() -> dict[str, Any]:
    """`packaged`, `tiny`, `gpu`: figures each; `missed`: floors that were not reached."""
    asked = [pair for pair in _pairs() if "".join(pair).isascii()]  # candidates of a question are of one language
    result: dict[str, Any] = {"packaged": _packaged(asked)}
    with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
        result["tiny"] = _tiny(Path(folder) / "tiny", _mined(asked, 10))
    if gpus_seen():
        result["gpu"] = _on_gpu(_mined(asked, 100))
    result["missed"] = [
        name for name, least in FLOORS.items() if (found := _at(result, name)) is not None and found < least
    ]
    return result


Pairs = list[tuple[str, str]]


def _mined(asked: Sequence[tuple[str, str]], questions: int) -> Pairs:
    """Questions of about ten words, each with `CANDIDATES` answers of about `WORDS`, other ones for every question."""
    answers = [answer for _, answer in asked]
    pairs = []
    for number in range(questions):
        question = asked[number * 7 % len(asked)][0]
        for place in range(CANDIDATES):
            words: list[str] = []
            at = number * CANDIDATES + place
            while len(words) < WORDS:
                words += answers[at % len(answers)].split()
                at += 1009
            pairs.append((question, " ".join([*words[: WORDS - 1], str(number * CANDIDATES + place)])))
    return pairs


def _arrow(pairs: Pairs) -> list[pa.RecordBatch]:
    ids = [str(number) for number in range(len(pairs))]
    columns = [ids, ids, [question for question, _ in pairs], [text for _, text in pairs]]
    return list(pa.table(columns, schema=PAIRS).to_batches(max_chunksize=ARROW_ROWS))


def _packaged(asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    pairs = _mined(asked, 50)
    scorer: Any = load_scorer(find_scorer(SETTINGS))

    def bare(pairs: Pairs) -> object:
        return [
            scorer.score([question for question, _ in part], [text for _, text in part])
            for start in range(0, len(pairs), CANDIDATES)
            if (part := pairs[start : start + CANDIDATES])
        ]

    found = _beside(scorer, pairs, bare)
    start = time.process_time()
    for first in range(0, len(pairs), CANDIDATES):
        part = pairs[first : first + CANDIDATES]
        scorer.reader.matched([question for question, _ in part], [text for _, text in part])
    return {**found, "subwords_a_text": found["tokens"] / found["pairs"], "cutting_share": _share(start, found)}


def _share(start: float, found: dict[str, Any]) -> float:
    """Of the time that is spent on cutting texts into subwords."""
    return float((time.process_time() - start) * found["bare_pairs_per_s"] / found["pairs"])


def _tiny(folder: Path, pairs: Pairs) -> dict[str, Any]:
    from tests.tiny import tiny_cross_encoder

    settings = ScoreSettings(model=str(tiny_cross_encoder(folder, max_tokens=256)))
    scorer: Any = load_scorer(find_scorer(settings), settings=settings, threads=1)
    return _beside(scorer, _shuffled_lengths(pairs), lambda some: _predict(scorer, some, 32))


def _shuffled_lengths(pairs: Pairs) -> Pairs:
    """Texts of 5 to 60 words, as answers are."""
    draw = np.random.default_rng(0)
    return [(question, " ".join(text.split()[: int(draw.integers(5, WORDS + 1))])) for question, text in pairs]


def _predict(scorer: Any, pairs: Pairs, batch_size: int) -> object:
    return scorer.model.predict(pairs, batch_size=batch_size, show_progress_bar=False)


def _beside(scorer: Scorer, pairs: Pairs, loop: Callable[[Pairs], object]) -> dict[str, Any]:
    """Pairs a CPU second of the bare loop and of the stage's task code, in turn, and their ratio."""
    batches = _arrow(pairs)
    bare, ours, tokens = [], [], [0]
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        loop(pairs)
        bare.append(time.process_time() - start)
        tokens[0] = 0
        start = time.process_time()
        _stage(scorer, batches, CPU_TOKENS, lambda _, more: tokens.__setitem__(0, tokens[0] + more))
        ours.append(time.process_time() - start)
    return {
        "pairs": len(pairs),
        "tokens": tokens[0],
        "bare_pairs_per_s": len(pairs) / min(bare[1:]),
        "pairs_per_s": len(pairs) / min(ours[1:]),
        "ratio": min(bare[1:]) / min(ours[1:]),
    }


def _stage(
    scorer: Scorer,
    batches: list[pa.RecordBatch],
    tokens: int,
    done: Callable[[int, int], None] = lambda pairs, tokens: None,
    *,
    ahead: bool = False,
) -> pa.Table:
    rows = score_batches(
        batches, scorer, budget=Budget(tokens), pool_bytes=SETTINGS.pool_bytes, tokenise_ahead=ahead, done=done
    )
    return pa.Table.from_batches(rows)


def _on_gpu(pairs: Pairs) -> dict[str, Any]:
    """Pairs a second (wall) of a model of bge-reranker-v2-m3's shape: the task's code, and `CrossEncoder.predict`."""
    import torch

    with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
        settings = ScoreSettings(model=str(_reranker_shaped(Path(folder) / "reranker-shaped")))
        scorer: Any = load_scorer(find_scorer(settings), "cuda:0", settings=settings, threads=os.cpu_count())
    pairs = _shuffled_lengths(pairs)
    batches = _arrow(pairs)
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(3):
        for name, work in (
            ("ours", lambda: _stage(scorer, batches, GPU_TOKENS, ahead=True)),
            ("bare", lambda: _predict(scorer, pairs, 256)),
        ):
            torch.cuda.synchronize()
            start = time.perf_counter()
            work()
            torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - start)
    return {
        "device": torch.cuda.get_device_name(0),
        "dtype": str(next(scorer.model.parameters()).dtype),
        "pairs": len(pairs),
        "pairs_per_s": len(pairs) / min(seconds["ours"]),
        "bare_pairs_per_s": len(pairs) / min(seconds["bare"]),
        "ratio": min(seconds["bare"]) / min(seconds["ours"]),
    }


def _reranker_shaped(folder: Path) -> Path:
    """24 layers, 1,024 dimensions, 16 heads, a vocabulary of 250,002, at most 512 tokens."""
    import torch
    from tests.tiny import tiny_cross_encoder
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    tiny_cross_encoder(folder, max_tokens=512)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=250_002,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=0,
        num_labels=1,
    )
    XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
    sys.exit(0)
