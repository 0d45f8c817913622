"""What a Spark task runs to encode its rows: the model, once a worker, on the device that the task was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from faquarry.config.settings import EmbedSettings
from faquarry.vectors.jobs import Job
from faquarry.vectors.load import worker_encoder
from faquarry.vectors.runtime import Place, in_place
from faquarry.vectors.task import encode_batches

__all__ = ["encoding"]


def encoding(
    job: Job, settings: EmbedSettings, count: Callable[[int, int], None]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given. `count` is told texts and tokens as they are done."""
    info = job.info

    def encode(batches: Iterator[pa.RecordBatch], place: Place) -> Iterator[pa.RecordBatch]:
        return encode_batches(
            batches,
            worker_encoder(info, settings, place.device, place.threads),
            budget=place.budget,
            pool_bytes=settings.pool_bytes,
            task=job.task,
            tokenise_ahead=place.on_gpu,
            done=count,
        )

    return in_place(info, settings, encode)
