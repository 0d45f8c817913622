"""The verb `embed` on Spark: vectors of texts that a model has not seen, then how close question and answer are.

A text is encoded once for the whole lake: rows that lack a vector are told by joins over hashes, those of texts that some
other pair had before take its vector, and the rest go to the workers sorted by hash, equal texts side by side. The rows
come back as Parquet (a plan with a Python function in it must not run twice), and are merged into `embeddings` by key, a
bounded amount of text at a time. Whatever a killed run has merged is not missing for the next one.

A pair that has left `qa` takes its vectors and its similarity along. Rows of other models stay.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import EmbedSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.ledger import unchanged
from faquarry.lake.tables import TABLES
from faquarry.lake.writer import LakeWriter
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.vectors.find import find_model
from faquarry.vectors.jobs import Job, before, jobs_of, left_over, missing_texts, outdated_pairs, text_sql
from faquarry.vectors.model import ModelInfo
from faquarry.vectors.runtime import require_models_extra
from faquarry.vectors.spread import encode_rows
from faquarry.vectors.task import SCORED, scored_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = ["EmbedStage", "Plan"]


@dataclass(frozen=True)
class Plan:
    """What is to be done: jobs with missing vectors, whether similarities are, whether rows lead nowhere."""

    jobs: tuple[Job, ...]
    similarity: bool
    left_over: bool


@dataclass(frozen=True)
class EmbedStage:
    """Embeds what the models of the settings have not seen."""

    settings: Settings
    align: ModelInfo
    retrieval: ModelInfo

    name: ClassVar[str] = "embed"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("qa",)
    writes: ClassVar[Sequence[str]] = ("embeddings", "similarity")
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings) -> EmbedStage:
        """Finds the models (no torch).

        Raises:
            UsageError: a model is unknown, damaged, or would run code of its own; or the extra `models` is missing.
            EnvironmentProblem: a hub cannot be reached.
        """
        align = find_model(settings.embed.align_model, settings.embed)
        same = settings.embed.retrieval_model == settings.embed.align_model
        retrieval = align if same else find_model(settings.embed.retrieval_model, settings.embed)
        for info in (align, retrieval):
            require_models_extra(info)
        return cls(settings, align, retrieval)

    @property
    def jobs(self) -> tuple[Job, ...]:
        return jobs_of(self.align, self.retrieval)

    def shape(self) -> Mapping[str, Any]:
        def shaping(info: ModelInfo) -> Mapping[str, Any]:
            told = {"name": info.name, "revision": info.revision, "prefixes": info.prefixes, "tasks": info.tasks}
            return {**told, "low": info.thresholds.low}

        return {"align": shaping(self.align), "retrieval": shaping(self.retrieval)}

    def pending(self, lake: Lake) -> Work[Plan] | None:
        if lake.delta("qa") is None:
            raise NothingToRead(f"The lake {lake.uri} has no table qa: faquarry extract makes it.")
        if unchanged(lake, self.name, fingerprint(self), self.reads, self.writes):
            return None
        missing = [(job, missing_texts(lake, job)) for job in self.jobs]
        new = [(job, found) for job, found in missing if found.rows != 0]
        similar = outdated_pairs(lake, self.retrieval) if not new else None
        gone = left_over(lake)
        if not new and not similar and not gone:
            return None
        summary = []
        for job, found in new:
            model = f"{job.info.name} ({job.info.revision}, {job.info.dim} dimensions)"
            fields = ", ".join(job.fields)
            if found.rows is None:
                summary.append(f"texts that {model} has not seen ({fields}).")
            else:
                summary.append(f"{found.texts:,} texts to encode for {found.rows:,} vectors of {model}: {fields}.")
        if similar:
            summary.append(f"{similar:,} similarities of question and answer.")
        if gone:
            summary.append(f"{gone:,} rows of pairs that have left qa.")
        return Work(summary, Plan(tuple(job for job, _ in new), bool(new or similar), bool(gone)))

    def run(self, work: Work[Plan], context: Context) -> Outcome:
        embedding = _Embedding(self.settings.embed, context)
        for table in self.writes:
            embedding.writer.ensure(table)
        for job in work.payload.jobs:
            embedding.embed(job)
        if work.payload.similarity:
            embedding.compare(self.retrieval)
        if work.payload.left_over:
            embedding.sweep()
        return Outcome(embedding.written())


class _Embedding:
    """One run of the stage."""

    def __init__(self, settings: EmbedSettings, context: Context) -> None:
        self.settings, self.context = settings, context
        self.lake, self.progress = context.lake, context.progress
        self.spark: SparkSession = context.spark
        self.writer = LakeWriter(context.lake, context.spark)
        self.counts = dict.fromkeys(("texts", "tokens", "padded_tokens", "removed"), 0)

    # -- vectors ---------------------------------------------------------------------------------------------------

    def embed(self, job: Job) -> None:
        """Gives every row of a job that lacks a vector its vector."""
        texts, chars = self._size(job)
        rounds = max(1, math.ceil(chars / self.settings.commit_chars))
        counts, started = dict(self.counts), time.monotonic()
        with self.progress.working(f"embed {job.info.name}", texts, "texts"):
            for number in range(rounds):
                mine = (F.pmod(F.xxhash64("text_hash"), F.lit(rounds)) == number) if rounds > 1 else F.lit(True)
                staging = self.context.staging(f"{'-'.join(job.fields)}-{number}")
                encoded = None
                if texts:
                    rows, already = (
                        self._unseen(job, self._missing(job).where(mine)),
                        self.counts["texts"] - counts["texts"],
                    )
                    share = math.ceil(chars / rounds)
                    encoded = encode_rows(
                        rows, job, self.settings, staging, self.progress, chars=share, already=already
                    )
                with self.context.exclusive():
                    self._commit(job, mine, encoded)
                remove_folder(self.spark, staging)
                self._advance(counts, started)

    def _missing(self, job: Job) -> DataFrame:
        """Rows (id, field, text_hash, text) that have no vector of their present text."""
        info = job.info

        def row(field: Any) -> Column:
            text = F.expr(text_sql(field))
            return F.struct(
                F.lit(field).alias("field"),
                F.md5(F.concat(F.lit(before(info, field)), text)).alias("text_hash"),
                F.concat(F.lit(info.prefixes.get(field, "")), text).alias("text"),
            )

        rows = self.writer.frame("qa").select("id", F.inline(F.array(*map(row, job.fields))))
        if not self._any("embeddings", info):
            return rows
        have = self._of_model("embeddings", info).select("id", "field", "text_hash")
        return rows.join(have, ["id", "field", "text_hash"], "left_anti")

    def _unseen(self, job: Job, missing: DataFrame) -> DataFrame:
        """Rows whose text the model has never encoded in this lake."""
        if not self._any("embeddings", job.info):
            return missing
        return missing.join(self._of_model("embeddings", job.info).select("text_hash"), "text_hash", "left_anti")

    def _size(self, job: Job) -> tuple[int, int]:
        """-> texts to encode, and their characters."""
        missing = self._missing(job).select("text_hash", F.length("text").alias("chars"))
        texts = self._unseen(job, missing).groupBy("text_hash").agg(F.max("chars").alias("chars"))
        found = texts.agg(F.count("*").alias("texts"), F.sum("chars").alias("chars")).first()
        assert found is not None
        return int(found["texts"]), int(found["chars"] or 0)

    def _commit(self, job: Job, mine: Column, encoded: DataFrame | None) -> None:
        """Merges rows that were just encoded, and those of texts that the model has encoded before."""
        info, columns = job.info, ("id", "field", "text_hash", "vector")
        rows = None
        if encoded is not None:
            sums = encoded.agg(F.count_if("encoded"), F.sum("tokens"), F.sum("padded")).first()
            assert sums is not None
            for name, value in zip(("texts", "tokens", "padded_tokens"), sums, strict=True):
                self.counts[name] += int(value or 0)
            rows = encoded.select(*columns)
        stale = False
        if self._any("embeddings", info):
            seen = self._of_model("embeddings", info)
            missing = self._missing(job).where(mine).select("id", "field", "text_hash")
            known = (
                seen.select("text_hash", "vector").join(missing, "text_hash", "left_semi").dropDuplicates(["text_hash"])
            )
            copied = missing.join(known, "text_hash").select(*columns)
            rows = copied if rows is None else rows.unionByName(copied.join(rows, ["id", "field"], "left_anti"))
            stale = not missing.join(seen, ["id", "field"], "left_semi").isEmpty()
        if rows is not None:
            signed = self._signed(rows, info).withColumn("dim", F.lit(info.dim))
            self.writer.merge("embeddings", signed, update_if="old.text_hash <> new.text_hash" if stale else None)

    def _advance(self, start: Mapping[str, int], started: float) -> None:
        """The bar by what was committed."""
        took = max(1e-3, time.monotonic() - started)
        done = {name: self.counts[name] - start[name] for name in ("texts", "tokens")}
        rates = {"texts/s": round(done["texts"] / took), "tokens/s": round(done["tokens"] / took)}
        self.progress.advance(to=done["texts"], tokens=done["tokens"], **rates)

    # -- similarity ------------------------------------------------------------------------------------------------

    def compare(self, info: ModelInfo) -> None:
        """Scores the pairs that have no similarity, or one that is older than their vectors."""
        vectors = self._of_model("embeddings", info)
        question = vectors.where("field = 'question'").select("id", F.col("vector").alias("question"), "run_id")
        answer = vectors.where("field = 'answer'").select(
            "id", F.col("vector").alias("answer"), F.col("run_id").alias("r")
        )
        due = question.join(answer, "id")
        older = self._any("similarity", info)
        scored = self._of_model("similarity", info).select("id", F.col("run_id").alias("scored"))
        if older:
            due = due.join(scored, "id", "left").where("scored IS NULL OR scored < greatest(run_id, r)")
        due = due.select("id", "question", "answer")
        staging = self.context.staging("similarity")
        map_batches(due, scored_batches, SCORED, "similarity").write.mode("overwrite").parquet(staging)
        rows = self.spark.read.schema(from_arrow_schema(SCORED)).parquet(staging)
        rows = rows.withColumn("low", F.col("score") < F.lit(info.thresholds.low).cast("float"))
        again = older and not rows.join(scored, "id", "left_semi").isEmpty()
        with self.context.exclusive():
            self.writer.merge("similarity", self._signed(rows, info), update_if="true" if again else None)
        remove_folder(self.spark, staging)

    def sweep(self) -> None:
        """Removes what belongs to pairs that are no longer in `qa`."""
        with self.context.exclusive():
            pairs = self.writer.frame("qa").select("id")
            for table in EmbedStage.writes:
                keys = self.writer.frame(table).select(*(TABLES[table].key or ())).join(pairs, "id", "left_anti")
                keys = keys.localCheckpoint()
                count = keys.count()
                if count:
                    self.writer.delete(table, keys)
                    self.counts["removed"] += count

    # -- inside ----------------------------------------------------------------------------------------------------

    def _of_model(self, table: str, info: ModelInfo) -> DataFrame:
        return self.writer.frame(table).where((F.col("model") == info.name) & (F.col("revision") == info.revision))

    def _any(self, table: str, info: ModelInfo) -> bool:
        """Whether a table has rows of a model at all: joins with nothing are left out."""
        return self.lake.holds_rows(table, (pc.field("model") == info.name) & (pc.field("revision") == info.revision))

    def written(self) -> dict[str, int]:
        """Counts of the run, of what stands in tables and was staged."""
        mine = pc.field("run_id") == self.context.run_id
        tables = {name: self.lake.dataset(name) for name in EmbedStage.writes}
        rows = {name: table.count_rows(filter=mine) for name, table in tables.items() if table is not None}
        low = tables["similarity"].count_rows(filter=mine & pc.field("low")) if tables["similarity"] else 0
        return {**self.counts, **rows, "low": low}

    def _signed(self, rows: DataFrame, info: ModelInfo) -> DataFrame:
        names = {"model": info.name, "revision": info.revision, "run_id": self.context.run_id}
        return rows.withColumns({name: F.lit(value) for name, value in names.items()})
