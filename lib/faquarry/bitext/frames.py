"""What the stage `align` reads, as Spark frames: pairs with their vectors and pages, and what tells a site has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type

from faquarry.bitext.rows import PAGE_ROW, PAIR_ROW, ROW
from faquarry.config.settings import AlignSettings
from faquarry.lake.writer import LakeWriter
from faquarry.vectors.model import ModelInfo

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType

__all__ = ["Frames"]

_PAIR_DIGEST = "xxhash64(id, language, page_id, position, text_hash, question_hash, answer_hash, question_group)"
_PAGE_DIGEST = "xxhash64(page_id, url, canonical, to_json(alternates), page_questions)"


class Frames:
    """Reads one lake for one pair of models."""

    def __init__(
        self, writer: LakeWriter, settings: AlignSettings, model: ModelInfo, retrieval: ModelInfo, fingerprint: str
    ) -> None:
        self.writer, self.settings, self.fingerprint = writer, settings, fingerprint
        self.model, self.retrieval = model, retrieval

    def pairs(self) -> DataFrame:
        """Pairs that can take part: those with a vector, with the group of their question where it is repeated.

        Where it is wanted, those whose question and answer are far apart are left out.
        """
        rows = self.writer.frame("qa").select("id", "language", "site", "page_id", "position", "question", "answer")
        rows = rows.join(self._vectors(), "id")
        groups = (
            self.writer.frame("duplicates").where("kind = 'question'").selectExpr("id", "group_id AS question_group")
        )
        rows = rows.join(groups, "id", "left")
        drop_low = self.settings.drop_low
        if drop_low or (drop_low is None and self.settings.profile == "webfaq"):
            mine = f"model = '{_quoted(self.retrieval.name)}' AND revision = '{_quoted(self.retrieval.revision)}'"
            low = self.writer.frame("similarity").where(f"{mine} AND low").select("id")
            rows = rows.join(low, "id", "left_anti")
        return rows

    def pages(self) -> DataFrame:
        return self.writer.frame("pages").selectExpr(
            "site", "page_id", "url", "canonical", "transform(alternates, a -> a.href) AS alternates",
            "questions AS page_questions",
        )  # fmt: skip

    def sites(self) -> DataFrame:
        """Sites of two languages or more, and those that were aligned: what they are now, and the digest they had then.

        Columns: site, languages, rows, comparisons, digest (null where the site has no two languages any more), before.
        The digest is over all that the bitexts of a site depend on.
        """
        pairs = self.pairs().selectExpr("site", "language", f"{_PAIR_DIGEST} AS h")
        languages = pairs.groupBy("site", "language").agg(
            *_expressions("count(*) AS n", "bit_xor(h) AS x", "sum(CAST(h AS decimal(38, 0))) AS s")
        )
        sites = languages.groupBy("site").agg(
            *_expressions(
                "count(*) AS languages", "sum(n) AS rows", "sum(n * n) AS squares", "bit_xor(x) AS x", "sum(s) AS s"
            )
        )
        claims = self.pages().selectExpr("site", f"{_PAGE_DIGEST} AS h").groupBy("site")
        claimed = claims.agg(*_expressions("bit_xor(h) AS px", "sum(CAST(h AS decimal(38, 0))) AS ps"))
        digest = f"concat_ws('-', '{self.fingerprint}', rows, hex(x), s, hex(px), ps)"
        now = sites.where("languages > 1").join(claimed, "site", "left").selectExpr(
            "site", "CAST(languages AS int) AS languages", "rows",
            "CAST((rows * rows - squares) / 2 AS bigint) AS comparisons", f"{digest} AS digest",
        )  # fmt: skip
        return now.join(self.state().selectExpr("site", "digest AS before"), "site", "full")

    def state(self) -> DataFrame:
        """What was aligned with this model."""
        return self.writer.frame("_aligned").where(self._mine())

    def bitexts(self) -> DataFrame:
        return self.writer.frame("bitexts").where(self._mine())

    def rows(self, tasks: DataFrame) -> DataFrame:
        """Pages (kind 0) and pairs (kind 1) of the sites of `tasks` (site, task), with the task."""
        wanted = F.broadcast(tasks)
        pairs = self.pairs().join(wanted, "site").withColumn("kind", F.lit(1))
        pages = self.pages().join(wanted, "site").withColumn("kind", F.lit(0))
        columns = [*ROW.names, "task"]
        for name, _ in PAGE_ROW:
            if name != "page_id":
                pairs = pairs.withColumn(name, F.lit(None).cast(_spark_type(name)))
        for name, _ in PAIR_ROW:
            pages = pages.withColumn(name, F.lit(None).cast(_spark_type(name)))
        return pages.select(*columns).unionByName(pairs.select(*columns))

    def comparable(self, sites: DataFrame) -> DataFrame:
        """The pairs of `sites` (site) as `once.comparable` leaves them: those with one vector by the smallest id alone."""
        pairs = self.pairs().join(F.broadcast(sites), "site").where(F.col("vector") != F.lit(bytes(2 * self.model.dim)))
        first = pairs.groupBy("site", "language", F.md5("vector")).agg(F.min("id").alias("id")).select("id")
        columns = ["site", "page_id", *dict(PAIR_ROW)]
        return pairs.join(first, "id", "left_semi").select(*columns)

    def _vectors(self) -> DataFrame:
        """Of every pair with a vector to align by: the vectors, and the hashes of the texts they were made of."""
        wanted = (
            (self.model, "qa", "vector", "text_hash"),
            (self.retrieval, "question", "question_vector", "question_hash"),
            (self.retrieval, "answer", "answer_vector", "answer_hash"),
        )
        mine, columns = [], []
        for model, field, vector, hashed in wanted:
            of = f"model = '{_quoted(model.name)}' AND revision = '{_quoted(model.revision)}' AND field = '{field}'"
            mine.append(f"({of})")
            columns += [
                f"max(CASE WHEN {of} THEN {c} END) AS {n}" for c, n in (("vector", vector), ("text_hash", hashed))
            ]
        rows = self.writer.frame("embeddings").where(" OR ".join(mine))
        return rows.groupBy("id").agg(*_expressions(*columns)).where("text_hash IS NOT NULL")

    def _mine(self) -> str:
        return f"model = '{_quoted(self.model.name)}' AND revision = '{_quoted(self.model.revision)}'"


def _expressions(*sql: str) -> list[Column]:
    return [F.expr(text) for text in sql]


def _spark_type(column: str) -> DataType:
    return from_arrow_type(ROW.field(column).type)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
