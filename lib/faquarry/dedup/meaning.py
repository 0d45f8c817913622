"""Which questions of a site say the same in other words: cosines of their vectors, on Spark.

A place (site and language) is looked at when something in it has changed since it was settled: a pair came or left, its
vector or its standing is another one. The rows of all other places stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from faquarry.dedup.groups import grouped
from faquarry.dedup.representatives import represented, standing
from faquarry.dedup.staging import Staging
from faquarry.dedup.tiles import COSINES, EDGES, TILE_ROWS, compare_tiles, cosines
from faquarry.lake.writer import LakeWriter
from faquarry.spark.tasks import map_batches
from faquarry.vectors.model import ModelInfo

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["Meaning"]

_TASK_ROWS = 64 * TILE_ROWS


@dataclass(frozen=True)
class Meaning:
    """One run over the vectors of a lake. `made_with` names the rule: what another one settled counts as unsettled."""

    writer: LakeWriter
    qa: DataFrame
    staging: Staging
    run_id: str
    made_with: str
    model: ModelInfo
    threshold: float

    def rows(self, driver_edges: int) -> tuple[DataFrame, DataFrame]:
        """-> rows (kind, id, group_id, keep, similarity) of the whole lake, and the places as they are now."""
        members = self._members()
        places = self.staging.keep("places", members.groupBy("place").agg(F.count("*").alias("size"), _content()))
        settled = self.writer.frame("_places").where(F.col("made_with") == self.made_with)
        touched = places.where("size > 1").join(settled, ["place", "content"], "left_anti").select("place", "size")
        touched = self.staging.keep("touched", touched)
        old = self.writer.frame("duplicates").where("kind = 'semantic'")
        calm = members.join(touched, "place", "left_anti").select("id")
        said = ("kind", "id", "group_id", "keep", "similarity")
        standing_rows = old.join(calm, "id", "left_semi").select(*said)
        return standing_rows.unionByName(self._found(members, touched, driver_edges).select(*said)), places

    def forget(self) -> None:
        """Drops what other rules have settled: their rows of `duplicates` are about to go."""
        others = self.writer.frame("_places").where(F.col("made_with") != self.made_with).select("place")
        if not others.isEmpty():
            self.writer.delete("_places", others.localCheckpoint())

    def settle(self, places: DataFrame) -> None:
        """Remembers the places that `duplicates` now speaks of."""
        marks = {"made_with": F.lit(self.made_with), "run_id": F.lit(self.run_id)}
        known = self.writer.frame("_places").select("place", "content")
        new = places.join(known, ["place", "content"], "left_anti").localCheckpoint()
        if not new.isEmpty():
            self.writer.merge("_places", new.withColumns(marks), update_if="true")
        gone = known.join(places, "place", "left_anti").select("place").localCheckpoint()
        if not gone.isEmpty():
            self.writer.delete("_places", gone)

    def _vectors(self) -> DataFrame:
        ours = (F.col("model") == self.model.name) & (F.col("revision") == self.model.revision)
        return self.writer.frame("embeddings").where(ours & (F.col("field") == "question"))

    def _members(self) -> DataFrame:
        """(id, place, text_hash and what the standing of a pair follows from) of pairs with a vector."""
        placed = self.qa.select(
            "id",
            F.xxhash64("site", "language").alias("place"),
            "fetched_at",
            F.length("url").alias("url"),
            F.length("answer").alias("answer"),
        )
        return placed.join(self._vectors().select("id", "text_hash"), "id")

    def _rows_of(self, groups: DataFrame) -> DataFrame:
        rows = self.qa.select("id", "fetched_at", "answer", F.length("url").alias("url_length"))
        return rows.join(groups.select("id").distinct(), "id", "left_semi")

    def _found(self, members: DataFrame, touched: DataFrame, driver_edges: int) -> DataFrame:
        tiled = members.join(touched, "place").select(
            "id", "place", F.ceil(F.col("size") / TILE_ROWS).cast("int").alias("tiles")
        )
        tiled = tiled.withColumn("tile", F.pmod(F.xxhash64("id"), F.col("tiles")).cast("int"))
        met = tiled.withColumn("other", F.explode(F.sequence(F.lit(0), F.col("tiles") - 1)))
        met = met.select(
            *("place", F.least("tile", "other").alias("low"), F.greatest("tile", "other").alias("high"), "tile", "id")
        )
        vectors = self._vectors().select("id", "vector")
        size = touched.agg(F.sum(F.col("size") * F.ceil(F.col("size") / TILE_ROWS))).first()
        tasks = max(self.writer.spark.sparkContext.defaultParallelism, int((size and size[0]) or 0) // _TASK_ROWS)
        met = met.join(vectors, "id").repartition(tasks, "place", "low", "high")
        met = met.sortWithinPartitions("place", "low", "high", "id").select(
            "place", "low", "high", "tile", "id", "vector"
        )
        threshold = self.threshold
        edges = map_batches(met, lambda batches: compare_tiles(batches, threshold), EDGES, "compare tiles")
        groups = grouped(edges, self.staging, driver_edges).withColumn("kind", F.lit("semantic"))
        chosen = self.staging.keep("semantic", represented(standing(self._rows_of(groups), groups)))
        pairs = chosen.where("NOT keep").select(
            F.least("id", "representative").alias("id1"), F.greatest("id", "representative").alias("id2"), "id"
        )
        one, other = (vectors.toDF(f"id{side}", f"vector{side}") for side in (1, 2))
        scored = pairs.select("id1", "id2").distinct().join(one, "id1").join(other, "id2")
        scored = map_batches(scored.select("id1", "id2", "vector1", "vector2"), cosines, COSINES, "cosines")
        scored = self.staging.keep("cosines", scored).join(pairs, ["id1", "id2"]).select("id", "similarity")
        return chosen.join(scored, "id", "left").withColumn(
            "similarity", F.coalesce("similarity", F.lit(1.0).cast("float"))
        )


def _content() -> Column:
    """A number that changes when anything in a place does, in whatever order its rows come."""
    row = F.xxhash64("id", "text_hash", "fetched_at", "url", "answer")
    return F.sum(row.cast("decimal(38,0)")).cast("string").alias("content")
