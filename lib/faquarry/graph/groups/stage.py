"""``faquarry graph --groups`` on Spark: documents to vectors on the executors, clusters on the driver, groups by joining both.

The encoder is one that was trained to tell linked documents from others (``faquarry train --recipe link``, step A of
WebDRO), or any other; as in the paper a document is its address, its title and its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import Settings
from faquarry.errors import NothingToRead
from faquarry.graph.groups.clusters import assigned, fitted, names
from faquarry.lake import Lake
from faquarry.lake.ledger import unchanged
from faquarry.lake.writer import LakeWriter, sql_in
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.vectors.find import find_model
from faquarry.vectors.halves import matrix_of
from faquarry.vectors.jobs import Job
from faquarry.vectors.model import ModelInfo
from faquarry.vectors.runtime import require_models_extra
from faquarry.vectors.spread import encode_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["GroupsStage"]

ASSIGNED = pa.schema([("url", pa.string()), ("cluster", pa.int32())])


@dataclass(frozen=True)
class GroupsStage:
    """Groups the documents of the web graph."""

    settings: Settings
    info: ModelInfo

    name: ClassVar[str] = "groups"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("documents",)
    writes: ClassVar[Sequence[str]] = ("groups",)
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings) -> GroupsStage:
        info = find_model(settings.groups.model, settings.embed)
        require_models_extra(info)
        return cls(settings, info)

    def shape(self) -> Mapping[str, Any]:
        return {**self.settings.groups.model_dump(), "revision": self.info.revision}

    @property
    def method(self) -> str:
        """How the groups are made, as the table says it."""
        wanted = self.settings.groups
        return (
            f"k-means {wanted.clusters}, at least {wanted.min_size}, seed {wanted.seed}, "
            f"{self.info.name}@{self.info.revision}"
        )

    def pending(self, lake: Lake) -> Work[None] | None:
        if not lake.holds_rows("documents"):
            raise NothingToRead(f"The lake {lake.uri} has no documents: faquarry graph SOURCE… finds some.")
        if unchanged(lake, self.name, fingerprint(self), self.reads, self.writes):
            return None
        return Work([f"documents into {self.settings.groups.clusters} groups by {self.info.name}."], None)

    def run(self, work: Work[None], context: Context) -> Outcome:
        writer, wanted = LakeWriter(context.lake, context.spark), self.settings.groups
        vectors, documents = self._encoded(writer, context)
        sample = _sample(vectors, min(documents, wanted.sample * wanted.clusters))
        context.progress.say(f"groups: {len(sample):,} of {documents:,} documents are clustered")
        centres = fitted(sample, wanted.clusters, wanted.seed)
        places = map_batches(vectors.select("id", "vector"), _assigning(centres), ASSIGNED, "groups")
        found = context.staging("clusters")
        places.write.mode("overwrite").parquet(found)
        clusters = context.spark.read.schema(from_arrow_schema(ASSIGNED)).parquet(found)
        rows = self._rows(clusters, len(centres), context)
        with context.exclusive():
            writer.replace_where("groups", rows, sql_in("method", [self.method]))
        for folder in (context.staging("vectors"), found):
            remove_folder(context.spark, folder)
        return Outcome(self._counts(context.lake))

    def _encoded(self, writer: LakeWriter, context: Context) -> tuple[DataFrame, int]:
        """-> the documents with their vectors, staged, and how many there are."""
        prefix = self.info.prefixes.get("answer", "")
        text = F.concat_ws(" ", *([F.lit(prefix)] if prefix else []), "url", "title", "text")
        rows = writer.frame("documents").select(
            F.col("url").alias("id"), F.lit("answer").alias("field"), F.md5(text).alias("text_hash"), text.alias("text")
        )
        found = rows.agg(F.count("*").alias("documents"), F.sum(F.length("text")).alias("chars")).first()
        assert found is not None
        count, chars = int(found["documents"]), int(found["chars"] or 0)
        job, settings = Job(self.info, ("answer",), self.info.tasks.get("answer")), self.settings.embed
        staging = context.staging("vectors")
        with context.progress.working("groups", count, "documents"):
            return encode_rows(rows, job, settings, staging, context.progress, chars=chars), count

    def _rows(self, clusters: DataFrame, count: int, context: Context) -> DataFrame:
        sizes = {row["cluster"]: row["count"] for row in clusters.groupBy("cluster").count().collect()}
        called = names([sizes.get(number, 0) for number in range(count)], self.settings.groups.min_size)
        together: dict[str, int] = {}
        for number, name in enumerate(called):
            together[name] = together.get(name, 0) + sizes.get(number, 0)
        listed = [(number, name, together[name]) for number, name in enumerate(called)]
        table = context.spark.createDataFrame(listed, "cluster int, group_id string, size bigint")
        return clusters.join(F.broadcast(table), "cluster").select(
            "url", F.lit(self.method).alias("method"), "group_id", "size", F.lit(context.run_id).alias("run_id")
        )

    def _counts(self, lake: Lake) -> dict[str, int]:
        found = lake.dataset("groups")
        assert found is not None
        mine = found.to_table(columns=["group_id"], filter=pc.field("method") == self.method)
        groups = pc.value_counts(mine.column("group_id")).to_pylist()
        merged = sum(one["counts"] for one in groups if one["values"] == "merged")
        return {"documents": mine.num_rows, "groups": len(groups) - (merged > 0), "merged": merged}


def _sample(vectors: DataFrame, size: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Vectors of the documents whose hashes come first: the same whatever the partitions. -> (size, d)"""
    chosen = vectors.select("text_hash", "id", "vector").orderBy("text_hash", "id").limit(size)
    column = pa.array([row["vector"] for row in chosen.collect()], pa.binary())
    return matrix_of(column).astype(np.float32)


def _assigning(centres: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    """The function that mapInArrow is given."""

    def assign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                found = assigned(matrix_of(batch.column("vector")).astype(np.float32), centres)
                yield pa.RecordBatch.from_arrays([batch.column("id"), pa.array(found, pa.int32())], schema=ASSIGNED)

    return assign
