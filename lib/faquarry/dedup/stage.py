"""The verb `deduplicate` on Spark: which pairs of `qa` repeat, and which one stands for each group.

Nothing is taken from `qa`: rows of `duplicates` say which pairs are dropped for which. The order of writing can be cut
anywhere: a kind is marked as open before anything of it changes and as settled after its last row, and what stands between
follows from `qa` and `embeddings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow.compute as pc
from pyspark.sql import functions as F

from faquarry.config.settings import Settings
from faquarry.dedup.kinds import (
    Kind,
    Settled,
    chosen,
    fingerprint_of,
    method_of,
    read_settled,
    rule_of,
    semantic_threshold,
)
from faquarry.dedup.meaning import Meaning
from faquarry.dedup.representatives import represented, settle, standing
from faquarry.dedup.staging import Staging
from faquarry.dedup.texts import Texts
from faquarry.errors import NothingToRead
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter
from faquarry.stage import Context, Outcome, Work
from faquarry.vectors.find import find_model
from faquarry.vectors.model import ModelInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["DeduplicateStage", "Plan"]


@dataclass(frozen=True)
class Plan:
    """The kinds to settle, each with the fingerprint of its rule; the versions they will be settled on."""

    kinds: Mapping[Kind, str]
    qa: int
    embeddings: int | None
    model: ModelInfo | None
    before: Mapping[str, Settled]


@dataclass(frozen=True)
class DeduplicateStage:
    """Finds pairs with the same question, nearly the same text, or a question of the same meaning."""

    settings: Settings
    kinds: tuple[Kind, ...]
    every: bool = True

    name: ClassVar[str] = "deduplicate"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ("qa", "embeddings")
    writes: ClassVar[Sequence[str]] = ("duplicates",)
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Settings, kinds: Sequence[str] | None = None) -> DeduplicateStage:
        """`kinds` (question, near, semantic) to look for; None: all for which the lake has what they need.

        Raises:
            UsageError: there is no such kind.
        """
        return cls(settings, chosen(kinds), every=kinds is None)

    def shape(self) -> Mapping[str, Any]:
        shaping = self.settings.dedup.model_dump(exclude={"driver_edges"})
        return {"kinds": self.kinds, **shaping, "model": self.settings.embed.retrieval_model}

    def pending(self, lake: Lake) -> Work[Plan] | None:
        qa = lake.version("qa")
        if qa is None:
            raise NothingToRead(f"The lake {lake.uri} has no table qa: faquarry extract makes it.")
        embeddings = lake.version("embeddings")
        kinds = self.kinds
        summary = []
        if "semantic" in kinds and embeddings is None:
            if not self.every and kinds == ("semantic",):
                raise NothingToRead(f"The lake {lake.uri} has no table embeddings: faquarry embed makes it.")
            kinds = tuple(kind for kind in kinds if kind != "semantic")
            summary.append("semantic duplicates are left out: there are no embeddings (faquarry embed makes them).")
        embed = self.settings.embed
        model = find_model(embed.retrieval_model, embed) if "semantic" in kinds else None
        rules = {
            kind: fingerprint_of({"kind": kind, **rule_of(kind, self.settings.dedup, model)}, self.version)
            for kind in kinds
        }
        before = read_settled(lake)
        due = {kind: rule for kind, rule in rules.items() if not _stands(before.get(kind), rule, kind, qa, embeddings)}
        if not due:
            return None
        dataset = lake.dataset("qa")
        pairs = dataset.count_rows() if dataset is not None else 0
        summary.insert(0, f"{', '.join(due)}: looking for duplicates among {pairs:,} pairs.")
        return Work(summary, Plan(due, qa, embeddings, model, before))

    def run(self, work: Work[Plan], context: Context) -> Outcome:
        staging = Staging(context.spark, context.staging("deduplicate"))
        try:
            return _Deduplication(self, work.payload, context, staging).done()
        finally:
            staging.remove()


def _stands(found: Settled | None, rule: str, kind: Kind, qa: int, embeddings: int | None) -> bool:
    """Whether a kind is settled for the tables as they are."""
    if found is None or found.fingerprint != rule or found.qa != qa:
        return False
    return kind != "semantic" or found.embeddings == embeddings


class _Deduplication:
    """One run of the stage."""

    def __init__(self, stage: DeduplicateStage, plan: Plan, context: Context, staging: Staging) -> None:
        self.settings, self.version = stage.settings.dedup, stage.version
        self.plan, self.context, self.staging = plan, context, staging
        self.writer = LakeWriter(context.lake, context.spark)
        self.qa = self.writer.frame("qa")
        self.counts: dict[str, int] = {}

    def done(self) -> Outcome:
        plan = self.plan
        self._mark(None, 0)
        hot = 0
        rows: list[DataFrame] = []
        with self.context.progress.working("deduplicate", len(plan.kinds), "kinds"):
            texts = [kind for kind in plan.kinds if kind != "semantic"]
            if texts:
                hot = self._texts(texts, rows)
                self.context.progress.advance(len(texts))
            places = None
            if "semantic" in plan.kinds:
                meaning = self._meaning(plan.kinds["semantic"])
                meaning.forget()
                found, places = meaning.rows(self.settings.driver_edges)
                rows.append(found)
            together = reduce(lambda one, other: one.unionByName(other), rows)
            methods = {kind: method_of(kind, self.settings, plan.model) for kind in plan.kinds}
            told = F.create_map(*(F.lit(text) for pair in methods.items() for text in pair))
            settle(
                self.writer,
                together.withColumn("method", told[F.col("kind")]),
                list(plan.kinds),
                self.staging,
                self.context.run_id,
            )
            if places is not None:
                meaning.settle(places)
                self.context.progress.advance(1)
        self._mark(plan.kinds, hot)
        return Outcome({**self.counts, **self._written()})

    def _texts(self, kinds: Sequence[Kind], rows: list[DataFrame]) -> int:
        """Adds the rows of `question` and `near`. -> hot buckets."""
        settings = self.settings
        texts = Texts(
            writer=self.writer,
            qa=self.qa,
            version=self.plan.qa,
            staging=self.staging,
            run_id=self.context.run_id,
            made_with=fingerprint_of(rule_of("near", settings), self.version),
            threshold=settings.near_threshold,
            question=settings.near_question,
            cap=settings.bucket_cap,
        )
        self.counts["signed"], self.counts["withdrawn"] = texts.sign()
        found = texts.find()
        members = texts.members(found)
        groups: list[DataFrame] = []
        if "question" in kinds:
            groups.append(texts.question_groups(found, members).withColumn("kind", F.lit("question")))
        if "near" in kinds:
            self.counts["compared"] = texts.compare(found, members)
            groups.append(texts.near_groups(found, settings.driver_edges).withColumn("kind", F.lit("near")))
            if found.hot:
                self.counts["hot_buckets"], self.counts["texts_in_hot_buckets"] = found.hot, found.crowd
                self.context.progress.say(
                    f"deduplicate: {found.hot:,} buckets hold more than {settings.bucket_cap:,} texts ({found.crowd:,} "
                    "together); each of these met 16 others of its bucket (dedup.bucket_cap)."
                )
        both = reduce(lambda one, other: one.unionByName(other), groups)
        chosen_ones = self.staging.keep("chosen", represented(standing(members, both)))
        near = chosen_ones.where("kind = 'near' AND NOT keep").select(
            "kind", "id", F.least("id", "representative").alias("id1"), F.greatest("id", "representative").alias("id2")
        )
        measured = texts.similarities(near.select("id1", "id2").distinct(), members)
        similar = near.join(measured, ["id1", "id2"]).select("kind", "id", "similarity")
        one = F.lit(1.0).cast("float")
        rows.append(
            chosen_ones.join(similar, ["kind", "id"], "left").select(
                "kind", "id", "group_id", "keep", F.coalesce("similarity", one).alias("similarity")
            )
        )
        return found.hot

    def _meaning(self, made_with: str) -> Meaning:
        model = self.plan.model
        assert model is not None
        return Meaning(
            writer=self.writer,
            qa=self.qa,
            staging=self.staging,
            run_id=self.context.run_id,
            made_with=made_with,
            model=model,
            threshold=semantic_threshold(self.settings, model),
        )

    def _mark(self, kinds: Mapping[Kind, str] | None, hot: int) -> None:
        """Marks the kinds of this run as open (None), or as settled under their rules."""
        plan = self.plan
        entries = [
            {
                "kind": kind,
                "fingerprint": kinds[kind] if kinds is not None else None,
                "qa": plan.qa,
                "embeddings": plan.embeddings,
                "hot": hot if kind == "near" else 0,
                "run_id": self.context.run_id,
            }
            for kind in plan.kinds
        ]
        self.context.lake.upsert("_settled", entries)

    def _written(self) -> dict[str, int]:
        """Groups and dropped pairs by kind, of all that `duplicates` holds."""
        table = self.context.lake.dataset("duplicates")
        if table is None:
            return {}
        chosen = {"groups": pc.field("keep"), "dropped": ~pc.field("keep")}
        return {
            f"{kind}_{word}": table.count_rows(filter=(pc.field("kind") == kind) & rows)
            for kind in self.plan.kinds
            for word, rows in chosen.items()
        }
