"""The verb `benchmark` on Spark: queries, corpus and relevance judgements of every language with enough sites.

Test and dev queries are drawn by a hash of the id, one a site, and stay what they are when the lake grows. Whatever tells
of them is kept out of the other splits: the same question or answer, a duplicate of any kind, a translation, and what is one
of these to one of these. The stage asks its own tables for leaks before it ends. Source: WebFAQ (Dinzinger et al. 2025),
section on retrieval; the closure and the dev split are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.sql import Window
from pyspark.sql import functions as F

from faquarry.config.settings import BenchmarkSettings, Settings
from faquarry.errors import LakeError, NothingToRead
from faquarry.lake import Lake
from faquarry.lake.ledger import unchanged
from faquarry.lake.writer import LakeWriter
from faquarry.stage import Context, Outcome, Work, fingerprint

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["BenchmarkStage", "normal"]

MAX_STEPS = 50  # of the closure; translations of translations of … end long before


@dataclass(frozen=True)
class BenchmarkStage:
    """Builds the benchmark of every language with enough sites and pairs."""

    settings: Settings

    name: ClassVar[str] = "benchmark"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("qa", "duplicates", "bitexts")
    writes: ClassVar[Sequence[str]] = ("benchmark_corpus", "benchmark_queries", "benchmark_qrels")
    on_spark: ClassVar[bool] = True

    def shape(self) -> Mapping[str, Any]:
        return self.settings.benchmark.model_dump()

    def pending(self, lake: Lake) -> Work[None] | None:
        if lake.version("qa") is None:
            raise NothingToRead(f"The lake {lake.uri} has no table qa: faquarry extract makes it.")
        if unchanged(lake, self.name, fingerprint(self), self.reads, self.writes):
            return None
        missing = [name for name in ("duplicates", "bitexts") if lake.version(name) is None]
        summary = ["queries, corpus and judgements of every language with enough sites."]
        if missing:
            summary.append(f"there is no table {' and no table '.join(missing)}: such leaks cannot be told.")
        return Work(summary, None)

    def run(self, work: Work[None], context: Context) -> Outcome:
        return _Benchmark(self.settings.benchmark, context).done()


class _Benchmark:
    """One run of the stage."""

    def __init__(self, settings: BenchmarkSettings, context: Context) -> None:
        self.settings, self.context = settings, context
        self.writer = LakeWriter(context.lake, context.spark)
        self.qa = self.writer.frame("qa")
        self.duplicates = self.writer.frame("duplicates")
        self.bitexts = self.writer.frame("bitexts")

    def done(self) -> Outcome:
        # Ids, languages and sites alone until the tables are written: texts are most of the bytes, and decide nothing.
        pairs = self._survivors().localCheckpoint()
        languages = self._languages(pairs)
        eligible = [row["language"] for row in languages if row["reason"] is None]
        for row in languages:
            if row["reason"] is not None:
                self.context.progress.say(f"benchmark: {row['language']} is left out: {row['reason']}.")
        pairs = pairs.where(F.col("language").isin(eligible))
        edges = self._edges().localCheckpoint()
        settings = self.settings
        test = self._drawn(pairs, "test", settings.test_share, settings.max_test).localCheckpoint()
        told = _reached(test.select("node"), edges)
        rest = pairs.join(told, "node", "left_anti")
        dev = self._drawn(rest, "dev", settings.dev_share, settings.max_dev).localCheckpoint()
        told = told.union(_reached(dev.select("node"), edges)).distinct()
        train = rest.join(told, "node", "left_anti").withColumn("split", F.lit("train"))
        split = reduce(lambda one, other: one.unionByName(other), (test, dev, train)).localCheckpoint()
        self._write(pairs, split)
        self._require_tight()
        counted = {row["split"]: row["count"] for row in split.groupBy("split").count().collect()}
        counts = {f"{name}_queries": int(counted.get(name, 0)) for name in ("test", "dev", "train")}
        kept_out = pairs.count() - split.count()
        return Outcome({"languages": len(eligible), **counts, "kept_out_of_train": kept_out})

    # -- who takes part --------------------------------------------------------------------------------------------

    def _survivors(self) -> DataFrame:
        """(id, node, language, site) of the pairs that no duplicate stands for, and of the test and dev queries of earlier
        runs whatever they are."""
        dropped = self.duplicates.where(~F.col("keep")).select("id")
        held = self._earlier().select("id")
        spoken_for = dropped.join(held, "id", "left_anti").distinct()
        return self.qa.join(spoken_for, "id", "left_anti").select("id", _node("id"), "language", "site")

    def _earlier(self) -> DataFrame:
        """Test and dev queries of earlier runs that are still in `qa`, in the language that they now have."""
        queries = self.writer.frame("benchmark_queries").where(F.col("split").isin("test", "dev"))
        return self.qa.select("id", "language").join(queries.select("id", "split"), "id")

    def _languages(self, pairs: DataFrame) -> list[Any]:
        """(language, reason): why a language has no benchmark, null where it has one."""
        settings = self.settings
        counted = pairs.groupBy("language").agg(F.countDistinct("site").alias("sites"), F.count("*").alias("pairs"))
        few_sites = F.format_string(f"%d sites, {settings.min_sites} are needed", F.col("sites"))
        few_pairs = F.format_string(f"%d pairs, {settings.min_pairs} are needed", F.col("pairs"))
        reason = F.when(F.col("sites") < settings.min_sites, few_sites).when(
            F.col("pairs") < settings.min_pairs, few_pairs
        )
        return counted.select("language", reason.alias("reason")).orderBy("language").collect()

    def _drawn(self, pairs: DataFrame, split: str, share: float, most: int) -> DataFrame:
        """One pair a site, at most `share` of a language's pairs and at most `most`; those of earlier runs first."""
        earlier = self._earlier().where(F.col("split") == split).select("id", F.lit(0).alias("turn"))
        others = self._earlier().where(F.col("split") != split).select("id")
        candidates = (
            pairs.select("id", "language", "site")
            .join(others, "id", "left_anti")
            .join(earlier, "id", "left")
            .withColumn("turn", F.coalesce("turn", F.lit(1)))
            .withColumn("ticket", F.sha2(F.concat(F.lit(f"{split} "), F.col("id")), 256))
        )
        quota = pairs.groupBy("language").agg(F.least(F.floor(F.count("*") * share), F.lit(most)).alias("quota"))
        first = _placed(candidates, "language", "site").where("place = 1 OR turn = 0").drop("place")
        # In two rounds: all sites of a large language are too many for one task, its best of each bucket are not.
        buckets = first.join(F.broadcast(quota), "language").withColumn("bucket", F.pmod(F.xxhash64("id"), F.lit(64)))
        best = _placed(buckets, "language", "bucket").where("place <= quota OR turn = 0").drop("place")
        drawn = _placed(best, "language").where("place <= quota OR turn = 0").select("id")
        return pairs.join(drawn, "id", "left_semi").withColumn("split", F.lit(split))

    # -- what tells of what ----------------------------------------------------------------------------------------

    def _edges(self) -> DataFrame:
        """(node, other): texts in common, duplicates, translations. Pairs are nodes, and so are what they share.

        Nodes are hashes of 64 bits: should two be equal by chance, a query more stays out of train.
        """

        def shared(kind: str, *columns: Column | str) -> Column:
            return F.xxhash64(F.lit(kind), *columns).alias("other")

        node = _node("id")
        parts = [
            self.qa.select(node, shared("question", normal("question"))),
            self.qa.select(node, shared("answer", normal("answer"))),
            self.duplicates.select(node, shared("duplicates", "kind", "group_id")),
            self.bitexts.select(_node("id1"), F.xxhash64("id2").alias("other")),
        ]
        one_way = reduce(lambda one, more: one.unionByName(more), parts)
        return one_way.unionByName(one_way.select(F.col("other").alias("node"), F.col("node").alias("other")))

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write(self, pairs: DataFrame, split: DataFrame) -> None:
        signed = F.lit(self.context.run_id).alias("run_id")
        same = Window.partitionBy("language", "answer_key").orderBy("id")
        keys = self.qa.select("id", F.md5(normal("answer")).alias("answer_key"))
        placed = pairs.select("id", "language").join(keys, "id")
        placed = placed.select("id", F.first("id").over(same).alias("corpus_id")).localCheckpoint()
        first = placed.where("id = corpus_id").select("id")
        corpus = self.qa.join(first, "id", "left_semi").select(
            "language", "id", "site", signed, "title", F.col("answer").alias("text")
        )
        queries = self.qa.join(split.select("id", "split"), "id").select(
            "language", "id", "split", "site", signed, F.col("question").alias("text")
        )
        qrels = split.join(placed, "id").select(
            "language", F.col("id").alias("query_id"), "corpus_id", F.lit(1).alias("score"), "split", signed
        )
        with self.context.lake.exclusive():
            for table, rows in (
                ("benchmark_corpus", corpus),
                ("benchmark_qrels", qrels),
                ("benchmark_queries", queries),
            ):
                self.writer.replace_all(table, rows)

    def _require_tight(self) -> None:
        """Raises LakeError when something that tells of a test or dev query stands in train."""
        spark = self.context.spark
        for name in ("qa", "duplicates", "bitexts", "benchmark_queries"):
            self.writer.frame(name).createOrReplaceTempView(name)
        leaks = spark.sql(LEAKS).limit(5).collect()
        if leaks:
            told = "; ".join(f"{row['id1']} tells of {row['id2']} ({row['leak']})" for row in leaks)
            raise LakeError(f"The training split of the benchmark in {self.context.lake.uri} leaks: {told}.")


