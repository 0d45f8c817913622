"""Submitted by a test: a stage that asks for GPUs, and what its tasks see. Prints a line of JSON."""

import json

import pyarrow as pa

from faquarry.config.settings import SparkSettings
from faquarry.spark.devices import gpu_profile, task_device
from faquarry.spark.session import get_session
from faquarry.spark.tasks import map_batches


def look(batches):
    import time

    from pyspark import TaskContext

    for batch in batches:
        time.sleep(1)  # so that every worker gets tasks
        given = TaskContext.get().resources()["gpu"].addresses
        yield pa.RecordBatch.from_pylist(
            [{"device": task_device("auto", lambda: 0), "address": ",".join(given)}] * batch.num_rows
        )


spark = get_session(SparkSettings(), "gpus")
profile = gpu_profile(spark, "cuda")
seen = map_batches(
    spark.range(0, 8, 1, 8),
    look,
    pa.schema([("device", pa.string()), ("address", pa.string())]),
    "look",
    profile=profile,
)
rows = [row.asDict() for row in seen.collect()]
print("SEEN " + json.dumps({"profile": profile is not None, "rows": rows}))
spark.stop()
