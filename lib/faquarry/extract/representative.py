"""Which page speaks for a pair: the earliest fetched, then the one with the shortest URL.

`qa` is a function of `occurrences` and the pages behind them. Adding sources can only put an earlier page in the place
of a later one, which a merge decides row by row. Reading a source again may also take a pair's page away: then the best
of the remaining places is found, and its row derived again from `pages.markup`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from faquarry.extract.rows import Reading, pair_rows
from faquarry.lake.tables import QA
from faquarry.markup import rederive
from faquarry.markup.model import Alternate, Page
from faquarry.spark.batches import arrow_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from faquarry.lake.writer import LakeWriter

__all__ = ["best_of", "merge_qa"]

_PLACE = ("fetched_at", "url", "page_id", "position")


def merge_qa(writer: LakeWriter, pairs: DataFrame, reread: Sequence[str], reading: Reading) -> None:
    """Brings `qa` up to date with `pairs`, the new rows of some sources.

    `reread` names the sources among them whose earlier rows still stand in `occurrences` and are about to be replaced.
    """
    best = best_of(pairs, pairs.columns)
    better = f"{_order_sql('new')} <= {_order_sql('old')}"
    if not reread:
        writer.merge("qa", best, update_if=better)
        return
    occurrences = writer.frame("occurrences")
    leaving = F.col("source").isin(list(reread))
    same_place = ["id", *_PLACE]
    gone = occurrences.where(leaving).select(*same_place).join(pairs.select(*same_place), same_place, "left_anti")
    orphans = writer.frame("qa").join(gone.select(*same_place), same_place, "left_semi").select("id").localCheckpoint()
    writer.merge("qa", best, update_if=better)
    if orphans.isEmpty():
        return
    elsewhere = occurrences.where(~leaving).join(orphans, "id", "left_semi").select(*same_place)
    here = pairs.join(orphans, "id", "left_semi")
    heir = best_of(elsewhere.unionByName(here.select(*same_place)), same_place)
    heir_here = here.join(heir, same_place, "left_semi")
    heir_elsewhere = _derived_again(writer, heir.join(elsewhere, same_place, "left_semi"), reading)
    columns = QA.columns
    heirs = best_of(heir_here.select(*columns).unionByName(heir_elsewhere.select(*columns)), columns).localCheckpoint()
    nowhere = orphans.join(heir, "id", "left_anti").localCheckpoint()
    writer.merge("qa", heirs, update_if="true", insert=False)
    writer.delete("qa", nowhere)


def best_of(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """One row an id: the one whose place comes first."""
    best = rows.groupBy("id").agg(F.min_by(F.struct(*columns), _order()).alias("best"))
    return best.select("best.*")


def _order() -> Column:
    return F.struct(F.col("fetched_at").isNull(), "fetched_at", F.length("url"), "url", "page_id", "position")


def _order_sql(alias: str) -> str:
    of = f"{alias}."
    return f"struct({of}fetched_at IS NULL, {of}fetched_at, length({of}url), {of}url, {of}page_id, {of}position)"


def _derived_again(writer: LakeWriter, places: DataFrame, reading: Reading) -> DataFrame:
    """The qa rows at some places of pages that were read earlier, from the markup those pages kept."""
    pages = writer.frame("pages").join(places.select("page_id").distinct(), "page_id", "left_semi")
    schema = pa.schema(list(QA.schema))

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
                yield from arrow_batches((row for row, reject in rows if reject is None), schema)

    wanted = ["url", "title", "description", "html_lang", "alternates", "page_id", "site", "origin", "crawl"]
    derived = pages.select(*wanted, "fetched_at", "markup", "run_id").mapInArrow(derive, from_arrow_schema(schema))
    return derived.join(places, ["id", *_PLACE], "left_semi")
