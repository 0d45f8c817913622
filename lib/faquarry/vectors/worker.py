"""What a Spark task runs to encode its rows: the model, once a worker, on the device that the task was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import pyarrow as pa

from faquarry.config.settings import EmbedSettings
from faquarry.vectors.jobs import Job
from faquarry.vectors.load import worker_encoder
from faquarry.vectors.runtime import place_of_task
from faquarry.vectors.task import encode_batches

__all__ = ["encoding"]


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
        place = place_of_task(info, settings)
        yield from encode_batches(
            chain([first], filled),
            worker_encoder(info, settings, place.device, place.threads),
            budget=place.budget,
            pool_bytes=settings.pool_bytes,
            task=job.task,
            tokenise_ahead=place.on_gpu,
            done=count,
        )

    return encode
