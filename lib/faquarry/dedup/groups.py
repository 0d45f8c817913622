"""From similar pairs to groups, on Spark: in the driver's memory while they fit there, else in rounds over all workers.

Either way a group is named by its smallest id, and neither the order of rows nor their partitioning matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from faquarry.dedup.components import components
from faquarry.dedup.staging import Staging

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["grouped", "grouped_by_driver", "grouped_by_workers"]


def grouped(edges: DataFrame, staging: Staging, driver_edges: int) -> DataFrame:
    """Edges (id1, id2) -> (id, group_id) of every id in them."""
    edges = edges.select("id1", "id2")
    some = edges.limit(driver_edges + 1).toArrow()
    if some.num_rows <= driver_edges:
        # Rows that stay part of a plan are looked at whenever the plan is: from files they are not.
        return staging.keep("groups", edges.sparkSession.createDataFrame(grouped_by_driver(some)))
    return grouped_by_workers(edges, staging)


def grouped_by_driver(found: pa.Table) -> pa.Table:
    """The same of a table in memory, by pointers on arrays (`faquarry.dedup.components`)."""
    both = pa.chunked_array([*found.column("id1").chunks, *found.column("id2").chunks], pa.string())
    ids = pc.unique(both)
    ids = ids.take(pc.sort_indices(ids))
    codes = pc.index_in(both, value_set=ids).to_numpy().astype(np.int64)
    roots = components(codes[: found.num_rows], codes[found.num_rows :], len(ids))
    return pa.table({"id": ids, "group_id": ids.take(pa.array(roots))})


def grouped_by_workers(edges: DataFrame, staging: Staging) -> DataFrame:
    """Large-star and small-star in turn until nothing moves (Kiveris et al., Connected Components in MapReduce and Beyond,
    2014). A star ties a node's neighbours to the smallest among them; the rounds grow with the logarithm of the nodes."""
    tied = edges.select(F.greatest("id1", "id2").alias("node"), F.least("id1", "id2").alias("to")).distinct()
    number, before = 0, None
    while True:
        tied = staging.keep(f"star-{number}", _small_star(_large_star(tied)))
        # Edges that all lead to their group's smallest id do not change any more, and only they do not.
        state = tied.agg(F.count("*"), F.sum(F.xxhash64("node", "to").cast("decimal(38,0)"))).first()
        if state == before:
            break
        number, before = number + 1, state
    roots = tied.select(F.col("to").alias("id"), F.col("to").alias("group_id")).distinct()
    return tied.select(F.col("node").alias("id"), F.col("to").alias("group_id")).union(roots)


def _large_star(tied: DataFrame) -> DataFrame:
    """Ties every larger neighbour of a node to the smallest of its neighbours and itself."""
    both = tied.union(tied.select("to", "node")).toDF("node", "other")
    least = both.groupBy("node").agg(F.min("other").alias("least"))
    joined = both.join(least, "node").where(F.col("other") > F.col("node"))
    return joined.select(F.col("other").alias("node"), F.least("node", "least").alias("to")).distinct()


def _small_star(tied: DataFrame) -> DataFrame:
    """Ties a node and its smaller neighbours to the smallest of them."""
    least = tied.groupBy("node").agg(F.min("to").alias("least"))
    joined = tied.join(least, "node")
    moved = joined.select(F.col("to").alias("node"), F.col("least").alias("to"))
    own = least.select("node", F.col("least").alias("to"))
    return moved.union(own).where(F.col("node") != F.col("to")).distinct()
