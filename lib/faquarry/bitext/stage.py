"""The verb `align` on Spark: the same pair in other languages, site by site.

What is new is told by site: a digest over its pairs, their pages and their vectors, kept in `_aligned`. Sites with another
digest are aligned again and replaced; the others are not touched. Small sites are packed into tasks of equal cost, and a
worker holds one at a time; of large ones every worker gets tiles (see `tiled`). Rows are staged as Parquet once, merged
into `bitexts`, what no longer holds is removed, and the digests are written last: cut anywhere, the next run does the same
sites again and ends the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.bitext.frames import Frames
from faquarry.bitext.plan import SiteSize, packed, task_count
from faquarry.bitext.rows import ALIGNED, ROW, aligned_sites
from faquarry.bitext.rules import Rules, rules_of
from faquarry.bitext.tiling import Tiling
from faquarry.config.settings import Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.ledger import unchanged
from faquarry.lake.tables import BITEXTS
from faquarry.lake.writer import LakeWriter
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.spark.watching import without_coalescing
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.vectors.find import find_model
from faquarry.vectors.model import ModelInfo
from faquarry.vectors.search import neighbours

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["AlignStage"]

STATE = "_aligned"
OWN = ("run_id",)


@dataclass(frozen=True)
class AlignStage:
    """Aligns the sites whose pairs, pages or vectors have changed."""

    settings: Settings
    model: ModelInfo
    retrieval: ModelInfo

    name: ClassVar[str] = "align"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("qa", "pages", "embeddings", "duplicates", "similarity")
    writes: ClassVar[Sequence[str]] = ("bitexts",)
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings) -> AlignStage:
        """Finds the models (no torch).

        Raises:
            UsageError: a model is unknown or damaged.
            EnvironmentProblem: a hub cannot be reached.
        """
        model = find_model(settings.embed.align_model, settings.embed)
        same = settings.embed.retrieval_model == settings.embed.align_model
        return cls(settings, model, model if same else find_model(settings.embed.retrieval_model, settings.embed))

    @property
    def rules(self) -> Rules:
        return rules_of(self.settings.align, self.model.thresholds)

    def shape(self) -> Mapping[str, Any]:
        rules = self.rules
        chosen = {
            "profile",
            "scopes",
            "evidence",
            "margin",
            "neighbours",
            "equal_questions",
            "equal_answers",
            "drop_low",
        }
        return {
            "model": (self.model.name, self.model.revision),
            "retrieval": (self.retrieval.name, self.retrieval.revision),
            "thresholds": (rules.keep, rules.publish, rules.min_confidence, rules.publish_confidence),
            "text": rules.min_text_confidence,
            "weights": rules.weights.version if rules.weights else None,
            "settings": self.settings.align.model_dump(mode="json", include=chosen),
        }

    def pending(self, lake: Lake) -> Work[None] | None:
        mine = (pc.field("model") == self.model.name) & (pc.field("revision") == self.model.revision)
        if not lake.holds_rows("embeddings", mine & (pc.field("field") == "qa")):
            raise NothingToRead(
                f"The lake {lake.uri} has no vectors of {self.model.name} ({self.model.revision}): faquarry embed makes them."
            )
        if unchanged(lake, self.name, fingerprint(self), self.reads, self.writes):
            return None
        known = lake.delta(STATE) is not None
        return Work([f"{'sites that have changed' if known else 'all sites'}, by {self.model.name}."], None)

    def run(self, work: Work[None], context: Context) -> Outcome:
        return _Aligning(self, context).done()


class _Aligning:
    """One run of the stage."""

    def __init__(self, stage: AlignStage, context: Context) -> None:
        self.stage, self.context = stage, context
        self.settings, self.rules = stage.settings.align, stage.rules
        self.spark: SparkSession = context.spark
        self.writer = LakeWriter(context.lake, context.spark)
        self.staging = context.staging("align")
        self.frames = Frames(self.writer, self.settings, stage.model, stage.retrieval, fingerprint(stage))

    def done(self) -> Outcome:
        for table in (*AlignStage.writes, STATE):
            self.writer.ensure(table)
        sites = self.frames.sites().where("NOT (digest <=> before)").localCheckpoint()
        changed, gone = sites.where("digest IS NOT NULL"), sites.where("digest IS NULL").select("site")
        sizes = [SiteSize(*row) for row in changed.select("site", "languages", "rows", "comparisons").collect()]
        if sizes:
            self._stage(sizes)
        redone = sites.select("site")
        with self.context.exclusive():
            if sizes or not gone.isEmpty():
                self._commit(redone, bool(sizes))
                self._remember(changed, gone)
        if sizes:
            remove_folder(self.spark, self.staging)
        return Outcome(self._written(sizes))

    def _stage(self, sizes: Sequence[SiteSize]) -> None:
        """Leaves the bitexts of these sites as Parquet."""
        small = [size for size in sizes if size.rows <= self.settings.tiled_above]
        large = [size.site for size in sizes if size.rows > self.settings.tiled_above]
        total = sum(size.comparisons for size in sizes)
        with self.context.progress.working("align", total, "comparisons"), without_coalescing(self.spark):
            if small:
                self._align_small(small)
                self.context.progress.advance(sum(size.comparisons for size in small))
            if large:
                Tiling(self.spark, self.frames, self.settings, self.rules, self.staging).align(large)
            self.context.progress.advance(to=total)

    def _align_small(self, sizes: Sequence[SiteSize]) -> None:
        tasks = packed(sizes, task_count([s.cost for s in sizes], self.settings.task_comparisons, self._parallelism()))
        rows = self.frames.rows(self._table("site string, task int", list(tasks.items())))
        count = max(tasks.values()) + 1
        placed = rows.repartitionById(count, F.col("task")).sortWithinPartitions("site", "kind", "language", "id")
        rules, device = self.rules, self.settings.device

        def align(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return aligned_sites(batches, rules, neighbours(device=device))

        found = map_batches(placed.select(*ROW.names), align, ALIGNED, "align")
        found.write.mode("append").parquet(f"{self.staging}/bitexts")

    def _commit(self, redone: DataFrame, any_rows: bool) -> None:
        """Puts what was staged in the place of what the table has of these sites."""
        key = list(BITEXTS.key or ())
        schema = from_arrow_schema(ALIGNED)
        path = f"{self.staging}/bitexts"
        staged = self.spark.read.schema(schema).parquet(path) if any_rows else self.spark.createDataFrame([], schema)
        rows = staged.withColumns({name: F.lit(value) for name, value in self._signature().items()})
        before = self.frames.bitexts().join(redone.withColumnRenamed("site", "site1"), "site1", "left_semi")
        stale = (
            before.where("scope <> 'global'").select(*key).join(rows.select(*key), key, "left_anti").localCheckpoint()
        )
        compared = [name for name in BITEXTS.columns if name not in key and name not in OWN]
        differs = " OR ".join(f"NOT (old.{name} <=> new.{name})" for name in compared)
        self.writer.merge("bitexts", rows, update_if=differs, delete=None if stale.isEmpty() else stale)

    def _remember(self, changed: DataFrame, gone: DataFrame) -> None:
        signed = changed.withColumns({name: F.lit(value) for name, value in self._signature().items()})
        left = self.frames.state().join(gone.select("site"), "site", "left_semi").select("site", "model", "revision")
        self.writer.merge(STATE, signed, update_if="true", delete=None if gone.isEmpty() else left.localCheckpoint())

    def _signature(self) -> dict[str, str]:
        model = self.stage.model
        return {"model": model.name, "revision": model.revision, "run_id": self.context.run_id}

    def _written(self, sizes: Sequence[SiteSize]) -> dict[str, int]:
        table = self.context.lake.dataset("bitexts")
        mine = pc.field("run_id") == self.context.run_id
        rows = table.count_rows(filter=mine) if table is not None else 0
        published = table.count_rows(filter=mine & pc.field("published")) if table is not None else 0
        compared = sum(size.comparisons for size in sizes)
        return {"sites": len(sizes), "comparisons": compared, "bitexts": rows, "published": published}

    def _parallelism(self) -> int:
        return int(self.spark.sparkContext.defaultParallelism)

    def _table(self, schema: str, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
        return self.spark.createDataFrame(list(rows), schema)
