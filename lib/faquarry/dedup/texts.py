"""Which pairs have the same question on a site, and which have nearly the same text: found from signatures, on Spark.

A text is read once, when it is signed, and again only when it stands in a candidate. What signatures lead to is a function
of all of them, whenever they came: two crawls one after the other give what both at once would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.dedup.groups import grouped
from faquarry.dedup.minhash import Bands, bands_for
from faquarry.dedup.staging import Staging
from faquarry.dedup.tasks import FOUND, PARTS, SCORED, SIGNED, cut, find, score, sign
from faquarry.lake.writer import LakeWriter

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["Found", "Texts"]

_ENTRY_BYTES = 16
_TASK_BYTES = 48 << 20
_PARTS_A_TASK = 4  # hash partitioning of parts over tasks evens out

Batches = Callable[[Iterator[pa.RecordBatch]], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class Found:
    """Where to look: repeated questions, pairs of keys (16 hexadecimal digits) that share a band, hot buckets."""

    questions: DataFrame  # question
    pairs: DataFrame  # key1 < key2
    hot: int
    crowd: int  # texts in hot buckets


@dataclass(frozen=True)
class Texts:
    """One run over the texts of a lake. `made_with` names the rule: what another one left behind is not used."""

    writer: LakeWriter
    qa: DataFrame
    staging: Staging
    run_id: str
    made_with: str
    threshold: float
    question: float
    cap: int

    @property
    def bands(self) -> Bands:
        return bands_for(self.threshold)

    def sign(self) -> tuple[int, int]:
        """Brings `_signatures` up to `qa`. -> how many were signed, how many rows went."""
        placed = self.qa.withColumn("place", F.xxhash64("site", "language"))
        known = self.writer.frame("_signatures")
        removed = 0
        if self.writer.exists("_signatures"):
            ours = F.col("made_with") == self.made_with
            left = known.where(ours).join(placed.select("id", "place"), ["id", "place"], "left_anti")
            stale = left.select("id").union(known.where(~ours).select("id")).distinct().localCheckpoint()
            removed = stale.count()
            if removed:
                self.writer.delete("_signatures", stale)
            placed = placed.join(self.writer.frame("_signatures").select("id"), "id", "left_anti")
        bands = self.bands
        signed = placed.select("id", "place", "question", "answer").mapInArrow(
            lambda batches: sign(batches, bands), from_arrow_schema(SIGNED)
        )
        self.writer.append("_signatures", self._marked(signed))
        return self.signatures().where(F.col("run_id") == self.run_id).count(), removed

    def signatures(self) -> DataFrame:
        return self.writer.frame("_signatures").where(F.col("made_with") == self.made_with)

    def find(self, rows: int) -> Found:
        """Looks at the signatures of `rows` texts."""
        tasks = max(2, -(-rows * (self.bands.bands + 1) * _ENTRY_BYTES // _TASK_BYTES))
        parts, cap = tasks * _PARTS_A_TASK, self.cap
        entries = self.signatures().select("id", "question", "bands")
        packed = entries.mapInArrow(lambda batches: cut(batches, parts), from_arrow_schema(PARTS))
        met = packed.repartition(tasks, "part").mapInArrow(lambda batches: find(batches, cap), from_arrow_schema(FOUND))
        found = self.staging.keep("found", met)
        hot = found.where("what = 'hot'").agg(F.count("*"), F.sum("second")).first()
        assert hot is not None
        pairs = found.where("what = 'near'").select("first", "second").distinct()
        return Found(
            questions=found.where("what = 'question'").select(F.col("first").alias("question")),
            pairs=self.staging.keep("pairs", pairs.select(_key("first").alias("key1"), _key("second").alias("key2"))),
            hot=int(hot[0]),
            crowd=int(hot[1] or 0),
        )

    def question_groups(self, found: Found) -> DataFrame:
        """(id, group_id) of pairs whose question stands more than once at their place."""
        same = self.signatures().select("id", "question").distinct().join(found.questions, "question", "left_semi")
        groups = same.groupBy("question").agg(F.min("id").alias("group_id"), F.count("*").alias("size"))
        return same.join(groups.where("size > 1"), "question").select("id", "group_id")

    def compare(self, found: Found) -> int:
        """Compares the texts of candidates that were not compared before, into `_similar`. -> how many."""
        known = self._compared().where("linked").select(_head("id1").alias("key1"), _head("id2").alias("key2"))
        new = self.staging.keep("new", found.pairs.join(known, ["key1", "key2"], "left_anti"))
        keys = new.select(F.col("key1").alias("key")).union(new.select("key2")).distinct()
        texts = self.qa.select("id", "question", "answer", _head("id").alias("key")).join(keys, "key", "left_semi")
        texts = self.staging.keep("texts", texts)
        one, other = (_sided(texts, side) for side in (1, 2))
        pairs = new.join(one, "key1").join(other, "key2").drop("key1", "key2")
        return self._score(pairs, linked=True)

    def near_groups(self, found: Found, driver_edges: int) -> DataFrame:
        """(id, group_id) of pairs that are near duplicates of one another, directly or through others."""
        near = (F.col("similarity") >= F.lit(self.threshold).cast("float")) & (
            F.col("asked") >= F.lit(self.question).cast("float")
        )
        edges = self._compared().where("linked").where(near).select("id1", "id2")
        keyed = edges.select("*", _head("id1").alias("key1"), _head("id2").alias("key2"))
        edges = keyed.join(found.pairs, ["key1", "key2"], "left_semi").select("id1", "id2").distinct()
        return grouped(edges, self.staging, driver_edges)

    def similarities(self, pairs: DataFrame) -> DataFrame:
        """(id1, id2, similarity) of pairs (id1 < id2) of ids; those that nobody has compared are, and remembered."""
        pairs = self.staging.keep("members", pairs)
        missing = pairs.join(self._compared().select("id1", "id2"), ["id1", "id2"], "left_anti")
        missing = self.staging.keep("unmeasured", missing)
        if not missing.isEmpty():
            ids = missing.select(F.col("id1").alias("id")).union(missing.select("id2")).distinct()
            texts = self.staging.keep("more", self.qa.select("id", "question", "answer").join(ids, "id", "left_semi"))
            one, other = (
                texts.toDF(*(f"{column}{side}" for column in ("id", "question", "answer"))) for side in (1, 2)
            )
            self._score(missing.join(one, "id1").join(other, "id2"), linked=False)
        measured = self._compared().groupBy("id1", "id2").agg(F.max("similarity").alias("similarity"))
        return pairs.join(measured, ["id1", "id2"])

    def _score(self, pairs: DataFrame, *, linked: bool) -> int:
        columns = ("id1", "id2", "question1", "answer1", "question2", "answer2")
        threshold = self.threshold
        scored = pairs.select(*columns).mapInArrow(lambda batches: score(batches, threshold), from_arrow_schema(SCORED))
        self.writer.append("_similar", self._marked(scored.withColumn("linked", F.lit(linked))))
        mine = (F.col("run_id") == self.run_id) & (F.col("linked") == linked)
        return self._compared().where(mine).count()

    def _compared(self) -> DataFrame:
        return self.writer.frame("_similar").where(F.col("made_with") == self.made_with)

    def _marked(self, frame: DataFrame) -> DataFrame:
        return frame.withColumns({"made_with": F.lit(self.made_with), "run_id": F.lit(self.run_id)})


def _key(column: str) -> Column:
    """A signed number of 64 bits as the 16 hexadecimal digits that an id begins with."""
    return F.lpad(F.lower(F.hex(column)), 16, "0")


def _head(column: str) -> Column:
    return F.substring(column, 1, 16)


def _sided(texts: DataFrame, side: int) -> DataFrame:
    return texts.select(*(F.col(column).alias(f"{column}{side}") for column in ("id", "question", "answer", "key")))
