"""Progress of a running Spark action, counted in the workers as they go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["every_second", "without_coalescing"]


@contextmanager
def every_second(look: Callable[[], None]) -> Iterator[None]:
    """Calls `look` in a thread of its own, each second until the block is left."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(1.0):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
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
