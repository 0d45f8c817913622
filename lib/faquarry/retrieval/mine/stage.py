"""The verb `mine` on Spark: hard negatives for the benchmark's training queries.

Five steps, a bounded number of queries at a time: the corpus is indexed in blocks that later runs use again; every query
gets its best answers of BM25, scored with the statistics of its whole language; guards rule out what may be right as well;
a scorer reads the rest beside the positive; margins choose. Hits and scores stay in `_candidates`, which is written last: a
query that stands there is done, one whose run was killed is not, and other rules choose again without searching again.
Source: WebFAQ 2.0, section on hard negatives (BM25 top 200, then a cross-encoder); guards, margins and blocks are ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.config.settings import MineSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.ask import ask
from faquarry.lake.ledger import unchanged
from faquarry.lake.writer import LakeWriter
from faquarry.retrieval.analyzer import VERSION as ANALYZER
from faquarry.retrieval.benchmark.stage import normal
from faquarry.retrieval.mine.asked import asked_sql
from faquarry.retrieval.mine.choose import Rules
from faquarry.retrieval.mine.guards import guards_of
from faquarry.retrieval.mine.plan import Asked, Slots, slots_of
from faquarry.retrieval.mine.task import MINED, WORK, mined
from faquarry.retrieval.search.blocks import Formula
from faquarry.retrieval.search.stage import Search
from faquarry.spark.devices import devices_of
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.spark.watching import tallied, without_coalescing
from faquarry.stage import Context, Outcome, Work, digest, fingerprint
from faquarry.vectors.find import find_model
from faquarry.vectors.model import ModelInfo
from faquarry.vectors.scoring import ScorerInfo, find_scorer, scoring

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

__all__ = ["MineStage"]

TASKS_A_CORE = 4  # that score, so that none ends long after the others


@dataclass(frozen=True)
class MineStage:
    """Mines negatives for queries that have none under these settings; `refresh`: for all, in today's corpus."""

    settings: Settings
    scorer: ScorerInfo
    encoder: ModelInfo
    refresh: bool = False

    name: ClassVar[str] = "mine"
    version: ClassVar[str] = "2"
    reads: ClassVar[Sequence[str]] = (
        "benchmark_corpus", "benchmark_queries", "benchmark_qrels", "qa", "occurrences", "duplicates", "embeddings"
    )  # fmt: skip
    writes: ClassVar[Sequence[str]] = ("negatives", "rejects")
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings, *, refresh: bool = False) -> MineStage:
        """Finds the scorer and the encoder of questions (no torch).

        Raises:
            UsageError: a model is unknown, damaged, or would run code of its own.
            EnvironmentProblem: a hub cannot be reached.
        """
        return cls(
            settings, find_scorer(settings.score), find_model(settings.embed.retrieval_model, settings.embed), refresh
        )

    @property
    def similar_from(self) -> float | None:
        """Cosine from which two questions say the same; None where questions are not compared."""
        mine = self.settings.mine
        if not mine.similar_question or mine.profile == "webfaq":
            return None
        return (
            mine.similar_question_from if mine.similar_question_from is not None else self.encoder.thresholds.semantic
        )

    @property
    def formula(self) -> Formula:
        mine = self.settings.mine
        return Formula(mine.k1, mine.b, mine.depth)

    @property
    def rules(self) -> Rules:
        mine = self.settings.mine
        if mine.profile == "webfaq":
            return Rules(keep=None, relative_margin=None)
        return Rules(**{name: getattr(mine, name) for name in Rules.__dataclass_fields__})

    def shape(self) -> Mapping[str, Any]:
        scorer = [self.scorer.name, self.scorer.revision, self.scorer.activation]
        mine = self.settings.mine
        asked = {"splits": mine.splits, **({} if mine.max_queries is None else {"most": mine.max_queries})}
        return {"search": self.searched, "settle": self.settled, "scorer": scorer, **asked}

    @property
    def searched(self) -> str:
        """Fingerprint of what decides which hits a query has."""
        return digest({"analyzer": ANALYZER, "formula": self.formula})

    @property
    def settled(self) -> str:
        """Fingerprint of what decides which hits become negatives."""
        similar = (
            [self.encoder.name, self.encoder.revision, self.similar_from] if self.similar_from is not None else None
        )
        guards = guards_of(self.settings.mine)
        return digest({"version": self.version, "guards": guards, "similar": similar, "rules": self.rules})

    def pending(self, lake: Lake) -> Work[None] | None:
        for table in ("benchmark_queries", "benchmark_corpus", "benchmark_qrels"):
            if lake.version(table) is None:
                raise NothingToRead(f"The lake {lake.uri} has no table {table}: faquarry benchmark makes it.")
        # `rejects` is other verbs' too: that it has moved says nothing of what was mined.
        done = not self.refresh and unchanged(lake, self.name, fingerprint(self), self.reads, ("negatives",))
        if done:
            return None
        counting = f"SELECT count(*) FROM benchmark_queries WHERE {asked_sql(lake, self.settings.mine)}"
        [(count,)] = ask(lake, ["benchmark_queries"], counting)
        if not count and lake.version("negatives") is None:
            return None
        which = "all of them" if self.refresh else "those that have none yet"
        summary = [
            f"negatives for {count:,} queries ({', '.join(self.settings.mine.splits)}), {which}; "
            f"BM25 finds {self.formula.depth}, {self.scorer.name} ({self.scorer.revision}) scores."
        ]
        return Work(summary, None)

    def run(self, work: Work[None], context: Context) -> Outcome:
        return _Mining(self, context).done()


