"""The embed stage beside the bare encoder loop: texts a second, padding, and tokens a second on a GPU where there is one.

    python -m benchmarks embed

The stage's own task code (Arrow batches in, float16 out) and the loop that a person would write run in turn in one process,
on one core, as CPU seconds, the best of a few rounds: for the packaged encoder, and for a small transformer through
sentence-transformers. Then the whole stage runs through Spark on two sizes of a lake; what one more text costs, of all
processes, is laid beside the bare loop. The pairs are those of the packaged sample web, or with $FAQUARRY_DATA the real
translated FAQs in 63 languages.

On a GPU a model of LaBSE's shape with random weights goes through the same code, beside `SentenceTransformer.encode`.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import md5
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.cpu import measured
from faquarry.config.settings import EmbedSettings, Settings
from faquarry.lake.tables import QA
from faquarry.markup.model import pair_id
from faquarry.vectors.batching import Budget
from faquarry.vectors.find import PACKAGED, find_model
from faquarry.vectors.load import load_encoder
from faquarry.vectors.model import Encoder
from faquarry.vectors.runtime import CPU_TOKENS, GPU_TOKENS
from faquarry.vectors.task import TEXTS, encode_batches

__all__ = ["FLOORS", "run"]

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "packaged.ratio": (0.85, False),
    "tiny.ratio": (0.9, False),
    "tiny.padding_waste": (0.08, True),
    "gpu.tokens_per_s": (1.5e6, False),
}

ROUNDS = 5
ARROW_ROWS = 10_000  # Spark's own default
SETTINGS = EmbedSettings()
SPARK_PAIRS = (10_000, 50_000)


def run(spark: bool = True) -> dict[str, Any]:
    """`packaged`, `tiny`, `spark`, `gpu`: figures each; `missed`: floors that were not reached."""
    pairs = _pairs()
    texts = list(dict.fromkeys(text for q, a in pairs for text in (f"{q} {a}", q, a)))
    result: dict[str, Any] = {"texts": len(texts), "packaged": _beside(_packaged(), texts, _chunks)}
    with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
        result["tiny"] = _beside(_tiny(Path(folder) / "tiny"), texts[:6000], _sentence_transformers)
    if spark:
        result["spark"] = _through_spark(pairs, result["packaged"]["bare_texts_per_s"])
    if _gpus():
        result["gpu"] = _on_gpu(texts)
    result["missed"] = [
        name
        for name, (bound, most) in FLOORS.items()
        if (found := _at(result, name)) is not None and (found > bound if most else found < bound)
    ]
    return result


# -- the task's code beside a loop -----------------------------------------------------------------------------------


def _beside(encoder: Encoder, texts: Sequence[str], loop: Callable[[Encoder, Sequence[str]], object]) -> dict[str, Any]:
    """Texts a CPU second of the bare loop and of the stage's task code, in turn; their ratio; padding."""
    batches = _arrow(texts)
    bare, ours, found = [], [], None
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        loop(encoder, texts)
        bare.append(time.process_time() - start)
        start = time.process_time()
        found = pa.Table.from_batches(
            encode_batches(batches, encoder, budget=Budget(CPU_TOKENS), pool_bytes=SETTINGS.pool_bytes)
        )
        ours.append(time.process_time() - start)
    assert found is not None
    tokens, padded = (float(np.sum(found.column(name).to_numpy())) for name in ("tokens", "padded"))
    return {
        "texts": len(texts),
        "tokens": int(tokens),
        "bare_texts_per_s": len(texts) / min(bare[1:]),
        "texts_per_s": len(texts) / min(ours[1:]),
        "ratio": min(bare[1:]) / min(ours[1:]),
        "padding_waste": 1 - tokens / padded,
    }


def _arrow(texts: Sequence[str]) -> list[pa.RecordBatch]:
    """As Spark gives them: in the order of their hashes."""
    hashed = sorted((md5(text.encode(), usedforsecurity=False).hexdigest(), text) for text in texts)
    hashes = [text_hash for text_hash, _ in hashed]
    table = pa.table([hashes, pa.repeat("qa", len(hashed)), hashes, [text for _, text in hashed]], schema=TEXTS)
    return list(table.to_batches(max_chunksize=ARROW_ROWS))


def _packaged() -> Encoder:
    return load_encoder(find_model(PACKAGED, SETTINGS), SETTINGS)


def _chunks(encoder: Encoder, texts: Sequence[str]) -> object:
    return [encoder.encode(texts[start : start + 1024]) for start in range(0, len(texts), 1024)]


def _tiny(folder: Path) -> Encoder:
    from tests.tiny import tiny_transformer

    tiny_transformer(folder, max_tokens=256)
    return load_encoder(find_model(str(folder), SETTINGS), SETTINGS, threads=1)


def _sentence_transformers(encoder: Any, texts: Sequence[str]) -> object:
    return encoder.model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)


# -- through Spark ---------------------------------------------------------------------------------------------------


