"""The verb `extract` on Spark: plan, read in Python workers, commit a batch of sources at a time.

The rows of a batch are staged as Parquet once (`faquarry.intake`), then go into the tables in an order that can be cut
anywhere: what counts as read is decided by `sources`, written last, and everything before it is repeatable.
A pair is in `qa` only while its page is in `pages` (it comes after it, and goes before it), so that whatever a killed run
left of a source is found by the source's pages and rejects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from faquarry.config.settings import LanguageSettings, Settings
from faquarry.errors import NothingToRead
from faquarry.extract.boilerplate import sweep
from faquarry.extract.extras import require_extras
from faquarry.extract.representative import add_places, remove_places
from faquarry.extract.rows import STAGED, Reading, read_rows
from faquarry.intake.parts import Input, Part, inputs_of
from faquarry.intake.stage import source_rows, staged, staged_batches
from faquarry.intake.state import GRAPH, read_already, record
from faquarry.lake import Lake
from faquarry.lake.writer import LakeWriter, sql_in
from faquarry.spark.batches import arrow_batches
from faquarry.stage import Context, Outcome, Work, fingerprint
from faquarry.web.sources import resolve

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


__all__ = ["ExtractStage"]

MINE = f" AND stage <> '{GRAPH}'"
"""The verb `graph` keeps rejects of the same sources."""


@dataclass(frozen=True)
class ExtractStage:
    """Reads sources that are new, changed, or were read under other settings, each exactly once."""

    sources: Sequence[str]
    settings: Settings
    prefix: str | None = None

    name: ClassVar[str] = "extract"
    version: ClassVar[str] = "1"
    reads: ClassVar[Sequence[str]] = ()
    writes: ClassVar[Sequence[str]] = ("sources", "pages", "qa", "occurrences", "rejects")
    on_spark: ClassVar[bool] = True

    @classmethod
    def of(cls, sources: Sequence[str], settings: Settings, *, prefix: str | None = None) -> ExtractStage:
        return cls(tuple(sources), settings, prefix)

    def shape(self) -> Mapping[str, Any]:
        return {
            "parser": self.settings.extract.parser,
            "max_record_bytes": self.settings.extract.max_record_bytes,
            "max_page_s": self.settings.extract.max_page_s,
            "filters": self.settings.filters.model_dump(),
            "language": self._language().model_dump(),
        }

    def _language(self) -> LanguageSettings:
        """The settings of the language domain, its rule following the profile of the filters where none is set."""
        language = self.settings.language
        profile = "webfaq" if self.settings.filters.profile == "webfaq" else "default"
        return language if language.rule else language.model_copy(update={"rule": profile})

    def pending(self, lake: Lake) -> Work[list[Input]] | None:
        sources = resolve(self.sources, self.settings.sources, prefix=self.prefix)
        found = inputs_of(sources, self.settings.sources, self.prefix)
        if not found:
            raise NothingToRead(f"Nothing to read in {', '.join(self.sources)}.")
        require_extras(self.settings.extract, self._language())
        new = self._unread(found, lake)
        cut_short = _cut_short(lake)
        if not new:
            return Work(["an earlier run was cut short, and is brought to its end."], []) if cut_short else None
        size = sum(item.source.size or 0 for item in new)
        there = f", {len(found) - len(new):,} are read already" if len(new) < len(found) else ""
        summary = [f"{len(new):,} source{'s' if len(new) > 1 else ''} to read, {size / 1e6:,.1f} MB{there}."]
        summary += [f"  {item.source.name} ({item.source.kind})" for item in new[:5]]
        if len(new) > 5:
            summary.append(f"  … and {len(new) - 5:,} more")
        return Work(summary, new)

    def _unread(self, inputs: Sequence[Input], lake: Lake) -> list[Input]:
        """Those that no run with the current version and settings has read to their end as they are now."""
        known = read_already(lake, "sources", fingerprint(self))
        return [item for item in inputs if item.failed or known.get(item.source.name) != item.source.etag]

    def run(self, work: Work[list[Input]], context: Context) -> Outcome:
        writer = LakeWriter(context.lake, context.spark)
        reading = Reading(
            context.run_id,
            self.settings.sources,
            self.settings.extract,
            self.settings.filters,
            self._language(),
        )
        totals = dict.fromkeys(("sources", "pages", "pairs", "rejects"), 0)
        failed: list[tuple[str, str]] = []
        cut_short = _cut_short(context.lake) - {context.run_id}
        reread = False

        def read(part: Part) -> Iterator[pa.RecordBatch]:
            return arrow_batches(read_rows(part, reading), STAGED)

        def unread(batch: Sequence[Input]) -> list[Input]:
            return self._unread(batch, context.lake)

        for batch, staging in staged_batches(work.payload, context, self.settings.extract, read, STAGED, unread):
            with context.exclusive():
                rows, again = _commit(writer, batch, reading, staging)
            reread |= again
            failed += [(row["source"], row["error"]) for row in rows if row["status"] == "failed"]
            for name in ("pages", "pairs", "rejects"):
                totals[name] += sum(row[name] for row in rows)
            totals["sources"] += len(rows)
            context.progress.advance(**totals)
        if self.settings.extract.boilerplate and totals["sources"] + len(cut_short) > 0:
            runs = None if reread or cut_short else [context.run_id]
            with context.exclusive():
                totals |= sweep(writer, reading, self.settings.filters.site_boilerplate_questions, runs)
        for source, error in failed[:20]:
            context.progress.say(f"extract: failed: {source}: {error}")
        return Outcome({**totals, "failed": len(failed)}, failed)


def _cut_short(lake: Lake) -> set[str]:
    """Runs of this verb that did not reach their end, and that no later run has seen to.

    A run that ends has seen to all that stood in the lake when it started: to those that wrote nothing after that.
    """
    runs = [r for r in lake.rows("runs", ["run_id", "verb", "status", "started_at"]) if r["verb"] == ExtractStage.name]
    finished = [run["started_at"] for run in runs if run["status"] in ("done", "partial")]
    unfinished = {run["run_id"]: run["started_at"] for run in runs if run["status"] in ("running", "failed")}
    if finished and unfinished:
        for row in lake.rows("sources", ["run_id", "finished_at"]):
            if row["run_id"] in unfinished:
                unfinished[row["run_id"]] = max(unfinished[row["run_id"]], row["finished_at"])
    return {run_id for run_id, wrote in unfinished.items() if not finished or wrote > max(finished)}


def _commit(
    writer: LakeWriter, batch: Sequence[Input], reading: Reading, staging: str
) -> tuple[list[dict[str, Any]], bool]:
    """Puts the staged rows of a batch into the tables. -> the rows for `sources`, and whether older rows went."""
    found = staged(writer.spark, staging, STAGED)
    rows = _source_rows(found, batch, reading.run_id)
    good = [row["source"] for row in rows if row["status"] != "failed"]
    again = bool(good) and _stand(writer.lake, good)
    if good:
        kept = found if len(good) == len(rows) else found.where(F.col("source").isin(good))
        pairs = kept.where("pair IS NOT NULL").select("pair.*")
        if again:
            _withdraw(writer, good, reading)

        def put(table: str, frame: DataFrame, count: int) -> None:
            if count or again:
                writer.replace_where(table, frame, sql_in("source", good) + (MINE if table == "rejects" else ""))
            else:
                writer.ensure(table)

        put("pages", kept.where("page IS NOT NULL").select("page.*"), sum(row["pages"] for row in rows))
        put("rejects", kept.where("reject IS NOT NULL").select("reject.*"), sum(row["rejects"] for row in rows))
        put("occurrences", pairs, sum(row["pairs"] for row in rows))
        add_places(writer, pairs.drop("source"))
    record(writer.lake, "sources", batch, rows)
    return rows, again


def _stand(lake: Lake, sources: Sequence[str]) -> bool:
    """Whether rows of these sources are in the lake: of an earlier reading, or of a run that was cut short."""
    mine = pc.field("source").isin(list(sources))
    rejected = mine & (pc.field("stage") != GRAPH)
    return lake.holds_rows("rejects", rejected) or any(lake.holds_rows(name, mine) for name in ("pages", "occurrences"))


def _withdraw(writer: LakeWriter, sources: Sequence[str], reading: Reading) -> None:
    """Lets other places speak for the pairs that pages of these sources speak for; pairs that stand nowhere else go."""
    theirs = F.col("source").isin(list(sources))
    leaving = writer.frame("qa").join(writer.frame("pages").where(theirs).select("page_id"), "page_id", "left_semi")
    remove_places(writer, leaving, writer.frame("occurrences").where(~theirs), reading)


def _source_rows(read: DataFrame, batch: Sequence[Input], run_id: str) -> list[dict[str, Any]]:
    counts = {"pages": F.count("page"), "pairs": F.count("pair"), "rejects": F.count("reject")}
    return source_rows(read, batch, run_id, counts)