class _Mining:
    """One run of the stage."""

    def __init__(self, stage: MineStage, context: Context) -> None:
        self.stage, self.context = stage, context
        self.settings: MineSettings = stage.settings.mine
        self.lake, self.progress = context.lake, context.progress
        self.spark: SparkSession = context.spark
        self.writer = LakeWriter(context.lake, context.spark)
        self.scorer = {"scorer": stage.scorer.name, "revision": f"{stage.scorer.revision} {stage.scorer.activation}"}
        self.search = Search(context, stage.formula, self.settings.block_documents, self.settings.task_queries)
        self.cores = self.spark.sparkContext.defaultParallelism
        self.devices = devices_of(self.spark, stage.scorer.kind, stage.settings.score.device)

    def done(self) -> Outcome:
        for table in (*MineStage.writes, "_blocks", "_candidates"):
            self.writer.ensure(table)
        asked = self.writer.frame("benchmark_queries").where(asked_sql(self.lake, self.settings))
        asked = asked.select("language", F.col("id").alias("query_id"), F.col("text").alias("query"))
        todo = self._todo(asked).localCheckpoint()
        count = todo.count()
        if count:
            self.search.update()
            self._describe()
            rounds = math.ceil(count / self.settings.commit_queries)
            with self.progress.working("mine", count, "queries"), without_coalescing(self.spark):
                for number in range(rounds):
                    mine = F.pmod(F.xxhash64("query_id"), F.lit(rounds)) == number if rounds > 1 else F.lit(True)
                    self._round(todo.where(mine), number)
            remove_folder(self.spark, self.context.staging("answers"))
        self._sweep()
        self._suspects()
        return Outcome(self._counts())

    # -- what is to be done ----------------------------------------------------------------------------------------

    def _todo(self, asked: DataFrame) -> DataFrame:
        """(language, query_id, query, search): queries that are not settled; whether BM25 must look."""
        if self.fresh:
            return asked.withColumn("search", F.lit(True))
        state = self._state().select("query_id", "searched", "settled")
        found = F.coalesce(F.col("searched") == self.stage.searched, F.lit(False)) & F.lit(not self.stage.refresh)
        chosen = found & (F.col("settled") == self.stage.settled)
        return (
            asked.join(state, "query_id", "left")
            .where(~chosen)
            .select("language", "query_id", "query", (~found).alias("search"))
        )

    @cached_property
    def fresh(self) -> bool:
        """Whether the lake knows nothing of this scorer yet."""
        mine = (pc.field("scorer") == self.scorer["scorer"]) & (pc.field("revision") == self.scorer["revision"])
        return not self.lake.holds_rows("_candidates", mine)

    def _state(self) -> DataFrame:
        rows = self.writer.frame("_candidates")
        return rows.where(reduce(lambda a, b: a & b, [F.col(name) == value for name, value in self.scorer.items()]))

    # -- the guards ------------------------------------------------------------------------------------------------

    def _describe(self) -> None:
        """What guards ask of an answer, over all pairs that give it; as Parquet: the columns of `WORK`."""

        def of(table: str, kind: str, *columns: str) -> DataFrame:
            return self.writer.frame(table).select("id", F.lit(kind).alias("kind"), F.xxhash64(*columns).alias("hash"))

        keys = of("occurrences", "pages", "page_id").unionByName(of("duplicates", "groups", "kind", "group_id"))
        keys = keys.unionByName(self._questions(), allowMissingColumns=True)
        pairs = self.writer.frame("qa").select(
            "language",
            "id",
            F.md5(normal("answer")).alias("answer_key"),
            F.xxhash64(normal("question")).alias("question"),
            F.xxhash64("site").alias("site"),
        )

        def gathered(kind: str) -> Column:
            return F.collect_set(F.when(F.col("kind") == kind, F.col("hash"))).alias(kind)

        answers = (
            pairs.join(keys, "id", "left")
            .groupBy("language", "answer_key")
            .agg(
                gathered("groups"),
                gathered("pages"),
                F.collect_set("question").alias("questions"),
                F.collect_set("site").alias("sites"),
                F.collect_set("vector").alias("vectors"),
            )
        )
        corpus = self.writer.frame("benchmark_corpus").select("language", "id", "text")
        corpus = corpus.withColumn("answer_key", F.md5(normal("text")))
        described = corpus.join(answers, ["language", "answer_key"], "left").drop("answer_key", "language")
        described.write.mode("overwrite").parquet(self.context.staging("answers"))

    def _questions(self) -> DataFrame:
        """(id, vector) of questions, where they are to be compared."""
        if self.stage.similar_from is None:
            return self.spark.createDataFrame([], "id string, vector binary")
        info, rows = self.stage.encoder, self.writer.frame("embeddings")
        mine = (F.col("model") == info.name) & (F.col("revision") == info.revision) & (F.col("field") == "question")
        return rows.where(mine).select("id", "vector")

    def _work(self, queries: DataFrame, hits: DataFrame) -> DataFrame:
        """Rows of `WORK`: the queries of a task, and before them each answer that one of them needs, once."""
        answers = self.spark.read.parquet(self.context.staging("answers"))
        qrels = self.writer.frame("benchmark_qrels").select("query_id", F.col("corpus_id").alias("positive_id"))
        slots = self._slots(queries)
        plan = F.broadcast(
            self.spark.createDataFrame([vars(one) for one in slots], "language string, slot int, parts int")
        )
        slot = (F.col("slot") + F.pmod(F.xxhash64("query_id"), "parts")).cast("int").alias("slot")
        asked = queries.select("language", "query_id", "query").join(plan, "language")
        asked = asked.select("language", "query_id", "query", slot).join(qrels, "query_id").join(hits, "query_id")
        wanted = asked.select("slot", F.explode(F.array_append("ids", F.col("positive_id"))).alias("id")).distinct()
        left = wanted.join(answers, "id").withColumn("kind", F.lit(0))
        right = asked.withColumn("kind", F.lit(1))
        if not self.fresh:
            right = right.join(self._known(queries), "query_id", "left")
        if self.stage.similar_from is not None:
            right = right.join(self._questions().withColumnRenamed("id", "query_id"), "query_id", "left")
        right = right.withColumnsRenamed({"query_id": "id", "query": "text"})
        rows = self.spark.createDataFrame([], from_arrow_schema(WORK).add("slot", "integer"))
        rows = rows.unionByName(left, allowMissingColumns=True).unionByName(right, allowMissingColumns=True)
        rows = rows.repartitionById(slots[-1].slot + slots[-1].parts, F.col("slot"))
        return rows.sortWithinPartitions("kind", "language", "id").select(*WORK.names)

    def _slots(self, queries: DataFrame) -> list[Slots]:
        documents = dict(
            ask(self.lake, ("benchmark_corpus",), "SELECT language, count(*) FROM benchmark_corpus GROUP BY 1")
        )
        sizes = {row["language"]: row["count"] for row in queries.groupBy("language").count().collect()}
        asked = [Asked(name, size, documents.get(name, 0)) for name, size in sizes.items()]
        tasks = self.devices.shared or TASKS_A_CORE * self.cores
        return slots_of(asked, self.stage.formula.depth, tasks)

    def _known(self, queries: DataFrame) -> DataFrame:
        """(query_id, known_ids, known_scores, known_positive): what earlier runs have left."""
        names = {"ids": "known_ids", "scores": "known_scores", "pos_score": "known_positive"}
        state = self._state().join(queries.select("query_id"), "query_id", "left_semi")
        return state.select("query_id", *names).withColumnsRenamed(names)

    # -- a round ---------------------------------------------------------------------------------------------------

    def _round(self, queries: DataFrame, number: int) -> None:
        """Searches, scores and settles some queries, and commits what came of them."""
        stage = self.stage
        sizes = {row["search"]: row["count"] for row in queries.groupBy("search").count().collect()}
        found, staging = self.context.staging(f"hits-{number}"), self.context.staging(f"mined-{number}")
        hits = []
        if sizes.get(True):
            hits.append(self.search.hits(queries.where("search"), found))
        if sizes.get(False):
            before = self._state().join(queries.where("NOT search"), "query_id", "left_semi")
            hits.append(before.select("language", "query_id", "ids", "bm25_scores"))
        rules, guards, similar_from = stage.rules, guards_of(self.settings), stage.similar_from
        info, settings = stage.scorer, stage.settings.score
        found_hits = reduce(DataFrame.unionByName, hits).select("query_id", "ids", "bm25_scores")
        rows = self._work(queries, found_hits)

        def look(pairs: int, tokens: int, seconds: float) -> None:
            self.progress.advance(**{"pairs/s": round(pairs / seconds), "tokens/s": round(tokens / seconds)})

        with tallied(self.spark, look, ("pairs", "tokens")) as count:
            score = scoring(info, settings, count)
            mine = partial(mined, score=score, rules=rules, guards=guards, similar_from=similar_from)
            results = map_batches(rows, mine, MINED, "mine", profile=self.devices.profile)
            results.write.mode("overwrite").parquet(staging)
        results = self.spark.read.schema(from_arrow_schema(MINED)).parquet(staging)
        with self.context.exclusive():
            self._commit(results)
        for folder in (found, staging):
            remove_folder(self.spark, folder)
        self.progress.advance(sum(sizes.values()))

    def _commit(self, results: DataFrame) -> None:
        signed = self._signed(results)
        scorer = self.stage.scorer
        named = {"scorer": scorer.name, "revision": scorer.revision, "activation": scorer.activation}
        negatives = signed.where("outcome = 'mined'").withColumns({name: F.lit(value) for name, value in named.items()})
        there = self.lake.holds_rows("negatives")
        self.writer.merge("negatives", negatives, update_if="true")
        if there:
            self.writer.delete("negatives", signed.where("outcome <> 'mined'").select("query_id"))
        state = {**self.scorer, "searched": self.stage.searched, "settled": self.stage.settled}
        candidates = signed.withColumn("bm25_scores", F.col("candidate_scores"))
        candidates = candidates.withColumns({name: F.lit(value) for name, value in state.items()})
        self.writer.merge("_candidates", candidates, update_if="true")

    # -- afterwards ------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Removes what belongs to queries that are asked no more."""
        asked = f"(SELECT id AS query_id FROM benchmark_queries WHERE {asked_sql(self.lake, self.settings)})"
        for table, key in (("negatives", "query_id"), ("_candidates", "query_id, scorer, revision")):
            query = f"SELECT {key} FROM {table} ANTI JOIN {asked} USING (query_id)"
            gone = ask(self.lake, ("benchmark_queries", table), query)
            if gone:
                keys = self.spark.createDataFrame(gone, ", ".join(f"{name} string" for name in key.split(", ")))
                with self.context.exclusive():
                    self.writer.delete(table, keys)

    def _suspects(self) -> None:
        """Positives that score too low, as rejects of this stage."""
        query = """SELECT url, question, answer, pos_score FROM _candidates JOIN qa ON query_id = id
                   WHERE outcome = 'suspect' AND scorer = $scorer AND _candidates.revision = $revision"""
        told = f"with {self.stage.scorer.name}, less than mine.min_positive."
        rows = [
            {"url": url, "question": question, "answer": answer, "detail": f"The answer scores {score:.3f} {told}"}
            for url, question, answer, score in ask(self.lake, ("_candidates", "qa"), query, self.scorer)
        ]
        there = ask(self.lake, ("rejects",), "SELECT url, question, answer, detail FROM rejects WHERE stage = 'mine'")
        if sorted(map(str, there)) == sorted(str(tuple(row.values())) for row in rows):
            return
        signed = {"stage": "mine", "reason": "suspect", "run_id": self.context.run_id}
        with self.context.exclusive():
            frame = self.writer.from_rows("rejects", [{**row, **signed} for row in rows])
            self.writer.replace_where("rejects", frame, "stage = 'mine'")

    def _counts(self) -> dict[str, int]:
        """What this run has done, from what it has written."""
        mine = {"run_id": self.context.run_id}
        of = "FROM _candidates WHERE run_id = $run_id"
        tables = ("_candidates", "negatives")
        outcomes = dict(ask(self.lake, tables, f"SELECT outcome, count(*) {of} GROUP BY 1", mine))
        guards = f"SELECT guard, count(*) FROM (SELECT unnest(ruled_out) AS guard {of}) WHERE guard <> '' GROUP BY 1"
        negatives = "SELECT coalesce(sum(len(negative_ids)), 0) FROM negatives WHERE run_id = $run_id"
        return {
            "queries": sum(outcomes.values()),
            **{name: outcomes.get(name, 0) for name in ("mined", "suspect", "none")},
            "negatives": int(ask(self.lake, tables, negatives, mine)[0][0]),
            **{f"ruled_out_{guard}": count for guard, count in sorted(ask(self.lake, tables, guards, mine))},
        }

    def _signed(self, rows: DataFrame) -> DataFrame:
        return rows.withColumn("run_id", F.lit(self.context.run_id))
