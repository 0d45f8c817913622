"""Training: how fast examples come out of Delta, and what the loop costs beside a bare one.

    python -m benchmarks train          (ROWS=10000000 for the memory of ten million examples)

* `data`: Delta → batches of text, beside a bare Parquet scan of the same columns; Delta → tokens, beside the tokenizer alone.
  Building the examples (once for a version of the tables) and going through them are told apart and together.
* `loop`: a run of the trainer beside a bare torch loop over the same tokens with the same model, loss and optimizer.
* `dro`: the same run with GroupDRO on 500 groups.

CPU seconds of the process and its threads, tokenizers included.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from faquarry.lake.tables import QA

__all__ = ["FLOORS", "run"]

# name -> (bound, True when the figure must not exceed it)
FLOORS: dict[str, tuple[float, bool]] = {
    "data.scan_ratio": (0.5, False),
    "data.token_ratio": (0.85, False),
    "loop.overhead": (1.05, True),
    "loop.padding": (0.10, True),
    "dro.overhead": (1.03, True),
    "memory_mb": (2048, True),
}
WORDS = (
    "how do i return a parcel what does delivery cost print the label from your account and hand it in at any post office"
).split()
ROWS = 200_000
STEPS, SIZE = 60, 64


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="faquarry-bench-", dir=os.environ.get("SCRATCH")) as scratch:
        folder = Path(scratch)
        rows = int(os.environ.get("ROWS", ROWS))
        write_pairs(folder / "lake", rows)
        figures: dict[str, Any] = {"rows": rows, **_alone("_data", folder), **_alone("_loops", folder)}
    figures["missed"] = [
        name
        for name, (bound, most) in FLOORS.items()
        if (value := _at(figures, name)) is not None and (value > bound if most else value < bound)
    ]
    return figures


def _at(figures: Any, name: str) -> float | None:
    for part in name.split("."):
        figures = figures.get(part) if isinstance(figures, dict) else None
    return figures


def _alone(name: str, folder: Path) -> dict[str, Any]:
    """A part in a process of its own: its memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.train", name, str(folder)], stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_pairs(lake: Path, rows: int) -> None:
    """A table qa of made-up pairs: questions of about 9 words, answers of 20 to 120, in twenty languages of all sizes."""
    from deltalake import write_deltalake

    draw = np.random.default_rng(0)
    words = np.array(WORDS)
    # Texts are drawn from a stock: what is measured is moving them, not making them.
    questions = [" ".join(words[draw.integers(0, len(words), 9)]) + " ?" for _ in range(4096)]
    answers = [" ".join(words[draw.integers(0, len(words), draw.integers(20, 120))]) for _ in range(4096)]
    stock = pa.array(questions), pa.array(answers)
    share = 1 / np.arange(1, 21)
    languages = [f"l{number:02d}" for number in range(20)]

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            number = np.arange(start, start + count)
            columns = {name: pa.nulls(count, QA.schema.field(name).type) for name in QA.columns}
            columns["id"] = pa.array([f"{one:032x}" for one in (number * 2654435761).tolist()])
            columns["language"] = pa.array(np.sort(draw.choice(languages, count, p=share / share.sum())))
            columns["site"] = pa.array([f"s{one % 500}.example" for one in number.tolist()])
            columns["question"] = stock[0].take(pa.array(draw.integers(0, 4096, count)))
            columns["answer"] = stock[1].take(pa.array(draw.integers(0, 4096, count)))
            for field in QA.schema:
                if not field.nullable and columns[field.name].null_count:
                    columns[field.name] = pa.array(
                        [0 if pa.types.is_integer(field.type) else "" for _ in range(count)], field.type
                    )
            yield pa.RecordBatch.from_pydict({name: columns[name] for name in QA.columns}, QA.schema)

    reader = pa.RecordBatchReader.from_batches(QA.schema, batches())
    write_deltalake(str(lake / "qa"), reader)