def _through_spark(pairs: Sequence[tuple[str, str]], bare_texts_per_s: float) -> dict[str, Any]:
    """CPU seconds of all processes a further text, from two lakes, so that starting Java does not count."""
    points = []
    for size in SPARK_PAIRS:
        with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
            _lake(Path(folder) / "lake", pairs, size)
            used = measured([sys.executable, "-m", "benchmarks.embed", "--embed", f"{folder}/lake"])
            counts = json.loads((Path(folder) / "lake" / "counts.json").read_text())
        points.append(
            {"texts": counts["texts"], "cpu_s": used.cpu_s, "wall_s": used.wall_s, "worker_mb": used.worker_mb}
        )
        print(f"  {counts['texts']:,} texts: {used.cpu_s:.1f} CPU s, {used.wall_s:.1f} s", flush=True)
    small, large = points
    more = large["texts"] - small["texts"]
    cpu_s = (large["cpu_s"] - small["cpu_s"]) / more
    wall_s = (large["wall_s"] - small["wall_s"]) / more
    cores = os.cpu_count() or 1
    return {
        "points": points,
        "texts_per_cpu_s": 1 / cpu_s,
        "texts_per_s": 1 / wall_s,
        "cpu_ratio": 1 / cpu_s / bare_texts_per_s,
        "wall_ratio_a_core": 1 / wall_s / cores / bare_texts_per_s,
    }


def _lake(lake: Path, pairs: Sequence[tuple[str, str]], size: int) -> None:
    """A table qa of `size` pairs: the given ones again and again, numbered so that no two are equal."""
    from deltalake import write_deltalake

    rows = []
    for number in range(size):
        question, answer = pairs[number % len(pairs)]
        turn = number // len(pairs)
        question, answer = f"{question} ({turn})", f"{turn}. {answer}"
        rows.append(
            {
                "id": pair_id(question, answer),
                "language": "und",
                "site": "a.example",
                "question": question,
                "answer": answer,
            }
        )
    write_deltalake(str(lake / "qa"), pa.Table.from_pylist(rows, QA.schema))


def _embed(lake: str) -> None:
    from faquarry.runner import run_stage
    from faquarry.vectors.stage import EmbedStage

    settings = Settings(lake=lake)
    done = run_stage(EmbedStage.of(settings), settings)
    assert done.outcome is not None
    (Path(lake) / "counts.json").write_text(json.dumps(dict(done.outcome.counts)))


# -- on a GPU --------------------------------------------------------------------------------------------------------


def _gpus() -> int:
    from faquarry.vectors.runtime import gpus_seen

    return gpus_seen()


def _on_gpu(texts: Sequence[str]) -> dict[str, Any]:
    """Tokens a second (wall) of a model of LaBSE's shape: the task's code, and `SentenceTransformer.encode`."""
    import torch

    with tempfile.TemporaryDirectory(prefix="faquarry-bench-") as folder:
        path = _labse_shaped(Path(folder) / "labse-shaped")
        encoder: Any = load_encoder(find_model(str(path), SETTINGS), SETTINGS, "cuda:0", threads=os.cpu_count())
    some = [f"{text} {turn}" for turn in range(8) for text in texts]
    batches = _arrow(some)
    encoder.encode(some[:256])
    result: dict[str, Any] = {"device": torch.cuda.get_device_name(0), "dtype": str(encoder.model.dtype)}

    def ours() -> pa.Table:
        budget = Budget(GPU_TOKENS)
        found = encode_batches(batches, encoder, budget=budget, pool_bytes=SETTINGS.pool_bytes, tokenise_ahead=True)
        return pa.Table.from_batches(found)

    def bare() -> object:
        return encoder.model.encode(some, batch_size=256, normalize_embeddings=True, show_progress_bar=False)

    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    table = ours()
    for _ in range(3):
        for name, work in (("ours", ours), ("bare", bare)):
            torch.cuda.synchronize()
            start = time.perf_counter()
            work()
            torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - start)
    tokens, padded = (float(np.sum(table.column(name).to_numpy())) for name in ("tokens", "padded"))
    return {
        **result,
        "texts": len(some),
        "tokens": int(tokens),
        "padding_waste": 1 - tokens / padded,
        "tokens_per_s": tokens / min(seconds["ours"]),
        "bare_tokens_per_s": tokens / min(seconds["bare"]),
        "ratio": min(seconds["bare"]) / min(seconds["ours"]),
    }


def _labse_shaped(folder: Path) -> Path:
    """12 layers, 768 dimensions, a vocabulary of 501,153, at most 256 tokens, CLS pooling, a dense layer less."""
    import torch
    from tests.tiny import tiny_transformer
    from transformers import BertConfig, BertModel

    tiny_transformer(folder, max_tokens=256)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=501_153, max_position_embeddings=512)).save_pretrained(folder)
    pooling = {"embedding_dimension": 768, "pooling_mode": "cls"}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


# -- inside ----------------------------------------------------------------------------------------------------------


def _pairs() -> list[tuple[str, str]]:
    folder = os.environ.get("FAQUARRY_DATA")
    if folder:
        with gzip.open(Path(folder) / "web" / "faq-aligned.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    else:
        rows = json.loads((files("faquarry.sample") / "expected.json").read_text(encoding="utf-8"))["pairs"]
    return [(row["question"], row["answer"]) for row in rows]


def _at(result: dict[str, Any], path: str) -> float | None:
    node: Any = result
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node


if __name__ == "__main__":
    if sys.argv[1:2] != ["--embed"]:
        sys.exit("python -m benchmarks embed")
    _embed(sys.argv[2])
