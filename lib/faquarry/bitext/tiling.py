"""The three steps of `tiled` on Spark: what goes to which worker.

Blocks of vectors and lists of neighbours are staged as Parquet, and reach the workers through Spark, wherever the lake
lives. What a worker holds is bounded by the rectangle in the second step, and by two languages of one site in the third.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type

from faquarry.bitext.frames import Frames
from faquarry.bitext.plan import TILED_TASKS, UnitSize, rectangles
from faquarry.bitext.rows import ALIGNED
from faquarry.bitext.rules import Rules
from faquarry.bitext.tiled import BLOCK, COMPARED, PARTS, PLACED, blocks, compared, finished
from faquarry.config.settings import AlignSettings
from faquarry.spark.tasks import map_batches
from faquarry.vectors.search import neighbours

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Tiling"]


class Tiling:
    """Aligns large sites; bitexts are left in `staging`/bitexts."""

    def __init__(
        self, spark: SparkSession, frames: Frames, settings: AlignSettings, rules: Rules, staging: str
    ) -> None:
        self.spark, self.frames, self.settings = spark, frames, settings
        self.rules, self.staging = rules, staging

    def align(self, sites: Sequence[str]) -> None:
        """All three steps, one after the other."""
        pairs = self._staged(self.frames.comparable(self._table("site string", [(site,) for site in sites])), "pairs")
        counted = pairs.groupBy("site", "language").count().collect()
        units = sorted((UnitSize(*row) for row in counted), key=lambda unit: (unit.site, unit.language))
        stored = self._blocks(pairs, units)
        lists = self._compared(stored, units)
        self._finished(pairs, lists, units)

    def _blocks(self, pairs: DataFrame, units: Sequence[UnitSize]) -> DataFrame:
        numbered = [(unit.site, unit.language, number) for number, unit in enumerate(units)]
        names = F.broadcast(self._table("site string, language string, unit int", numbered))
        placed = pairs.select("site", "language", "id", "vector").join(names, ["site", "language"])
        placed = placed.repartitionById(len(units), F.col("unit")).sortWithinPartitions("site", "language", "id")
        block_rows = self.settings.block_rows

        def cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return blocks(batches, block_rows)

        found = map_batches(placed.select("site", "language", "vector"), cut, BLOCK, "align blocks")
        return self._staged(found, "blocks")

    def _compared(self, stored: DataFrame, units: Sequence[UnitSize]) -> DataFrame:
        k, block_rows, device = self.rules.k, self.settings.block_rows, self.settings.device
        total = sum(a.rows * b.rows for a, b in combinations(units, 2) if a.site == b.site)
        plan = rectangles(units, block_rows, max(self.settings.task_comparisons, total / TILED_TASKS))
        rows = [
            (number, side, rectangle.site, language, first, last - 1)
            for number, rectangle in enumerate(plan)
            for side, language, (first, last) in (
                (0, rectangle.language1, rectangle.left),
                (1, rectangle.language2, rectangle.right),
            )
        ]
        tasks = self._table("task int, side int, site string, language string, first int, last int", rows)
        wanted = tasks.select("task", "side", "site", "language", F.expr("explode(sequence(first, last)) AS block"))
        placed = stored.join(F.broadcast(wanted), ["site", "language", "block"])
        placed = placed.repartitionById(len(plan), F.col("task")).sortWithinPartitions("side", "block")

        def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return compared(batches, k, block_rows, neighbours(device=device))

        return self._staged(map_batches(placed.select(*PLACED.names), compare, COMPARED, "align compare"), "lists")

    def _finished(self, pairs: DataFrame, lists: DataFrame, units: Sequence[UnitSize]) -> None:
        meetings = [
            (one.site, one.language, other.language) for one, other in combinations(units, 2) if one.site == other.site
        ]
        numbered = [(*meeting, number) for number, meeting in enumerate(meetings)]
        tasks = F.broadcast(self._table("site string, language1 string, language2 string, task int", numbered))
        sides = []
        for kind, language in ((1, "language1"), (2, "language2")):
            names = tasks.select("site", F.col(language).alias("language"), "task")
            sides.append(pairs.join(names, ["site", "language"]).withColumn("kind", F.lit(kind)))
        both = sides[0].unionByName(sides[1])
        pages = self.frames.pages().join(tasks.select("site", "task"), "site").withColumn("kind", F.lit(0))
        mine = lists.join(tasks, ["site", "language1", "language2"]).withColumn("kind", F.lit(3))
        parts = [_filled(frame) for frame in (pages, both, mine)]
        placed = parts[0].unionByName(parts[1]).unionByName(parts[2]).repartitionById(len(meetings), F.col("task"))
        placed = placed.sortWithinPartitions("kind", "id", "page_id", "back", "start")
        rules = self.rules

        def finish(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return finished(batches, rules)

        found = map_batches(placed.select(*PARTS.names), finish, ALIGNED, "align finish")
        found.write.mode("append").parquet(f"{self.staging}/bitexts")

    def _staged(self, frame: DataFrame, name: str) -> DataFrame:
        """The rows of a frame, computed once."""
        path = f"{self.staging}/{name}"
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def _table(self, schema: str, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
        return self.spark.createDataFrame(list(rows), schema)


def _filled(frame: DataFrame) -> DataFrame:
    """The columns of PARTS and the task; those that a kind of row does not have are null."""
    absent = {
        field.name: F.lit(None).cast(from_arrow_type(field.type)) for field in PARTS if field.name not in frame.columns
    }
    return frame.withColumns(absent).select(*PARTS.names, "task")