def _cpu(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """-> CPU seconds, seconds, what it gave"""
    before, clock = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    found = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - clock, found


def _data(folder: Path) -> dict[str, Any]:
    from faquarry.lake import Lake
    from faquarry.training.data import Batches, Examples
    from faquarry.vectors import small

    def scan() -> int:
        table = Lake(str(folder / "lake")).dataset("qa")
        assert table is not None
        return sum(batch.num_rows for batch in table.to_batches(columns=["id", "language", "question", "answer"]))

    def texts(batches: Batches) -> int:
        return sum(len(batch) for batch in batches.epoch(0))

    _cpu(scan)
    scan_cpu, _, rows = _cpu(scan)
    build_cpu, _, examples = _cpu(lambda: Examples.from_lake(str(folder / "lake"), cache=folder / "cache"))
    batches = Batches(examples, 128, seed=1)
    first_cpu, _, seen = _cpu(lambda: texts(batches))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    several = (build_cpu + first_cpu) / seen
    tokenizer = small.load().tokenizer
    few = min(len(batches), 300)

    def tokens() -> int:
        total = 0
        for batch in batches.between(0, few):
            total += len(tokenizer.encode_batch(batch.queries, add_special_tokens=False))
            total += len(tokenizer.encode_batch(batch.documents, add_special_tokens=False))
        return total

    flat = [(batch.queries, batch.documents) for batch in batches.between(0, few)]

    def bare() -> None:
        for queries, documents in flat:
            tokenizer.encode_batch(queries, add_special_tokens=False)
            tokenizer.encode_batch(documents, add_special_tokens=False)

    _cpu(bare)
    bare_cpu, _, _ = _cpu(bare)
    token_cpu, _, count = _cpu(tokens)
    token_cpu += build_cpu / seen * count / 2
    return {
        "memory_mb": round(memory),
        "data": {
            "scan_rows_per_cpu_s": round(rows / scan_cpu),
            "build_rows_per_cpu_s": round(len(examples) / build_cpu),
            "epoch_rows_per_cpu_s": round(seen / first_cpu),
            "later_epochs_ratio": round((scan_cpu / rows) / (first_cpu / seen), 3),
            "scan_ratio": round((scan_cpu / rows) / several, 3),
            "tokenizer_texts_per_cpu_s": round(count / bare_cpu),
            "token_ratio": round(bare_cpu / token_cpu, 3),
        },
    }


def _loops(folder: Path) -> dict[str, Any]:
    import torch
    from tests.tiny import tiny_transformer

    from faquarry.config.settings import LogSettings
    from faquarry.training.losses import in_batch
    from faquarry.training.retriever.feed import padding

    torch.set_num_threads(1)
    model = tiny_transformer(folder / "model", max_tokens=128)
    lake = folder / "few"
    write_pairs(lake, 20_000)
    common = [f"model.start='{model}'", f"fit.steps={STEPS}", f"batch.size={SIZE}", "fit.threads=1"]
    common += ["checkpoint.every=100000", "evaluate.every=100000", "fit.rate=1e-5", "fit.device='cpu'"]
    common += ["batch.monolingual=true"]
    groups = ["groups.by='site'", "groups.min_size=1", "dro.enabled=true", "dro.every=20"]
    quiet = LogSettings(progress="none")

    def trainer(name: str, *more: str) -> Any:
        from faquarry.config.settings import EmbedSettings
        from faquarry.progress import Progress
        from faquarry.training.data import Examples
        from faquarry.training.retriever.run import load_recipe
        from faquarry.training.retriever.trainer import Trainer

        recipe = load_recipe("rn", assignments=[*common, *more])
        output = folder / name
        examples = {"pairs": Examples.from_lake(str(lake), cache=output / "data", groups=recipe.groups.by)}
        made = Trainer(recipe, examples, output, None, EmbedSettings(), Progress(quiet))
        made.prepare()
        return made

    def bare(made: Any) -> None:
        """What anyone would write: tokens that are there, the model, the same loss, AdamW."""
        parameters = made.model.parameters()
        optimizer = torch.optim.AdamW(parameters, lr=1e-5)
        made.model.module.train()
        for fed in fed_all:
            queries = made.model.encode(fed.parts.queries[0])
            documents = made.model.encode(fed.parts.documents[0])
            in_batch(queries, documents, torch.from_numpy(fed.batch.allowed)).mean().backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def ours(made: Any) -> None:
        made.model.module.train()
        for fed in fed_all:
            made.advance([fed])
            made.step += 1

    made = trainer("plain")
    fed_all = [made.feed.batch(number) for number in range(STEPS)]
    waste = padding(fed_all)
    rounds: dict[str, list[float]] = {"bare": [], "ours": [], "dro": []}
    grouped = trainer("grouped", *groups)
    fed_grouped = [grouped.feed.batch(number) for number in range(STEPS)]
    for _ in range(3):
        rounds["bare"].append(_cpu(lambda: bare(made))[0])
        rounds["ours"].append(_cpu(lambda: ours(made))[0])
        plain, fed_all = fed_all, fed_grouped
        rounds["dro"].append(_cpu(lambda: ours(grouped))[0])
        fed_all = plain
    best = {name: min(values) for name, values in rounds.items()}
    for one in (made, grouped):
        one.journal.close()
    shutil.rmtree(folder / "plain", ignore_errors=True)
    return {
        "loop": {
            "steps_per_cpu_s": round(STEPS / best["ours"], 2),
            "overhead": round(best["ours"] / best["bare"], 3),
            "padding": round(waste, 4),
        },
        "dro": {"groups": len(grouped.dro), "overhead": round(best["dro"] / best["ours"], 3)},
    }


if __name__ == "__main__":
    part, place = sys.argv[1:]
    print(json.dumps({"_data": _data, "_loops": _loops}[part](Path(place))))
