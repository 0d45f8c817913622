"""Texts encoded in Spark's workers and left as Parquet: for every stage that needs vectors of its rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import EmbedSettings
from faquarry.progress import Progress
from faquarry.spark.devices import devices_of
from faquarry.spark.tasks import map_batches
from faquarry.spark.watching import tallied, without_coalescing
from faquarry.vectors.jobs import Job
from faquarry.vectors.task import ENCODED, TEXTS
from faquarry.vectors.worker import encoding

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["encode_rows"]

SMALL_TASK_CHARS = 200_000  # less is not worth a task of its own
TASKS_A_CORE = 4


def encode_rows(
    rows: DataFrame,
    job: Job,
    settings: EmbedSettings,
    staging: str,
    progress: Progress,
    *,
    chars: int,
    already: int = 0,
) -> DataFrame:
    """Encodes rows of `TEXTS` by the job's model, each distinct text once. -> rows of `ENCODED`, read from `staging`.

    Args:
        chars: about how many characters the texts have together: so many tasks there are, a few a core, that none is
            waited for; on one machine with GPUs one a GPU.
        already: texts that the bar has passed.
    """
    spark = rows.sparkSession
    devices = devices_of(spark, job.info.kind, settings.device)
    most = max(TASKS_A_CORE * spark.sparkContext.defaultParallelism, math.ceil(chars / settings.task_chars))
    tasks = devices.shared or max(1, min(most, math.ceil(chars / SMALL_TASK_CHARS)))
    rows = rows.repartition(tasks, "text_hash").sortWithinPartitions("text_hash").select(*TEXTS.names)

    def look(texts: int, tokens: int, seconds: float) -> None:
        rates = {"texts/s": round(texts / seconds), "tokens/s": round(tokens / seconds)}
        progress.advance(to=already + texts, **rates)

    with without_coalescing(spark), tallied(spark, look, ("texts", "tokens")) as done:
        encoded = map_batches(rows, encoding(job, settings, done), ENCODED, "embed", profile=devices.profile)
        encoded.write.mode("overwrite").parquet(staging)
    read: DataFrame = spark.read.schema(from_arrow_schema(ENCODED)).parquet(staging)
    return read
