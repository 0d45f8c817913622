"""Which pair of a group stays, and the rows that say so.

One total order over all pairs decides for every group of every kind: the earliest fetched first, of those the longest
answer, then the shortest URL, then the smallest id. So the first of any connected union of groups stays in each of its
groups: no pair is dropped for one that is itself dropped with nothing left of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from faquarry.dedup.staging import Staging
from faquarry.lake.tables import DUPLICATES
from faquarry.lake.writer import LakeWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["represented", "settle", "standing"]


def standing(members: DataFrame, groups: DataFrame) -> DataFrame:
    """Groups (kind, id, group_id) with `standing`: what the total order compares, the first being the smallest.

    `members` are rows of qa (id, fetched_at, answer, url_length), at least those in groups.
    """
    order = F.struct(
        F.col("fetched_at").isNull().alias("unknown"),
        F.col("fetched_at").alias("fetched_at"),
        (-F.length("answer")).alias("shortness"),
        F.col("url_length").alias("length"),
        F.col("id").alias("id"),
    )
    return groups.join(members.select("id", order.alias("standing")), "id")


def represented(stood: DataFrame) -> DataFrame:
    """(kind, id, group_id, representative, keep)."""
    first = stood.groupBy("kind", "group_id").agg(F.min("standing").alias("first"))
    joined = stood.join(first, ["kind", "group_id"]).withColumn("representative", F.col("first.id"))
    return joined.select(
        "kind", "id", "group_id", "representative", (F.col("id") == F.col("representative")).alias("keep")
    )


def settle(writer: LakeWriter, rows: DataFrame, kinds: list[str], staging: Staging, run_id: str) -> bool:
    """Makes `rows` what `duplicates` holds of these kinds; rows that are right already are left alone.

    -> whether anything was written.
    """
    said = [name for name in DUPLICATES.columns if name != "run_id"]
    rows = staging.keep("rows", rows.select(*said))
    writer.ensure("duplicates")
    there = writer.frame("duplicates").where(F.col("kind").isin(kinds)).select(*said)
    if there.isEmpty():
        if rows.isEmpty():
            return False
        writer.append("duplicates", rows.withColumn("run_id", F.lit(run_id)))
        return True
    other = rows.alias("new").join(
        there.alias("old"), [F.col(f"new.{name}").eqNullSafe(F.col(f"old.{name}")) for name in said], "left_anti"
    )
    other = staging.keep("other", other)
    gone = there.join(rows, ["id", "kind"], "left_anti").select("id", "kind").localCheckpoint()
    changed, went = not other.isEmpty(), not gone.isEmpty()
    if changed:
        writer.merge("duplicates", other.withColumn("run_id", F.lit(run_id)), update_if="true")
    if went:
        writer.delete("duplicates", gone)
    return changed or went
