"""BM25 on Spark: the answers of a lake's benchmark as kept blocks, and the best of them for many queries.

A block holds counts and no weights: the statistics of the whole language come with the queries, so that blocks stay good
when others are added, and any cut of the corpus ranks and scores alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.lake.writer import LakeWriter
from faquarry.retrieval.analyzer import VERSION as ANALYZER
from faquarry.retrieval.search.blocks import HITS, SEARCH, Formula, searched
from faquarry.retrieval.search.index import ANALYZED, BLOCK, DOCUMENT, MEMBER, analyzed, indexed, members
from faquarry.retrieval.search.plan import Share, Task, tasks_of
from faquarry.spark.files import remove_folder
from faquarry.spark.tasks import map_batches
from faquarry.spark.watching import without_coalescing
from faquarry.stage import Context

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["Search"]


class Search:
    """Over `benchmark_corpus`, in the blocks of `_blocks`.

    Args:
        context: of the running stage.
        formula: constants of BM25, and how many answers of a query are wanted.
        block_documents: answers of a block, about.
        task_queries: queries of a task, at most.
    """

    def __init__(self, context: Context, formula: Formula, block_documents: int, task_queries: int) -> None:
        self.context, self.formula = context, formula
        self.block_documents, self.task_queries = block_documents, task_queries
        self.lake, self.spark = context.lake, context.spark
        self.writer = LakeWriter(context.lake, context.spark)
        self.cores: int = self.spark.sparkContext.defaultParallelism

    def update(self) -> None:
        """Brings the blocks up to the corpus: answers that no block has go to new ones; a block that has one too many is
        made again."""
        corpus = self.writer.frame("benchmark_corpus").select("language", "id", "text")
        wrong, new = self._wrong_blocks(), corpus
        if wrong is not None:
            kept = self._held().join(wrong, ["language", "block"], "left_anti")
            new = corpus.join(kept, ["language", "id"], "left_anti").localCheckpoint()
        sizes = new.groupBy("language").count().collect()
        buckets = {row["language"]: math.ceil(row["count"] / self.block_documents) for row in sizes}
        staging = self.context.staging("blocks")
        if buckets:
            many = self.spark.createDataFrame(list(buckets.items()), "language string, buckets int")
            bucket = F.pmod(F.xxhash64("id"), F.col("buckets")).cast("int").alias("bucket")
            rows = new.join(F.broadcast(many), "language").select("language", bucket, "id", "text")
            tasks = min(sum(buckets.values()), self.cores * 4)
            rows = rows.repartition(tasks, "language", "bucket").sortWithinPartitions("language", "bucket", "id")
            name = self.context.run_id
            made = map_batches(rows.select(*DOCUMENT.names), lambda batches: indexed(batches, name), BLOCK, "index")
            with without_coalescing(self.spark):
                made.write.mode("overwrite").parquet(staging)
        with self.lake.exclusive():
            if wrong is not None and not wrong.isEmpty():
                self.writer.delete("_blocks", wrong)
            if buckets:
                made = self.spark.read.schema(from_arrow_schema(BLOCK)).parquet(staging)
                self.writer.append("_blocks", made.withColumn("run_id", F.lit(self.context.run_id)))
        remove_folder(self.spark, staging)

    def _held(self) -> DataFrame:
        """(language, block, id) of the answers that blocks hold."""
        rows = self.writer.frame("_blocks").select("language", "block", "ids")
        return map_batches(rows, members, MEMBER, "blocks")

    def _wrong_blocks(self) -> DataFrame | None:
        """(language, block) of those that hold an answer which is gone, or were made otherwise; None: there are no blocks."""
        if not self.lake.holds_rows("_blocks"):
            return None
        corpus = self.writer.frame("benchmark_corpus").select("language", "id")
        gone = self._held().join(corpus, ["language", "id"], "left_anti").select("language", "block")
        other = self.writer.frame("_blocks").where(F.col("made_with") != ANALYZER).select("language", "block")
        wrong: DataFrame = gone.union(other).distinct().localCheckpoint()
        return wrong

    def hits(self, queries: DataFrame, staging: str) -> DataFrame:
        """The best answers of every query in its whole language; `staging` is where tasks leave them.

        Args:
            queries: (language, query_id, query).
            staging: a folder, to be removed by the caller when the rows have been read.

        Returns:
            (language, query_id, ids, bm25_scores), best first, equal scores in the order of ids.
        """
        blocks = self.writer.frame("_blocks")
        place = F.row_number().over(Window.partitionBy("language").orderBy("block")) - 1
        places = F.broadcast(blocks.select("language", "block").withColumn("number", place))
        numbered = blocks.join(places, ["language", "block"])
        totals = blocks.groupBy("language").agg(
            F.count("*").alias("blocks"), F.sum("documents").alias("documents"), F.sum("tokens").alias("tokens")
        )
        asked = queries.groupBy("language").agg(F.count("*").alias("queries"))
        shares = [Share(**row.asDict()) for row in totals.join(asked, "language").collect()]
        tasks = tasks_of(shares, self.task_queries, self.cores)
        plan = F.broadcast(self.spark.createDataFrame([vars(task) for task in tasks], Task.DDL))
        terms = self._weighted(queries, totals)
        chunk = F.pmod(F.xxhash64("query_id"), F.col("chunks")) == F.col("chunk")
        left = terms.join(plan, "language").where(chunk).withColumn("kind", F.lit(0))
        group = F.pmod("number", F.col("groups")) == F.col("group")
        right = numbered.join(plan, "language").where(group).withColumn("kind", F.lit(1))
        rows = left.unionByName(right, allowMissingColumns=True)
        rows = rows.repartitionById(tasks[-1].slot + 1, F.col("slot")).sortWithinPartitions(
            "task", "kind", "block", "query_id"
        )
        formula = self.formula
        hits = map_batches(rows.select(*SEARCH.names), lambda batches: searched(batches, formula), HITS, "search")
        hits.write.mode("overwrite").parquet(staging)
        found: DataFrame = self.spark.read.schema(from_arrow_schema(HITS)).parquet(staging)
        if all(task.groups == 1 for task in tasks):
            return found
        # Tasks that saw different blocks of a language: their lists become one.
        each = F.arrays_zip((F.transform("bm25_scores", lambda score: -score)).alias("minus"), "ids")
        merged: DataFrame = found.groupBy("language", "query_id").agg(
            F.slice(F.array_sort(F.flatten(F.collect_list(each))), 1, formula.depth).alias("best")
        )
        scores = F.transform("best.minus", lambda score: -score)
        return merged.select("language", "query_id", F.col("best.ids").alias("ids"), scores.alias("bm25_scores"))

    def _weighted(self, queries: DataFrame, totals: DataFrame) -> DataFrame:
        """(language, average_length, query_id, asked, idf): every query's terms with their idf in the whole language."""
        texts = queries.select("language", "query_id", F.col("query").alias("text"))
        terms = map_batches(texts, analyzed, ANALYZED, "analyze")
        known = self.writer.frame("_blocks").select("language", F.inline(F.arrays_zip("terms", "frequencies")))
        known = known.withColumnRenamed("terms", "term")
        every = terms.select("language", "query_id", F.posexplode_outer("terms").alias("position", "term"))
        wanted = every.select("language", "term").distinct()
        known = (
            known.join(wanted, ["language", "term"], "left_semi")
            .groupBy("language", "term")
            .agg(F.sum("frequencies").alias("n"))
        )
        rows = every.join(known, ["language", "term"], "left").join(F.broadcast(totals), "language")
        idf = F.log1p((F.col("documents") - F.col("n") + 0.5) / (F.col("n") + 0.5)).cast("float")
        one = F.when(F.col("n").isNotNull(), F.struct("position", F.col("term"), idf.alias("idf")))
        gathered = rows.groupBy("language", "query_id").agg(
            F.first(F.col("tokens") / F.col("documents")).alias("average_length"),
            F.array_sort(F.collect_list(one)).alias("found"),
        )
        return gathered.select(
            "language",
            "average_length",
            "query_id",
            F.col("found.term").alias("asked"),
            F.col("found.idf").alias("idf"),
        )