# Rows are leaks: a train query that has a question, an answer or a duplicate's group in common with one of another split,
# or is its translation. By groups, never by pairs of rows: a popular answer would be squared.
LEAKS = """
    WITH asked AS (SELECT id, split, question, answer FROM benchmark_queries JOIN qa USING (id)),
         known AS (
            SELECT 'same question' AS leak, question AS what, id, split FROM asked
            UNION ALL SELECT 'same answer', answer, id, split FROM asked
            UNION ALL SELECT kind, group_id, id, split FROM asked JOIN duplicates USING (id)
            UNION ALL SELECT 'translation', concat_ws(' ', id1, id2), id, split
                      FROM asked JOIN bitexts ON id IN (id1, id2))
    SELECT leak, max_by(id, split = 'train') AS id1, max_by(id, split <> 'train') AS id2
    FROM known GROUP BY leak, what HAVING bool_or(split = 'train') AND bool_or(split <> 'train')"""


def _placed(candidates: DataFrame, *within: str) -> DataFrame:
    """With the `place` of each row among those it shares the columns `within` with: earlier queries first, then by lot."""
    window = Window.partitionBy(*within).orderBy("turn", "ticket")
    return candidates.withColumn("place", F.row_number().over(window))


def _node(id_: str) -> Column:
    """A pair, as `edges` have it."""
    return F.xxhash64(id_).alias("node")


def normal(column: str) -> Column:
    """What two texts have in common that differ in case, spaces and punctuation only."""
    bare = F.regexp_replace(F.lower(F.col(column)), r"[\p{P}\p{Z}\p{S}\p{C}]+", " ")
    return F.trim(bare)


def _reached(seeds: DataFrame, edges: DataFrame) -> DataFrame:
    """Every node that edges lead to from the seeds, the seeds too. -> (node)"""
    reached = frontier = seeds.distinct().localCheckpoint()
    for _ in range(MAX_STEPS):
        step = edges.join(frontier, "node", "left_semi").select(F.col("other").alias("node"))
        frontier = step.distinct().join(reached, "node", "left_anti").localCheckpoint()
        if frontier.isEmpty():
            return reached
        reached = reached.union(frontier).localCheckpoint()
    return reached
