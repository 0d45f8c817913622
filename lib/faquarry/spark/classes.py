"""An archive of the classes that Spark and Delta load at every start, so that the JVM has them ready (class data sharing).

A quarter of what a start costs is finding, reading and checking some 20,000 classes. Java keeps them as they are in memory when
it is asked to (`-XX:ArchiveClassesAtExit`), and maps the file at the next start. Set-up makes the file; where there is none, or
it was made of other jars or by another Java, everything goes as before.
Source: JEP 350, Dynamic CDS Archives.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from faquarry.errors import EnvironmentProblem
from faquarry.spark.jars import jars_folder

__all__ = ["find_archive", "write_archive"]

_PREFIX, _SUFFIX = "classes-", ".jsa"


def find_archive() -> Path | None:
    """The archive beside Delta's jars; its name holds its size, as Java does not start with one that was cut off."""
    for path in sorted(jars_folder().glob(f"{_PREFIX}*{_SUFFIX}")):
        if path.name == f"{_PREFIX}{path.stat().st_size}{_SUFFIX}":
            return path
    return None


def write_archive() -> Path:
    """Runs what every stage does on a table of its own, and keeps the classes that this took (200 MB).

    Raises:
        EnvironmentProblem: Spark did not start, or Java kept nothing.
    """
    if (there := find_archive()) is not None:
        return there
    folder = jars_folder()
    made = folder / f"{_PREFIX}new.part"
    with tempfile.TemporaryDirectory(prefix="faquarry-classes-") as lake:
        done = subprocess.run(
            [sys.executable, "-m", "faquarry.spark.classes", lake, str(made)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode or not made.is_file():
        made.unlink(missing_ok=True)
        raise EnvironmentProblem(f"Java kept no classes. Its output ends: {' '.join(done.stderr.split())[-400:]}")
    made.chmod(0o644)
    kept = folder / f"{_PREFIX}{made.stat().st_size}{_SUFFIX}"
    made.rename(kept)
    return kept


def _exercise(lake: str, archive: str) -> None:
    """Writes, merges, reads and sends through Python a small table, in a session that leaves its classes in a file."""
    from delta.tables import DeltaTable

    from faquarry.config.settings import SparkSettings
    from faquarry.spark.session import get_session

    java = f"-XX:ArchiveClassesAtExit={archive} -Xlog:cds=off -Xlog:cds+dynamic=off"
    spark = get_session(SparkSettings(master="local[2]", conf={"spark.driver.extraJavaOptions": java}))
    table = f"{lake}/table"
    rows = spark.range(1000).selectExpr("id", "md5(cast(id AS string)) AS name", "id % 7 AS part")
    rows.write.format("delta").save(table)
    there = spark.read.format("delta").load(table)
    through = there.mapInArrow(lambda batches: batches, there.schema)
    through.write.mode("overwrite").parquet(f"{lake}/staging")
    more = spark.read.parquet(f"{lake}/staging").repartition(2, "part").sortWithinPartitions("part", "name")
    merge = DeltaTable.forPath(spark, table).alias("t").merge(more.alias("s"), "t.id = s.id")
    merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    counts = there.groupBy("part").count()
    counts.join(there, "part").localCheckpoint().write.format("delta").mode("append").save(f"{lake}/other")
    there.selectExpr("row_number() OVER (PARTITION BY part ORDER BY name) AS place").where("place = 1").collect()
    spark.stop()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _exercise(*sys.argv[1:])
    else:
        try:
            print(f"Classes of Spark and Delta: {write_archive()}")
        except EnvironmentProblem as problem:
            sys.exit(str(problem))
