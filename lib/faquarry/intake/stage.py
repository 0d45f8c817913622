"""Archives read in Python workers a batch at a time, for every stage that begins with archives.

HTML never crosses into the JVM: a task gets paths, reads them in Python and gives back Arrow batches. What comes back is
staged as Parquet once, because a plan with a Python function in it must not run twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import ReadingSettings
from faquarry.intake.parts import Input, Part, parts_of
from faquarry.intake.plan import chunked, pack
from faquarry.progress import Progress
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import count, map_batches
from faquarry.stage import Context

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = ["source_rows", "staged", "staged_batches"]

Read = Callable[[Part], Iterable[pa.RecordBatch]]


def staged_batches(
    inputs: Sequence[Input],
    context: Context,
    settings: ReadingSettings,
    read: Read,
    schema: pa.Schema,
    unread: Callable[[Sequence[Input]], list[Input]],
) -> Iterator[tuple[list[Input], str]]:
    """Reads `files_per_commit` inputs after another; -> each batch with the folder that its rows stand in.

    The caller commits a batch before it asks for the next one; then the folder goes. `unread` leaves out of a batch what
    another job has read meanwhile. `read` runs in the workers, and gives batches of `schema`.
    """
    megabytes = sum(item.source.size or 0 for item in inputs) / 1e6
    with context.progress.working(context.verb, megabytes, "MB"):
        done = 0.0
        for number, batch in enumerate(chunked(inputs, settings.files_per_commit)):
            staging = context.staging(str(number))
            size = sum(item.source.size or 0 for item in batch) / 1e6
            if left := unread(batch):
                group = f"{context.run_id}-{number}"
                with _watching(context.spark, context.progress, context.verb, group, done, size):
                    _stage(context.spark, left, settings, read, schema, staging, context.verb)
                yield left, staging
                remove_folder(context.spark, staging)
            done += size
            context.progress.advance(to=done)


def staged(spark: SparkSession, staging: str, schema: pa.Schema) -> DataFrame:
    """The rows of a batch that was staged."""
    return spark.read.schema(from_arrow_schema(schema)).parquet(staging)


def _stage(
    spark: SparkSession,
    batch: Sequence[Input],
    settings: ReadingSettings,
    read: Read,
    schema: pa.Schema,
    staging: str,
    name: str,
) -> None:
    """Reads a batch in the workers and leaves its rows as Parquet under `staging`; its tasks are logged as `name`."""
    parts = [part for item in batch for part in parts_of(item, settings.split_bytes)]
    tasks = pack(parts, settings.group_bytes, spark.sparkContext.defaultParallelism)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for numbers in batches:
            for number in numbers.column(0).to_pylist():
                for part in tasks[number]:
                    yield from read(part)
                    count(archives=1, archive_bytes=part.size)

    plan = spark.range(0, len(tasks), 1, max(1, len(tasks)))
    map_batches(plan, work, schema, name).write.mode("overwrite").parquet(staging)


@contextmanager
def _watching(
    spark: SparkSession, progress: Progress, verb: str, group: str, done: float, size: float
) -> Iterator[None]:
    """Moves the bar while Spark works on a batch: by tasks finished, as the rows are counted only when written."""
    context, stop = spark.sparkContext, threading.Event()
    context.setJobGroup(group, f"faquarry {verb}")

    def watch() -> None:
        tracker = context.statusTracker()
        while not stop.wait(1.0):
            stages = [tracker.getStageInfo(s) for j in tracker.getJobIdsForGroup(group) for s in _stages(tracker, j)]
            tasks = sum(stage.numTasks for stage in stages if stage)
            finished = sum(stage.numCompletedTasks for stage in stages if stage)
            if tasks:
                progress.advance(to=done + size * 0.95 * finished / tasks)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        context.setJobGroup("faquarry", "faquarry")


def _stages(tracker: Any, job: int) -> Sequence[int]:
    info = tracker.getJobInfo(job)
    return info.stageIds if info else ()


def source_rows(
    read: DataFrame, batch: Sequence[Input], run_id: str, counts: Mapping[str, Column]
) -> list[dict[str, Any]]:
    """One row a source, counted from what was staged. A source with a part missing or cut short has failed.

    Args:
        read: staged rows with columns `source` and `part` (records, responses, problems, error).
        counts: what else is counted of a source, by the name of its column.
    """
    columns = {
        "records": F.sum("part.records"),
        "responses": F.sum("part.responses"),
        **counts,
        "problems": F.sum("part.problems"),
        "error": F.min("part.error"),
    }
    found = read.groupBy("source").agg(*(column.alias(name) for name, column in columns.items())).collect()
    counted = {row["source"]: row for row in found}
    finished_at = datetime.now(UTC)
    rows = []
    for item in batch:
        source, row = item.source, counted.get(item.source.name)
        error = item.failed or (row["error"] if row else None)
        damaged = row is not None and (row["problems"] or 0) > 0
        rows.append(
            {
                "source": source.name,
                "kind": source.kind,
                "size": source.size,
                "etag": source.etag,
                "status": "failed" if error else "partial" if damaged else "done",
                **{name: 0 if error or row is None else row[name] or 0 for name in ("records", "responses", *counts)},
                "run_id": run_id,
                "finished_at": finished_at,
                "error": error or source.error,
            }
        )
    return rows
