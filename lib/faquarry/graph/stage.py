"""The verb `graph` on Spark: archives in, documents and their links out.

An address has one document: the page that was fetched last, then the smallest (source, offset), whatever the order in which
archives are read. Pages that lost stand in `_superseded` with their links, so that one of them can take the place of a
winner that is gone when its source is read again. What counts as read is decided by `_graph_sources`, written last; before
it nothing is removed that does not stand somewhere else, so that a commit may be cut anywhere and repeated:

1. `_superseded` gets the losers, those that were documents until now included;
2. `links` of every address that is touched are replaced by those of its winner;
3. `documents` gets the winners and loses the addresses that no page is left of;
4. `_superseded` loses what its source does not hold any more, and what has become a document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from faquarry.config.settings import Settings
from faquarry.errors import NothingToRead
from faquarry.graph.rows import STAGED, GraphReading, read_batches
from faquarry.intake.parts import PAGE_KINDS, Input, Part, inputs_of
from faquarry.intake.stage import source_rows, staged, staged_batches
from faquarry.intake.state import GRAPH, read_already, record
from faquarry.lake import Lake
from faquarry.lake.tables import DOCUMENTS, LINKS, table_named
from faquarry.lake.writer import LakeWriter, spark_schema, sql_in
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.web.sources import resolve

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["GraphStage"]

_COUNTED = ("documents", "links", "kept", "rejects")
_PLACE = ("url", "source", "offset")


@dataclass(frozen=True)
class GraphStage:
    """Reads archives that are new, changed, or were read under other settings, each exactly once."""

    sources: Sequence[str]
    settings: Settings
    prefix: str | None = None

    name: ClassVar[str] = "graph"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ()
    writes: ClassVar[Sequence[str]] = ("documents", "links", "rejects")
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, sources: Sequence[str], settings: Settings, *, prefix: str | None = None) -> GraphStage:
        return cls(tuple(sources), settings, prefix)

    def shape(self) -> Mapping[str, Any]:
        sizes = {"files_per_commit", "split_bytes", "group_bytes"}
        return {
            "graph": self.settings.graph.model_dump(exclude=sizes),
            "language": self.settings.language.model_dump(),
        }

    def pending(self, lake: Lake) -> Work[list[Input]] | None:
        sources = resolve(self.sources, self.settings.sources, prefix=self.prefix)
        found = inputs_of(sources, self.settings.sources, self.prefix)
        pages = [item for item in found if item.source.kind in PAGE_KINDS or item.failed or item.source.explicit]
        if not pages:
            raise NothingToRead(
                f"No archive of pages in {', '.join(self.sources)}: the graph is made of WARC archives."
            )
        new = self._unread(pages, lake)
        if not new:
            return None
        size = sum(item.source.size or 0 for item in new)
        there = f", {len(pages) - len(new):,} are read already" if len(new) < len(pages) else ""
        return Work([f"{len(new):,} source{'s' if len(new) > 1 else ''} to read, {size / 1e6:,.1f} MB{there}."], new)

    def _unread(self, inputs: Sequence[Input], lake: Lake) -> list[Input]:
        """Those that no run with the current version and settings has read to their end as they are now."""
        known = read_already(lake, "_graph_sources", fingerprint(self))
        return [item for item in inputs if item.failed or known.get(item.source.name) != item.source.etag]

    def run(self, work: Work[list[Input]], context: Context) -> Outcome:
        writer = LakeWriter(context.lake, context.spark)
        settings = self.settings
        reading = GraphReading(context.run_id, settings.sources, settings.graph, settings.language)
        totals = dict.fromkeys(("sources", *_COUNTED), 0)
        failed: list[tuple[str, str]] = []

        def read(part: Part) -> Iterator[pa.RecordBatch]:
            return read_batches(part, reading)

        def unread(batch: Sequence[Input]) -> list[Input]:
            return self._unread(batch, context.lake)

        for batch, staging in staged_batches(work.payload, context, settings.graph, read, STAGED, unread):
            with context.exclusive():
                rows = _commit(writer, batch, context.run_id, staging)
            failed += [(row["source"], row["error"]) for row in rows if row["status"] == "failed"]
            for name in _COUNTED:
                totals[name] += sum(row[name] for row in rows)
            totals["sources"] += len(rows)
            context.progress.advance(**totals)
        for source, error in failed[:20]:
            context.progress.say(f"graph: failed: {source}: {error}")
        return Outcome({**totals, "failed": len(failed)}, failed)


# -- one commit -------------------------------------------------------------------------------------------------------


def _commit(writer: LakeWriter, batch: Sequence[Input], run_id: str, staging: str) -> list[dict[str, Any]]:
    """Puts the staged rows of a batch into the tables. -> what came of each source."""
    found = staged(writer.spark, staging, STAGED)
    rows = _source_rows(found, batch, run_id)
    good = [row["source"] for row in rows if row["status"] != "failed"]
    if good:
        kept = found if len(good) == len(rows) else found.where(F.col("source").isin(good))
        pages = kept.where("document IS NOT NULL").select(
            F.col("document.url").alias("url"), "source", F.col("document.offset").alias("offset"), "document", "links"
        )
        writer.ensure("documents")
        writer.ensure("links")
        if _stand(writer.lake, good) or _meet(writer, pages):
            _settle(writer, pages, good, f"{staging}/_settled")
        else:
            _add(writer, pages)
        _clear(writer)
        rejects = sum(row["rejects"] for row in rows)
        mine = f"{sql_in('source', good)} AND stage = '{GRAPH}'"
        if rejects or writer.lake.holds_rows("rejects", pc.field("source").isin(good) & (pc.field("stage") == GRAPH)):
            writer.replace_where("rejects", kept.where("reject IS NOT NULL").select("reject.*"), mine)
        else:
            writer.ensure("rejects")
    record(writer.lake, "_graph_sources", batch, rows)
    return rows


def _stand(lake: Lake, sources: Sequence[str]) -> bool:
    """Whether rows of these sources are in the lake: of an earlier reading, or of a run that was cut short."""
    mine = pc.field("source").isin(list(sources))
    return any(lake.holds_rows(name, mine) for name in ("documents", "links", "_superseded"))


def _meet(writer: LakeWriter, pages: DataFrame) -> bool:
    """Whether an address stands in the lake already, or twice among the new pages."""
    urls = pages.select("url")
    twice = urls.groupBy("url").count().where("count > 1")
    if not twice.isEmpty():
        return True
    held = writer.lake.holds_rows("documents")
    return held and not writer.frame("documents").select("url").join(urls, "url", "left_semi").isEmpty()


def _add(writer: LakeWriter, pages: DataFrame) -> None:
    """Pages of addresses that the lake has never seen."""
    writer.append("links", _links_of(pages))
    writer.append("documents", pages.select("document.*"))


def _settle(writer: LakeWriter, pages: DataFrame, sources: Sequence[str], folder: str) -> None:
    """Finds the winner of every address that the new pages, or the rows that go, have a say in, and writes what follows."""
    theirs = F.col("source").isin(list(sources))
    documents, links, superseded = (writer.frame(name) for name in ("documents", "links", "_superseded"))
    touched = (
        pages.select("url")
        .union(documents.where(theirs).select("url"))
        .union(links.where(theirs).select(F.col("src_url").alias("url")))
        .distinct()
    )
    losing = superseded.where(~theirs).join(touched, "url", "left_semi").withColumn("stands", F.lit(True))
    # A run that was cut short may have left a page in both tables; then its links are only sure to be in _superseded.
    standing = _with_links(
        documents.where(~theirs).join(touched, "url", "left_semi").join(losing, list(_PLACE), "left_anti"), links
    )
    columns = [*_PLACE, "document", "links", "stands"]
    fresh = pages.unionByName(standing).withColumn("stands", F.lit(False))
    every = fresh.select(columns).union(losing.select(columns))
    order = Window.partitionBy("url").orderBy(
        F.col("document.fetched_at").desc_nulls_last(), F.col("source"), F.col("offset")
    )
    # All of it is read from tables that the next steps change: so it is written down first.
    ranked = every.withColumn("rank", F.row_number().over(order))
    ranked.write.mode("overwrite").parquet(f"{folder}/ranked")
    touched.write.mode("overwrite").parquet(f"{folder}/touched")
    ranked = writer.spark.read.parquet(f"{folder}/ranked")
    touched = writer.spark.read.parquet(f"{folder}/touched")
    winners, losers = ranked.where("rank = 1"), ranked.where("rank > 1")

    if not (lost := losers.where("NOT stands")).isEmpty():
        writer.merge("_superseded", lost, update_if="true")
    writer.delete("links", touched.withColumnRenamed("url", "src_url"), ["src_url"])
    writer.append("links", _links_of(winners))
    writer.merge("documents", winners.select("document.*"), update_if="true")
    gone = touched.join(winners, "url", "left_anti")
    if not gone.isEmpty():
        writer.delete("documents", gone)
    withdrawn = writer.frame("_superseded").where(theirs).join(losers, list(_PLACE), "left_anti")
    if not withdrawn.isEmpty():
        writer.delete("_superseded", withdrawn.select(*_PLACE))


def _clear(writer: LakeWriter) -> None:
    """Takes out of `_superseded` what has become a document, or was one still when a run was killed."""
    if writer.lake.holds_rows("_superseded"):
        places = writer.frame("documents").select(*_PLACE)
        won = writer.frame("_superseded").select(*_PLACE).join(places, list(_PLACE), "left_semi")
        if not won.isEmpty():
            writer.delete("_superseded", won)


def _with_links(documents: DataFrame, links: DataFrame) -> DataFrame:
    """Rows of `documents` as they are staged: the row in a struct, its links in an array in their order."""
    row = F.struct(*(F.col(f"`{name}`") for name in LINKS.columns))
    on_page = (
        links.join(documents.select(F.col("url").alias("src_url")), "src_url", "left_semi")
        .groupBy(F.col("src_url").alias("url"))
        .agg(F.array_sort(F.collect_list(F.struct("position", row.alias("link")))).alias("found"))
        .select("url", F.col("found.link").alias("links"))
    )
    packed = documents.select(
        "url", "source", "offset", F.struct(*(F.col(f"`{name}`") for name in DOCUMENTS.columns)).alias("document")
    )
    none = F.array().cast(spark_schema(table_named("_superseded"))["links"].dataType)
    return packed.join(on_page, "url", "left").withColumn("links", F.coalesce("links", none))


def _links_of(pages: DataFrame) -> DataFrame:
    return pages.select(F.explode("links").alias("link")).select("link.*")


def _source_rows(found: DataFrame, batch: Sequence[Input], run_id: str) -> list[dict[str, Any]]:
    counts = {
        "documents": F.count("document"),
        "links": F.sum("document.links_found"),
        "kept": F.sum("document.links_kept"),
        "rejects": F.count("reject"),
    }
    return source_rows(found, batch, run_id, counts)
