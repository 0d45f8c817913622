"""Progress of a running Spark action, counted in the workers as they go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from faquarry.spark import tasks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["tallied", "without_coalescing"]


@contextmanager
def tallied(
    spark: SparkSession, look: Callable[[int, int, float], None], units: tuple[str, str]
) -> Iterator[Callable[[int, int], None]]:
    """-> what workers tell two numbers to, of these units; `look` is given their sums and the seconds, each second.

    Only to be shown, here and in the log of the task: one that is tried again counts again.
    """
    context: Any = spark.sparkContext
    sums = context.accumulator(0), context.accumulator(0)
    started, stop = time.monotonic(), threading.Event()

    def count(*more: int) -> None:
        for one, amount in zip(sums, more, strict=True):
            one.add(amount)
        tasks.count(**dict(zip(units, more, strict=True)))

    def watch() -> None:
        while not stop.wait(1.0):
            look(int(sums[0].value), int(sums[1].value), time.monotonic() - started)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield count
    finally:
        stop.set()
        watcher.join()


@contextmanager
def without_coalescing(spark: SparkSession) -> Iterator[None]:
    """Partitions stay as they were made: adaptive execution would join tasks that were cut for GPUs."""
    name = "spark.sql.adaptive.coalescePartitions.enabled"
    was = spark.conf.get(name)
    spark.conf.set(name, "false")
    try:
        yield
    finally:
        spark.conf.set(name, was or "true")
