"""Which page speaks for a pair: the earliest fetched, then the one with the shortest URL.

`qa` is a function of `occurrences` and the pages behind them. Adding places can only put an earlier page in the stead of a
later one, which a merge decides row by row. Taking places away (a source is read again, an answer turns out to be
boilerplate) may take a pair's page: then the best of the remaining places is found, and its row derived again from
`pages.markup`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from faquarry.config.settings import FilterSettings
from faquarry.extract.rows import Reading, pair_rows
from faquarry.lake.tables import QA
from faquarry.markup.model import Alternate, Page
from faquarry.markup.pairs import rederive
from faquarry.spark.batches import arrow_batches
from faquarry.spark.tasks import map_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from faquarry.lake.writer import LakeWriter

__all__ = ["add_places", "derived_again", "remove_places"]

_PLACE = ("id", "page_id", "position")
# Together these let every pair through that any settings do.
_OTHER_RULES = (
    FilterSettings(profile="none"),
    FilterSettings(profile="webfaq", min_question=0, min_answer=0, max_answer_newlines=1_000_000),
)


def add_places(writer: LakeWriter, pairs: DataFrame) -> None:
    """Merges qa rows of new places: an id that is new comes in, one that has a better place now gets its row."""
    writer.merge("qa", best_of(pairs), update_if=f"{_order_sql('new')} <= {_order_sql('old')}")


def remove_places(writer: LakeWriter, leaving: DataFrame, staying: DataFrame, reading: Reading) -> None:
    """Gives every id whose representative place is among `leaving` the best of `staying`, or removes it from `qa`.

    `leaving` and `staying` are places (id, page_id, position); `leaving` may hold some that `qa` no longer knows.
    """
    orphans = writer.frame("qa").join(leaving.select(*_PLACE), list(_PLACE), "left_semi").select("id").localCheckpoint()
    if orphans.isEmpty():
        return
    heirs = best_of(staying.join(orphans, "id", "left_semi")).localCheckpoint()
    rows = derived_again(writer, heirs, reading).localCheckpoint()
    for filters in _OTHER_RULES:  # the heir's page may have been read under other settings than are set now
        missing = heirs.join(rows, "id", "left_anti").localCheckpoint()
        if missing.isEmpty():
            break
        rows = rows.unionByName(derived_again(writer, missing, replace(reading, filters=filters))).localCheckpoint()
    writer.merge("qa", rows, update_if="true", insert=False)
    writer.delete("qa", orphans.join(rows, "id", "left_anti").localCheckpoint())


def best_of(places: DataFrame) -> DataFrame:
    """One row an id: the one whose place comes first."""
    best = places.groupBy("id").agg(F.min_by(F.struct(*places.columns), _order()).alias("best"))
    return best.select("best.*")


def _order() -> Column:
    return F.struct(F.col("fetched_at").isNull(), "fetched_at", F.length("url"), "url", "page_id", "position")


def _order_sql(alias: str) -> str:
    of = f"{alias}."
    return f"struct({of}fetched_at IS NULL, {of}fetched_at, length({of}url), {of}url, {of}page_id, {of}position)"


def derived_again(writer: LakeWriter, places: DataFrame, reading: Reading) -> DataFrame:
    """The qa rows (with their `source`) of pages that were read earlier, from the markup those pages kept.

    `places` has `page_id`, and `id` and `position` where only some places of a page are wanted.
    """
    pages = writer.frame("pages").join(places.select("page_id").distinct(), "page_id", "left_semi")
    schema = pa.schema([*QA.schema, pa.field("source", pa.string())])

    def derive(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for stored in batch.to_pylist():
                page = Page(
                    url=stored["url"],
                    title=stored["title"],
                    description=stored["description"],
                    html_lang=stored["html_lang"],
                    alternates=tuple(Alternate(**one) for one in stored["alternates"] or ()),
                )
                place = {name: stored[name] for name in ("page_id", "site", "origin", "url", "crawl", "fetched_at")}
                pairs, _ = rederive(stored["markup"], reading.filters)
                rows = pair_rows(page, pairs, place, reading.language, stored["run_id"])
                kept = ({**row, "source": stored["source"]} for row, reject in rows if reject is None)
                yield from arrow_batches(kept, schema)

    wanted = ["url", "title", "description", "html_lang", "alternates", "page_id", "site", "origin", "crawl", "source"]
    derived = map_batches(pages.select(*wanted, "fetched_at", "markup", "run_id"), derive, schema, "derive")
    wanted_places = [column for column in _PLACE if column in places.columns]
    return derived.join(places.select(*wanted_places), wanted_places, "left_semi")
