"""The only door through which rows enter the lake: create, append, merge, replace, through Spark and Delta.

Every method is one Delta transaction and may be repeated: replacing the rows of some sources, or merging by key, gives
the same table however often it is done. A transaction that another job got in before is tried again on what that job
left behind.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from faquarry.errors import LakeError
from faquarry.lake.lake import Lake
from faquarry.lake.races import retrying
from faquarry.lake.tables import Table, table_named

if TYPE_CHECKING:
    from delta import DeltaTable
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

__all__ = ["LakeWriter", "spark_schema", "sql_in"]

Result = TypeVar("Result")


class LakeWriter:
    """Writes the tables of one lake with one Spark session."""

    def __init__(self, lake: Lake, spark: SparkSession) -> None:
        self.lake, self.spark = lake, spark
        self._ready: set[str] = set()

    # -- reading -------------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        from delta import DeltaTable

        return bool(DeltaTable.isDeltaTable(self.spark, self.lake.path(name)))

    def frame(self, name: str) -> DataFrame:
        """A table as a DataFrame; an empty one when it is not there yet."""
        if self.exists(name):
            return self.spark.read.format("delta").load(self.lake.path(name))
        return self.spark.createDataFrame([], spark_schema(table_named(name)))

    # -- writing -------------------------------------------------------------------------------------------------

    def ensure(self, name: str) -> None:
        """Creates the table, or adds the columns that this version declares and the table does not have yet.

        Raises:
            LakeError: a column has another type than this version declares.
        """
        if name in self._ready:
            return
        table = table_named(name)
        if self.exists(name):
            self._migrate(table)
        else:
            self._retrying(lambda: self._create(table))
        self._ready.add(name)

    def append(self, name: str, frame: DataFrame) -> None:
        """Adds rows as they are."""
        self.ensure(name)
        rows = frame.select(*table_named(name).columns)
        self._retrying(lambda: rows.write.format("delta").mode("append").save(self.lake.path(name)))

    def replace_sources(self, name: str, frame: DataFrame, sources: Sequence[str]) -> None:
        """Puts `frame` in the place of every row whose `source` is among `sources`, in one transaction."""
        self.replace_where(name, frame, sql_in("source", sources))

    def replace_where(self, name: str, frame: DataFrame, where: str) -> None:
        """Puts `frame` in the place of the rows that the SQL condition `where` holds for, in one transaction."""
        self.ensure(name)
        rows = frame.select(*table_named(name).columns)

        def replace() -> None:
            (
                rows.write.format("delta")
                .mode("overwrite")
                .option("replaceWhere", where)
                .option("replaceWhere.dataColumns.enabled", "true")
                .save(self.lake.path(name))
            )

        self._retrying(replace)

    def replace_all(self, name: str, frame: DataFrame) -> None:
        """Puts `frame` in the place of all rows, in one transaction; what was there stays an older version."""
        self.ensure(name)
        rows = frame.select(*table_named(name).columns)
        self._retrying(lambda: rows.write.format("delta").mode("overwrite").save(self.lake.path(name)))

    def merge(
        self,
        name: str,
        frame: DataFrame,
        *,
        update_if: str | None = None,
        insert: bool = True,
        delete: DataFrame | None = None,
    ) -> None:
        """Merges by the table's key: updates where `update_if` (over aliases `old` and `new`) holds, inserts the rest.

        `update_if=None` leaves rows that are there alone. Rows of `delete` (key columns) are removed afterwards.
        """
        self.ensure(name)
        table = table_named(name)
        if insert and delete is None and self.lake.is_local:
            with self.lake.exclusive():  # nobody else writes: into an empty table, a merge is an append
                if not self.lake.holds_rows(name):
                    self.append(name, frame)
                    return
        key = table.key or ()
        on = " AND ".join(f"old.{column} = new.{column}" for column in key)
        rows = frame.select(*table.columns)

        def upsert() -> None:
            merge = self._handle(name).alias("old").merge(rows.alias("new"), on)
            if update_if is not None:
                merge = merge.whenMatchedUpdateAll(condition=update_if)
            if insert:
                merge = merge.whenNotMatchedInsertAll()
            merge.execute()

        self._retrying(upsert)
        if delete is not None:
            self.delete(name, delete)

    def delete(self, name: str, keys: DataFrame, on_columns: Sequence[str] | None = None) -> None:
        """Removes the rows whose key, or whose `on_columns`, stand in `keys`."""
        self.ensure(name)
        columns = on_columns or table_named(name).key or ()
        on = " AND ".join(f"old.`{column}` = new.`{column}`" for column in columns)
        self._retrying(
            lambda: self._handle(name).alias("old").merge(keys.alias("new"), on).whenMatchedDelete().execute()
        )

    def from_rows(self, name: str, rows: Sequence[dict[str, Any]]) -> DataFrame:
        """Dictionaries as a DataFrame with the table's schema."""
        table = table_named(name)
        data = [tuple(row.get(column) for column in table.columns) for row in rows]
        return self.spark.createDataFrame(data, spark_schema(table))

    def compact(self, name: str) -> dict[str, int]:
        """OPTIMIZE: joins small files and clusters; -> files added and removed."""
        metrics = (
            self._retrying(lambda: self._handle(name).optimize().executeCompaction()).select("metrics.*").collect()[0]
        )
        return {"added": int(metrics["numFilesAdded"]), "removed": int(metrics["numFilesRemoved"])}

    def vacuum(self, name: str, retention_h: float) -> None:
        """Deletes files that no version younger than `retention_h` hours needs."""
        with self.lake.exclusive():
            self._handle(name).vacuum(retention_h)

    def restore(self, name: str, version: int) -> None:
        """Puts the rows of an older version in the place of those of the latest; what was there stays a version."""
        self._retrying(lambda: self._handle(name).restoreToVersion(version))

    # -- inside --------------------------------------------------------------------------------------------------

    def _handle(self, name: str) -> DeltaTable:
        from delta import DeltaTable

        return DeltaTable.forPath(self.spark, self.lake.path(name))

    def _create(self, table: Table) -> None:
        # `df.write.clusterBy` silently makes an unclustered table (delta-spark 4.4): the builder does not.
        from delta import DeltaTable

        if self.lake.is_local:
            _clear_unfinished(Path(self.lake.path(table.name)) / "_delta_log")
        builder = (
            DeltaTable.createIfNotExists(self.spark)
            .location(self.lake.path(table.name))
            .addColumns(spark_schema(table))
            .comment(table.comment)
            .property("delta.enableDeletionVectors", "false")  # deltalake and others read the tables too
            .property("delta.dataSkippingNumIndexedCols", str(table.indexed))
        )
        if table.cluster:
            builder = builder.clusterBy(*table.cluster)
        builder.execute()

    def _migrate(self, table: Table) -> None:
        there = {field.name: field for field in self.frame(table.name).schema.fields}
        wanted = spark_schema(table)
        for field in wanted.fields:
            if field.name in there and there[field.name].dataType.simpleString() != field.dataType.simpleString():
                raise LakeError(
                    f"The column {table.name}.{field.name} of {self.lake.uri} is "
                    f"{there[field.name].dataType.simpleString()}, and this version of faquarry writes "
                    f"{field.dataType.simpleString()}: use the version that made the lake, or extract into a new one."
                )
        missing = [field for field in wanted.fields if field.name not in there]
        if missing:
            columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in missing)
            path = self.lake.path(table.name).replace("`", "``")
            self._retrying(lambda: self.spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS ({columns})"))

    def _retrying(self, transaction: Callable[[], Result]) -> Result:
        """Runs a transaction alone where the lake can see to that, and again when another job committed first."""
        from delta import exceptions as conflicts

        # Delta's Python classes for lost races do not share a base class of their own.
        lost_race = tuple(getattr(conflicts, name) for name in conflicts.__all__)
        with self.lake.exclusive():
            return retrying(transaction, lost_race, self.lake.uri)


def _clear_unfinished(log: Path) -> None:
    """Removes a table's log that holds no commit: left by a run that was killed (or found the disk full) as it made the
    table, and to Delta neither a table nor a place where one can be made."""
    if not any(file.stat().st_size for file in log.glob("[0-9]*")):
        shutil.rmtree(log, ignore_errors=True)


def sql_in(column: str, values: Iterable[str]) -> str:
    """``column IN ('a', 'b')`` with quotes and backslashes escaped.

    >>> sql_in("source", ["it's"])
    "source IN ('it\\\\'s')"
    """
    quoted = ("'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" for value in values)
    return f"{column} IN ({', '.join(quoted)})"


def spark_schema(table: Table) -> StructType:
    """The Spark schema of a table, column comments included."""
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    return StructType(
        [
            StructField(
                field.name, from_arrow_type(field.type), field.nullable, {"comment": table.comment_of(field.name)}
            )
            for field in table.schema
        ]
    )
