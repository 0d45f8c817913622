"""The table `qa` at 50 M rows: what appending, clustering, looking up and merging a new crawl cost, and its files.

    python -m benchmarks layout

Rows have the widths of real ones in their short columns and a short text (so that 50 M fit on a small disk): languages by
WebFAQ 2.0's shares, sites by a power law. Ten crawls are appended one after the other; then the table is compacted and
clustered by (language, site), as `faquarry maintain` does it; lookups are counted in files that a reader has to open, before
and after.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.cpu import measured
from benchmarks.make_web import SHARES

__all__ = ["FLOORS", "run"]

ROWS, CRAWLS, NEW_SHARE = 50_000_000, 10, 0.01
FLOORS: dict[str, tuple[float, bool]] = {"files_opened_after_over_before": (0.5, True)}


def run(rows: int = ROWS) -> dict[str, Any]:
    """CPU seconds of every step, bytes a row, files, and files that a lookup opens before and after clustering."""
    folder = Path(tempfile.mkdtemp(prefix="faquarry-layout-"))
    figures: dict[str, Any] = {"rows": rows}
    try:
        for step in ("append", "cluster", "merge"):
            used = measured([sys.executable, "-m", "benchmarks.layout", step, str(folder / "lake"), str(rows)])
            figures[step] = {"cpu_s": used.cpu_s, "wall_s": used.wall_s, **_looked_up(folder / "lake")}
            print(f"  {step}: {figures[step]}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    before, after = figures["append"], figures["cluster"]
    figures["files_opened_after_over_before"] = after["opened_share"] / before["opened_share"]
    figures["missed"] = [name for name, (bound, _) in FLOORS.items() if figures[name] > bound]
    return figures


def _looked_up(lake: Path) -> dict[str, Any]:
    """Files, bytes a row, and of three lookups the share of files whose statistics do not rule them out, and seconds."""
    import pyarrow.dataset as ds

    from faquarry.lake import Lake

    table = Lake(str(lake))
    dataset, delta = table.dataset("qa"), table.delta("qa")
    assert dataset is not None
    assert delta is not None
    sizes = delta.get_add_actions(flatten=True).column("size_bytes").to_pylist()
    shares, seconds = [], []
    for language, number in (("pl", 41), ("en", 7), ("x40", 12)):
        where = (ds.field("language") == language) & (ds.field("site") == f"site{number}.example")
        shares.append(len(list(dataset.get_fragments(where))) / len(sizes))
        started = time.perf_counter()
        dataset.to_table(columns=["id", "question"], filter=where)
        seconds.append(time.perf_counter() - started)
    return {
        **{"files": len(sizes), "mb": sum(sizes) / 1e6, "bytes_a_row": sum(sizes) / dataset.count_rows()},
        **{"opened_share": sum(shares) / len(shares), "lookup_s": sum(seconds) / len(seconds)},
    }


def _step(name: str, lake: str, rows: int) -> None:
    from pyspark.sql import functions as F

    from faquarry.config.settings import SparkSettings
    from faquarry.lake import TABLES, Lake
    from faquarry.lake.writer import LakeWriter
    from faquarry.spark.session import get_session

    spark = get_session(SparkSettings(driver_memory="5g"), f"layout {name}")
    writer = LakeWriter(Lake(lake), spark)
    others = [f"x{number}" for number in range(95)]
    listed = [*SHARES, *others]
    weights = [*SHARES.values(), *[(100 - sum(SHARES.values())) / len(others)] * len(others)]
    bounds = [sum(weights[: n + 1]) / 100 for n in range(len(weights))]
    language = F.lit(listed[-1])
    for code, bound in reversed(list(zip(listed, bounds, strict=True))):
        language = F.when(F.col("where") < bound, F.lit(code)).otherwise(language)

    def crawl(number: int, first: int, count: int) -> Any:
        made = spark.range(first, first + count).withColumn("key", F.md5(F.col("id").cast("string")))
        made = made.withColumn("where", F.conv(F.substring("key", 1, 8), 16, 10).cast("double") / F.lit(2.0**32))
        power = F.pow(1 - F.conv(F.substring("key", 9, 8), 16, 10).cast("double") / F.lit(2.0**32), F.lit(-0.8))
        short = {
            **{
                "id": F.col("key"),
                "language": language,
                "site": F.concat(F.lit("site"), power.cast("int"), F.lit(".example")),
            },
            **{"crawl": F.lit(f"crawl-{number}"), "run_id": F.lit("run"), "position": F.lit(number).cast("int")},
            "page_id": F.substring("key", 1, 16),
            "question": F.concat(F.lit("How do I change "), F.substring("key", 20, 6), F.lit("?")),
        }
        schema = TABLES["qa"].schema
        columns = [
            (short[field.name] if field.name in short else F.lit(None).cast(_type(field.type))).alias(field.name)
            for field in schema
        ]
        return made.select(*columns)

    if name == "append":
        each = rows // CRAWLS
        for number in range(CRAWLS):
            writer.append("qa", crawl(number, number * each, each))
    elif name == "cluster":
        writer.compact("qa")
    else:  # a crawl of which half is known
        new = int(rows * NEW_SHARE)
        writer.merge("qa", crawl(CRAWLS, rows - new // 2, new))
    spark.stop()


def _type(arrow: Any) -> Any:
    from pyspark.sql.pandas.types import from_arrow_type

    return from_arrow_type(arrow)


if __name__ == "__main__":
    _step(sys.argv[1], sys.argv[2], int(sys.argv[3]))
