"""Answers that repeat across a whole site: the same text under many different questions answers none of them.

A site shows this only as a whole, so it is looked at when a run has read all its sources. What is boilerplate follows from
the lake alone (all places of all pairs of a site, the ones put aside earlier included), so neither the order of sources
nor the number of runs changes it: a place is put aside when its site has reached the limit, and put back when a source
that was read again took the site below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from faquarry.extract.representative import add_places, derived_again, remove_places
from faquarry.extract.rows import Reading
from faquarry.lake.tables import OCCURRENCES, REJECTS
from faquarry.markup.model import Reason

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from faquarry.lake.writer import LakeWriter

__all__ = ["STAGE", "sweep"]

STAGE = "site"
_AT = ["source", "offset"]


def sweep(writer: LakeWriter, reading: Reading, limit: int, runs: Sequence[str] | None) -> dict[str, int]:
    """Moves places between `occurrences` (with `qa`) and `rejects`. -> how many went aside and came back.

    Only sites of which `runs` wrote a page are looked at; None: all (places may have gone where nothing was written).
    Repeatable at any point: what was moved already is found moved.
    """
    if not _possible(writer, limit):
        return {"boilerplate": 0, "returned": 0}
    kept, aside = _kept(writer), _aside(writer)
    if runs is not None:
        touched = writer.frame("pages").where(F.col("run_id").isin(list(runs))).select("site").distinct()
        kept, aside = (places.join(touched, "site", "left_semi") for places in (kept, aside))
    heavy = _answers_of_a_site(kept.unionByName(aside, allowMissingColumns=True), limit).localCheckpoint()
    out = kept.join(heavy, ["site", "answer"], "left_semi").localCheckpoint()
    back = aside.join(heavy, ["site", "answer"], "left_anti").localCheckpoint()
    moved, returned = out.count(), back.count()
    if moved:
        _put_aside(writer, out, limit, reading)
    if returned:
        _put_back(writer, back, reading)
    if moved or runs is None:
        _silence(writer, reading)
    return {"boilerplate": moved, "returned": returned}


def _possible(writer: LakeWriter, limit: int) -> bool:
    """Whether any answer has `limit` questions anywhere, or any place was put aside: cheap, and mostly no."""
    texts = writer.frame("qa").select(F.xxhash64("answer").alias("answer"), F.xxhash64("question").alias("question"))
    often = texts.groupBy("answer").agg(F.countDistinct("question").alias("n")).where(F.col("n") >= limit)
    aside = writer.frame("rejects").where(F.col("stage") == STAGE).select(F.lit(0).alias("answer"), F.lit(0).alias("n"))
    return not often.unionAll(aside).isEmpty()


def _kept(writer: LakeWriter) -> DataFrame:
    """Every place in `occurrences`, with its page's site and offset and its pair's texts."""
    pages = writer.frame("pages").select("page_id", "site", "offset")
    texts = writer.frame("qa").select("id", "question", "answer")
    return writer.frame("occurrences").join(pages, "page_id").join(texts, "id")


def _aside(writer: LakeWriter) -> DataFrame:
    """Every place that was put aside, as its reject, with its page's site."""
    pages = writer.frame("pages").select(*_AT, "site", "page_id").dropDuplicates(_AT)
    rejects = writer.frame("rejects").where(F.col("stage") == STAGE)
    return rejects.join(pages, _AT).select(*_AT, "url", "question", "answer", "site", "page_id")


def _answers_of_a_site(places: DataFrame, limit: int) -> DataFrame:
    """(site, answer, questions) where one answer stands under `limit` or more different questions of a site."""
    counted = places.groupBy("site", "answer").agg(F.countDistinct("question").alias("questions"))
    return counted.where(F.col("questions") >= limit)


def _put_aside(writer: LakeWriter, out: DataFrame, limit: int, reading: Reading) -> None:
    # A place is found in `occurrences` and `qa` until both steps are done; what they leave in `qa` is seen to afterwards.
    # How many questions there are is not told: that depends on which archives had been read by then.
    detail = F.concat(F.lit(f"one answer to {limit} or more questions of "), "site")
    rows = out.select(
        F.lit(STAGE).alias("stage"),
        F.lit(str(Reason.BOILERPLATE)).alias("reason"),
        *("source", "offset", F.lit(reading.run_id).alias("run_id"), detail.alias("detail")),
        *("url", "question", "answer", F.lit(None).cast("string").alias("excerpt")),
    )
    known = writer.frame("rejects").where(F.col("stage") == STAGE)
    new = rows.join(known, [*_AT, "question", "answer"], "left_anti").localCheckpoint()
    writer.append("rejects", new.select(*REJECTS.columns))
    writer.delete("occurrences", out.select("id", "page_id", "position"))


def _silence(writer: LakeWriter, reading: Reading) -> None:
    """Takes the word from pages whose place of a pair stands aside. A run that was killed may have left some of these."""
    pages = writer.frame("pages").select("page_id", *_AT)
    aside = writer.frame("rejects").where(F.col("stage") == STAGE).select(*_AT, "question", "answer")
    leaving = writer.frame("qa").join(pages, "page_id").join(aside, [*_AT, "question", "answer"], "left_semi")
    remove_places(writer, leaving, writer.frame("occurrences"), reading)


def _put_back(writer: LakeWriter, back: DataFrame, reading: Reading) -> None:
    rejected = back.select("page_id", "question", "answer")
    rows = derived_again(writer, back.select("page_id"), reading)
    rows = rows.join(rejected, ["page_id", "question", "answer"], "left_semi").localCheckpoint()
    add_places(writer, rows)
    writer.merge("occurrences", rows.select(*OCCURRENCES.columns))
    keys = ["source", "offset", "question", "answer"]
    left = writer.frame("rejects").where(F.col("stage") == STAGE).join(back.select(*keys), keys, "left_anti")
    touched = [row[0] for row in back.select("source").distinct().collect()]
    others = writer.frame("rejects").where((F.col("stage") != STAGE) & F.col("source").isin(touched))
    same = left.where(F.col("source").isin(touched))
    writer.replace_sources("rejects", others.unionByName(same).localCheckpoint(), touched)
