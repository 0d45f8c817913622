"""The verb `label` on Spark: a topic and a question type for every pair that has none by the present heads.

Heads that look at vectors read those of `embeddings` and never encode: they take what `embed` left. All of them go over
the pairs together. A head that is a transformer reads the texts. Rows come back as Parquet (a plan with a Python function in
it must not run twice) and are merged by key in one transaction a pass, so that a killed run leaves whole passes or nothing.

A pair that has left `qa` takes its labels along. Labels of other heads stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import LabelSettings, Settings
from faquarry.errors import NothingToRead, UsageError
from faquarry.labels.find import AnyHead, find_heads, misfits
from faquarry.labels.head import Head
from faquarry.labels.plan import due_rows, has_vectors
from faquarry.labels.task import LABELLED, label_vectors
from faquarry.labels.transformer import TransformerHead
from faquarry.labels.worker import classifying
from faquarry.lake import Lake
from faquarry.lake.ledger import unchanged
from faquarry.lake.tables import TABLES
from faquarry.lake.writer import LakeWriter
from faquarry.spark.devices import devices_of
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.vectors.find import find_model
from faquarry.vectors.model import ModelInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["LabelStage", "Plan"]


@dataclass(frozen=True)
class Plan:
    """The heads that have something to do, and whether rows lead nowhere."""

    heads: tuple[AnyHead, ...]
    left_over: bool


@dataclass(frozen=True)
class LabelStage:
    """Labels what the heads of the settings have not labelled."""

    settings: Settings
    heads: tuple[AnyHead, ...]
    encoder: ModelInfo

    name: ClassVar[str] = "label"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("qa", "embeddings")
    writes: ClassVar[Sequence[str]] = ("labels",)
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings) -> LabelStage:
        """Finds heads and encoder (no torch).

        Raises:
            UsageError: a head is absent or damaged, or belongs to another encoder than embed.retrieval_model.
        """
        why = cls.misfit(settings)
        if why is not None:
            raise UsageError(why)
        return cls(settings, find_heads(settings.label), find_model(settings.embed.retrieval_model, settings.embed))

    @staticmethod
    def misfit(settings: Settings) -> str | None:
        """Why the heads cannot label what the encoder of the settings makes; None when they can. Raises as `of` does."""
        return misfits(find_heads(settings.label), find_model(settings.embed.retrieval_model, settings.embed))

    def shape(self) -> Mapping[str, Any]:
        return {"heads": [[head.taxonomy, head.name, head.revision] for head in self.heads]}

    def pending(self, lake: Lake) -> Work[Plan] | None:
        if lake.delta("qa") is None:
            raise NothingToRead(f"The lake {lake.uri} has no table qa: faquarry extract makes it.")
        if unchanged(lake, self.name, fingerprint(self), self.reads, self.writes):
            return None
        if any(isinstance(head, Head) for head in self.heads) and not has_vectors(lake, self.encoder):
            raise NothingToRead(
                f"The lake {lake.uri} has no vectors of {self.encoder.name} ({self.encoder.revision}): faquarry embed makes "
                "them."
            )
        due = due_rows(lake, self.heads, self.encoder)
        busy = [(head, count) for head, count in zip(self.heads, due.missing, strict=True) if count != 0]
        if not busy and not due.left_over:
            return None
        summary = [
            f"{'pairs' if count is None else f'{count:,} pairs'} without a {head.taxonomy} by {head.name} ({head.revision})."
            for head, count in busy
        ]
        if due.left_over:
            summary.append(f"{due.left_over:,} labels of pairs that have left qa.")
        if due.unseen:
            summary.append(
                f"{due.unseen:,} pairs have no vectors of {self.encoder.name} yet: faquarry embed makes them."
            )
        return Work(summary, Plan(tuple(head for head, _ in busy), bool(due.left_over)))

    def run(self, work: Work[Plan], context: Context) -> Outcome:
        labelling = _Labelling(self.settings.label, self.encoder, context)
        labelling.writer.ensure("labels")
        linear = tuple(head for head in work.payload.heads if isinstance(head, Head))
        passes: list[tuple[AnyHead, ...]] = [linear] if linear else []
        passes += [(head,) for head in work.payload.heads if not isinstance(head, Head)]
        with context.progress.working("label", len(passes), "passes"):
            for heads in passes:
                labelling.label(heads)
                context.progress.advance(1)
        if work.payload.left_over:
            labelling.sweep()
        return Outcome(labelling.written(self.heads))


class _Labelling:
    """One run of the stage."""

    def __init__(self, settings: LabelSettings, encoder: ModelInfo, context: Context) -> None:
        self.settings, self.encoder, self.context = settings, encoder, context
        self.lake = context.lake
        self.spark: SparkSession = context.spark
        self.writer = LakeWriter(context.lake, context.spark)
        self.removed = 0

    def label(self, heads: Sequence[AnyHead]) -> None:
        """Gives the pairs their labels by heads that read the same."""
        due, again = self._due(heads)
        staging = self.context.staging("-".join(head.taxonomy for head in heads))
        columns = [c for c in due.columns if c not in ("made", "stale")]
        kind = "packaged" if isinstance(heads[0], Head) else "transformer"
        profile = devices_of(self.spark, kind, self.settings.device).profile
        work = _labelling(heads, self.settings)
        labelled = map_batches(due.select(*columns), work, LABELLED, "label", profile=profile)
        labelled.write.mode("overwrite").parquet(staging)
        rows = self.spark.read.schema(from_arrow_schema(LABELLED)).parquet(staging)
        rows = rows.withColumn("run_id", F.lit(self.context.run_id))
        with self.context.exclusive():
            self.writer.merge("labels", rows, update_if="true" if again else None)
        remove_folder(self.spark, staging)

    def _due(self, heads: Sequence[AnyHead]) -> tuple[DataFrame, bool]:
        """Pairs and the numbers of the heads that have no present label of them; whether some have an older one."""
        frame = self._pairs() if isinstance(heads[0], Head) else self.writer.frame("qa")
        if not isinstance(heads[0], Head):
            frame = frame.select("id", "question", "answer", F.col("run_id").alias("made"))
        numbers, stale = [], F.lit(False)
        for number, head in enumerate(heads):
            column = f"labelled_{number}"
            mine = (F.col("taxonomy") == head.taxonomy) & (F.col("model") == head.name)
            labels = self.writer.frame("labels").where(mine & (F.col("revision") == head.revision))
            frame = frame.join(labels.select("id", F.col("run_id").alias(column)), "id", "left")
            numbers.append(F.when(F.col(column).isNull() | (F.col(column) < F.col("made")), F.lit(number)))
            stale = stale | (F.col(column).isNotNull() & (F.col(column) < F.col("made")))
        due = frame.withColumns({"due": F.array_compact(F.array(*numbers)), "stale": stale}).where(F.size("due") > 0)
        due = due.drop(*(f"labelled_{number}" for number in range(len(heads))))
        found = self.lake.dataset("labels")
        again = found is not None and found.count_rows() > 0 and not due.where("stale").isEmpty()
        return due, again

    def _pairs(self) -> DataFrame:
        """Pairs with both vectors, and the run that wrote the younger of them (`made`)."""
        mine = (F.col("model") == self.encoder.name) & (F.col("revision") == self.encoder.revision)
        vectors = self.writer.frame("embeddings").where(mine)

        def field(name: str) -> DataFrame:
            mine = vectors.where(F.col("field") == name)
            return mine.select("id", F.col("vector").alias(f"{name}_vector"), F.col("run_id").alias(f"{name}_made"))

        pairs = self.writer.frame("qa").select("id", "question", "answer")
        both = pairs.join(field("question"), "id").join(field("answer"), "id")
        return both.withColumn("made", F.greatest("question_made", "answer_made")).drop("question_made", "answer_made")

    def sweep(self) -> None:
        """Removes labels of pairs that are no longer in `qa`."""
        with self.context.exclusive():
            pairs = self.writer.frame("qa").select("id")
            keys = self.writer.frame("labels").select(*(TABLES["labels"].key or ())).join(pairs, "id", "left_anti")
            keys = keys.localCheckpoint()
            self.removed = keys.count()
            if self.removed:
                self.writer.delete("labels", keys)

    def written(self, heads: Sequence[AnyHead]) -> dict[str, int]:
        """Labels by taxonomy that stand in the table and are of this run."""
        table = self.lake.dataset("labels")
        mine = pc.field("run_id") == self.context.run_id
        counts = {
            head.taxonomy: 0
            if table is None
            else table.count_rows(filter=mine & (pc.field("taxonomy") == head.taxonomy))
            for head in heads
        }
        return {**counts, "removed": self.removed}


def _labelling(heads: Sequence[AnyHead], settings: LabelSettings) -> Any:
    """The function that mapInArrow is given."""
    linear = [head for head in heads if isinstance(head, Head)]
    whole = [head for head in heads if isinstance(head, TransformerHead)]
    if whole:
        return classifying(whole[0], settings)

    def by_vectors(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from label_vectors(batches, linear)

    return by_vectors
