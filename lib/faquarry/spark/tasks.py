"""Python functions over the batches of a frame, and what each task of them did: one line of JSON in the executor's log.

Spark's own metrics count rows and bytes of a Python operator, and none of what its user wants to see: texts, tokens, bytes
of archives. With ``spark.faquarry.taskLog true`` every task ends with a line on standard error, which Spark keeps beside
the executor's other output; docs/cluster.md draws them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import DataFrame

__all__ = ["TASK_LOG", "Batches", "Logged", "Mapping", "count", "map_batches"]

TASK_LOG = "spark.faquarry.taskLog"
"""The Spark setting: true where every task is to say what it did."""

Batches = Iterator[pa.RecordBatch]
Mapping = Callable[[Batches], Batches]

_COUNTED: ContextVar[dict[str, float] | None] = ContextVar("counted", default=None)


def map_batches(
    frame: DataFrame, function: Mapping, schema: pa.Schema, name: str, *, profile: ResourceProfile | None = None
) -> DataFrame:
    """`frame.mapInArrow` with an Arrow schema, and a name under which its tasks are logged.

    Args:
        function: from batches of the frame to batches of `schema`; it runs in the workers.
        profile: what a task needs (GPUs), where the cluster lets a stage ask.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    wanted = frame.sparkSession.conf.get(TASK_LOG, "false") == "true"
    run = Logged(name, function) if wanted else function
    return frame.mapInArrow(run, from_arrow_schema(schema), profile=profile)


def count(**amounts: float) -> None:
    """Adds to what the running task says of itself (texts, tokens, bytes …); nothing where nobody asked."""
    counted = _COUNTED.get()
    if counted is not None:
        for name, amount in amounts.items():
            counted[name] = counted.get(name, 0) + amount


@dataclass(frozen=True)
class Logged:
    """A function that writes a line when a task has given its last batch.

    Seconds are those inside the function, waiting for its input included, and not those in which Spark takes what it gave.
    """

    # A class, as what it uses of this module then stays here: of a nested function Spark would send it along.
    name: str
    function: Mapping
    write: Callable[[str], Any] | None = None

    def __call__(self, batches: Batches) -> Batches:
        totals = dict.fromkeys(("rows_in", "bytes_in", "rows_out", "bytes_out"), 0)
        counted: dict[str, float] = {}
        token = _COUNTED.set(counted)

        def read() -> Batches:
            for batch in batches:
                totals["rows_in"] += batch.num_rows
                totals["bytes_in"] += batch.nbytes
                yield batch

        inside, processor = 0.0, time.process_time()
        results = iter(self.function(read()))
        while True:
            entered = time.perf_counter()
            batch = next(results, None)
            inside += time.perf_counter() - entered
            if batch is None:
                break
            totals["rows_out"] += batch.num_rows
            totals["bytes_out"] += batch.nbytes
            yield batch
        _COUNTED.reset(token)
        seconds = max(inside, 1e-6)
        rates = {
            f"{what}/s": round(amount / seconds) for what, amount in {"rows": totals["rows_in"], **counted}.items()
        }
        line = {
            **{"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "faquarry": self.name, **_task()},
            **{"seconds": round(inside, 3), "cpu_s": round(time.process_time() - processor, 3)},
            **{**totals, **counted, **rates},
        }
        (self.write or _to_stderr)(json.dumps(line) + "\n")


def _task() -> dict[str, Any]:
    """Which task this is, and on what."""
    from pyspark import TaskContext

    context = TaskContext.get()
    if context is None:
        return {}
    gpus = context.resources().get("gpu")
    return {
        **{"stage": context.stageId(), "partition": context.partitionId(), "attempt": context.attemptNumber()},
        **{"pid": os.getpid(), "gpu": gpus.addresses[0] if gpus and gpus.addresses else None},
    }


def _to_stderr(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()
