"""Which pairs have the same question on a site, and which have nearly the same text: found from signatures, on Spark.

A text is read once, when it is signed, and again only when it stands in a candidate. What signatures lead to is a function
of all of them, whenever they came: two crawls one after the other give what both at once would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from faquarry.dedup.groups import grouped
from faquarry.dedup.minhash import Bands, bands_for, least_agreement
from faquarry.dedup.scan import read_units, units_of
from faquarry.dedup.staging import Staging
from faquarry.dedup.tasks import (
    FOUND,
    PACKED,
    PARTS,
    SCORED,
    UNPACKED,
    cut,
    find,
    score,
    sign,
    unpack,
    without,
)
from faquarry.lake.writer import LakeWriter
from faquarry.spark.tasks import map_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["Found", "Texts"]

_ENTRY_BYTES = 20
_TASK_BYTES = 48 << 20
_PARTS_A_TASK = 4  # hash partitioning of parts over tasks evens out
_WORDS_BELOW = 0.1  # texts that are near by character 5-grams may be this much farther apart by words
_BROADCAST_KEYS = 2_000_000


@dataclass(frozen=True)
class Found:
    """Where to look. A key is what an id begins with: 16 hexadecimal digits."""

    questions: DataFrame  # question, key: of questions that stand more than once
    pairs: DataFrame  # key1 < key2: their texts share a band
    keys: int  # at most so many keys in both
    hot: int  # buckets beyond the cap
    crowd: int  # texts in them


@dataclass(frozen=True)
class Texts:
    """One run over the texts of a lake. `made_with` names the rule: what another one left behind is not used."""

    writer: LakeWriter
    qa: DataFrame
    version: int  # of qa
    staging: Staging
    run_id: str
    made_with: str
    threshold: float
    question: float
    cap: int

    @property
    def bands(self) -> Bands:
        return bands_for(self.threshold)

    # -- signatures ------------------------------------------------------------------------------------------------

    def sign(self) -> tuple[int, int]:
        """Brings `_signatures` up to `qa`. -> how many pairs were signed, how many signatures went."""
        packs = self.writer.lake.dataset("_signatures")
        if packs is not None and packs.count_rows(filter=pc.field("made_with") != self.made_with):
            others = self.writer.frame("_signatures").where(F.col("made_with") != self.made_with)
            self.writer.delete("_signatures", others.select("pack"))
        bands, run_id, removed = self.bands, self.run_id, 0
        if not self.signatures():
            signed = self._sign_all()
        else:
            place = F.crc32(F.concat_ws("\n", F.coalesce("site", F.lit("")), F.coalesce("language", F.lit(""))))
            rows = self.qa.withColumn("place", place)
            known = self.staging.keep(
                "known", map_batches(self._packs("pack", "ids", "places"), unpack, UNPACKED, "unpack")
            )
            removed = self._withdraw(known.join(rows.select("id", "place"), ["id", "place"], "left_anti"))
            rows = rows.join(known.select("id", "place"), ["id", "place"], "left_anti")
            if rows.isEmpty():
                return 0, removed
            rows = rows.select("id", "place", "question", "answer")
            signed = map_batches(rows, lambda batches: sign(batches, bands, run_id), PACKED, "sign")
        self.writer.append("_signatures", self._marked(signed))
        return self._count("_signatures", ours=True), removed

    def _sign_all(self) -> DataFrame:
        """Packs of the whole of `qa`, which the workers read by themselves."""
        uri, version, bands, run_id = self.writer.lake.uri, self.version, self.bands, self.run_id
        units = units_of(self.writer.lake, version)
        tasks = max(1, min(len(units), 4 * self.writer.spark.sparkContext.defaultParallelism))

        def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            mine = [units[number] for batch in batches for number in batch.column(0).to_pylist()]
            return sign(read_units(uri, version, mine), bands, run_id)

        return map_batches(self.writer.spark.range(0, len(units), 1, tasks), read, PACKED, "sign")

    def signatures(self) -> int:
        """How many pairs are signed."""
        return self._count("_signatures")

    def _withdraw(self, stale: DataFrame) -> int:
        """Takes pairs (id, pack) out of their packs."""
        found = stale.select("id", "pack").toArrow()
        gone = frozenset(found.column("id").to_pylist())
        if gone:
            packs = self._packs(*PACKED.names).where(F.col("pack").isin(found.column("pack").unique().to_pylist()))
            left = map_batches(packs, lambda batches: without(batches, gone), PACKED, "withdraw")
            left = self.staging.keep("left", left)
            self.writer.merge("_signatures", self._marked(left), update_if="true")
        return len(gone)

    def _packs(self, *columns: str) -> DataFrame:
        return self.writer.frame("_signatures").where(F.col("made_with") == self.made_with).select(*columns)

    # -- candidates ------------------------------------------------------------------------------------------------

    def find(self) -> Found:
        """Sorts the entries of all signatures."""
        size = self.signatures() * (self.bands.bands + 1) * _ENTRY_BYTES
        tasks = max(2, -(-size // _TASK_BYTES))
        parts, cap = tasks * _PARTS_A_TASK, self.cap
        agreement = least_agreement(max(0.0, self.threshold - _WORDS_BELOW))
        packs = self._packs("ids", "questions", "sketches", "bands")
        entries = map_batches(packs, lambda batches: cut(batches, parts), PARTS, "cut").repartition(tasks, "part")
        met = map_batches(entries, lambda batches: find(batches, cap, agreement), FOUND, "find")
        found = self.staging.keep("found", met)
        pairs = found.where("what = 'near'").select("first", "second").distinct()
        pairs = self.staging.keep("pairs", pairs.select(_key("first").alias("key1"), _key("second").alias("key2")))
        hot = F.col("what") == "hot"
        counts = found.agg(
            F.count(F.when(F.col("what") == "question", 1)),
            F.sum(F.when(hot, F.col("first"))),
            F.sum(F.when(hot, F.col("second"))),
        ).first()
        questions, buckets, crowd = (int(count or 0) for count in counts or ())
        same = found.where("what = 'question'").select(F.col("first").alias("question"), _key("second").alias("key"))
        return Found(
            questions=self.staging.keep("questions", same.distinct()),
            pairs=pairs,
            keys=2 * pairs.count() + questions,
            hot=buckets,
            crowd=crowd,
        )

    def members(self, found: Found) -> DataFrame:
        """The rows of qa that a candidate or a repeated question leads to, with their key: read once, kept aside."""
        keys = found.pairs.select(F.col("key1").alias("key")).union(found.pairs.select("key2"))
        keys = keys.union(found.questions.select("key")).distinct()
        if found.keys <= _BROADCAST_KEYS:
            keys = F.broadcast(keys)
        columns = (
            "id",
            "question",
            "answer",
            "fetched_at",
            F.length("url").alias("url_length"),
            _head("id").alias("key"),
        )
        return self.staging.keep("members", self.qa.select(*columns).join(keys, "key", "left_semi"))

    # -- groups ----------------------------------------------------------------------------------------------------

    def question_groups(self, found: Found, members: DataFrame) -> DataFrame:
        """(id, group_id) of pairs whose question stands more than once at their place."""
        same = found.questions.join(members.select("id", "key"), "key").select("id", "question")
        groups = same.groupBy("question").agg(F.min("id").alias("group_id"), F.count("*").alias("size"))
        return same.join(groups.where("size > 1"), "question").select("id", "group_id")

    def compare(self, found: Found, members: DataFrame) -> int:
        """Compares the texts of candidates that were not compared before, into `_similar`. -> how many."""
        new = found.pairs
        if self.writer.exists("_similar"):
            known = self._compared().where("linked").select(_head("id1").alias("key1"), _head("id2").alias("key2"))
            new = new.join(known, ["key1", "key2"], "left_anti")
        one, other = (_sided(members, side) for side in (1, 2))
        return self._score(new.join(one, "key1").join(other, "key2"), linked=True)

    def near_groups(self, found: Found, driver_edges: int) -> DataFrame:
        """(id, group_id) of pairs that are near duplicates of one another, directly or through others."""
        near = (F.col("similarity") >= F.lit(self.threshold).cast("float")) & (
            F.col("asked") >= F.lit(self.question).cast("float")
        )
        edges = self._compared().where("linked").where(near).select("id1", "id2")
        keyed = edges.select("*", _head("id1").alias("key1"), _head("id2").alias("key2"))
        edges = keyed.join(found.pairs, ["key1", "key2"], "left_semi").select("id1", "id2").distinct()
        return grouped(edges, self.staging, driver_edges)

    def similarities(self, pairs: DataFrame, members: DataFrame) -> DataFrame:
        """(id1, id2, similarity) of pairs (id1 < id2) of ids; those that nobody has compared are, and remembered."""
        missing = pairs.join(self._compared().select("id1", "id2"), ["id1", "id2"], "left_anti")
        missing = self.staging.keep("missing", missing)
        if not missing.isEmpty():
            one, other = (_sided(members, side) for side in (1, 2))
            self._score(missing.join(one, "id1").join(other, "id2"), linked=False)
        known = self._compared().groupBy("id1", "id2").agg(F.max("similarity").alias("similarity"))
        return pairs.join(known, ["id1", "id2"])

    def _score(self, pairs: DataFrame, *, linked: bool) -> int:
        threshold = self.threshold
        texts = pairs.select("id1", "id2", "question1", "answer1", "question2", "answer2")
        scored = map_batches(texts, lambda batches: score(batches, threshold), SCORED, "score")
        self.writer.append("_similar", self._marked(scored.withColumn("linked", F.lit(linked))))
        return self._count("_similar", ours=True, linked=linked)

    def _compared(self) -> DataFrame:
        return self.writer.frame("_similar").where(F.col("made_with") == self.made_with)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _marked(self, frame: DataFrame) -> DataFrame:
        return frame.withColumns({"made_with": F.lit(self.made_with), "run_id": F.lit(self.run_id)})

    def _count(self, table: str, *, ours: bool = False, linked: bool | None = None) -> int:
        """Rows under our rule (pairs in packs), as written; no JVM is needed to count."""
        dataset = self.writer.lake.dataset(table)
        if dataset is None:
            return 0
        rows = pc.field("made_with") == self.made_with
        if ours:
            rows &= pc.field("run_id") == self.run_id
        if linked is not None:
            rows &= pc.field("linked") if linked else ~pc.field("linked")
        if table == "_signatures":
            return int(pc.sum(dataset.to_table(columns=["pairs"], filter=rows).column(0)).as_py() or 0)
        return int(dataset.count_rows(filter=rows))


def _key(column: str) -> Column:
    """A signed number of 64 bits as the 16 hexadecimal digits that an id begins with."""
    return F.lpad(F.lower(F.hex(column)), 16, "0")


def _head(column: str) -> Column:
    return F.substring(column, 1, 16)


def _sided(members: DataFrame, side: int) -> DataFrame:
    return members.select(*(F.col(column).alias(f"{column}{side}") for column in ("id", "question", "answer", "key")))
