"""Which pair of a group stays, and the rows that say so.

One total order over all pairs decides for every group of every kind: the earliest fetched first, of those the longest
answer, then the shortest URL, then the smallest id. So the first of any connected union of groups stays in each of its
groups: no pair is dropped for one that is itself dropped with nothing left of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc
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


def settle(writer: LakeWriter, rows: DataFrame, kinds: list[str], staging: Staging, run_id: str) -> None:
    """Makes `rows` what `duplicates` holds of these kinds; rows that are right already are left alone."""
    said = [name for name in DUPLICATES.columns if name != "run_id"]
    signed = {"run_id": F.lit(run_id)}
    dataset = writer.lake.dataset("duplicates")
    if dataset is None or not dataset.count_rows(filter=pc.field("kind").isin(kinds)):
        # Nothing to compare with: written at once. What a killed run leaves here, the next one compares.
        writer.append("duplicates", rows.select(*said).withColumns(signed))
        return
    rows = staging.keep("rows", rows.select(*said))
    there = writer.frame("duplicates").where(F.col("kind").isin(kinds)).select(*said)
    same = [F.col(f"new.{name}").eqNullSafe(F.col(f"old.{name}")) for name in said]
    other = staging.keep("other", rows.alias("new").join(there.alias("old"), same, "left_anti"))
    gone = staging.keep("gone", there.join(rows, ["id", "kind"], "left_anti").select("id", "kind"))
    if not other.isEmpty():
        writer.merge("duplicates", other.withColumns(signed), update_if="true")
    if not gone.isEmpty():
        writer.delete("duplicates", gone)
