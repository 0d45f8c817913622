"""What a Spark task runs to encode its rows: the model, once a worker, on the device that the task was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import pyarrow as pa

from faquarry.config.settings import EmbedSettings
from faquarry.spark.devices import task_device, task_threads
from faquarry.vectors.batching import Budget
from faquarry.vectors.jobs import Job
from faquarry.vectors.load import gpus_seen, worker_encoder
from faquarry.vectors.task import encode_batches

__all__ = ["CPU_TOKENS", "GPU_TOKENS", "encoding"]

CPU_TOKENS, GPU_TOKENS = 8_192, 65_536
"""Tokens of a batch where the settings name none."""


def encoding(
    job: Job, settings: EmbedSettings, count: Callable[[int, int], None]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given. `count` is told texts and tokens as they are done."""
    info = job.info

    def encode(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        filled = (batch for batch in batches if batch.num_rows)
        first = next(filled, None)
        if first is None:  # no text, no model
            return
        device = "cpu" if info.kind == "packaged" else task_device(settings.device, gpus_seen)
        on_gpu = device != "cpu"
        yield from encode_batches(
            chain([first], filled),
            worker_encoder(info, settings, device, task_threads()),
            budget=Budget(settings.batch_tokens or (GPU_TOKENS if on_gpu else CPU_TOKENS)),
            pool_bytes=settings.pool_bytes,
            task=job.task,
            tokenise_ahead=on_gpu,
            done=count,
        )

    return encode
