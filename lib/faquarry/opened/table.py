"""One table of an opened lake, in the form that the next line of a notebook wants."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from faquarry.errors import MissingExtra, UsageError
from faquarry.lake import TABLES
from faquarry.opened.columns import Columns
from faquarry.opened.look import as_html, as_text, in_bytes
from faquarry.opened.missing import NoSuchTable
from faquarry.opened.when import Moment, moment_of, version_at

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset as ds
    from deltalake import DeltaTable
    from duckdb import DuckDBPyRelation
    from pyspark.sql import DataFrame, SparkSession

    from faquarry.opened.lake import OpenedLake

    Where: TypeAlias = str | ds.Expression

__all__ = ["OpenedTable"]

FEW = 20  # columns that a table shows of itself


class OpenedTable:
    """A table at its latest version, or at the one it was asked for.

    Nothing is read before a method asks for it, and then no more than the columns and rows that it names.
    `where` is a condition in SQL (``"language = 'deu' AND site LIKE '%.example'"``) or a pyarrow expression.
    """

    def __init__(self, lake: OpenedLake, name: str) -> None:
        self._opened, self.name = lake, name

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        return int(self.delta().version())

    @property
    def schema(self) -> Columns:
        """The columns with their types and what they mean."""
        return Columns(self.dataset().schema, TABLES[self.name])

    @property
    def columns(self) -> list[str]:
        return list(self.dataset().schema.names)

    @property
    def comment(self) -> str:
        """What the table holds, in a sentence."""
        return TABLES[self.name].comment

    @property
    def nbytes(self) -> int:
        """Bytes of its files as they are stored."""
        return sum(self._files("size_bytes"))

    def count(self, where: Where | None = None) -> int:
        """Rows, by the statistics in Delta's log where they say it; with a condition, rows for which it holds."""
        if where is not None:
            return len(self.arrow(self.columns[:1], where))
        counted = self._files("num_records")
        return int(self.dataset().count_rows()) if None in counted else sum(counted)

    def __len__(self) -> int:
        return self.count()

    def history(self) -> pd.DataFrame:
        """A row a version, the latest first: when, by what operation, how many rows it wrote."""
        import pandas as pd

        rows = []
        for entry in self.delta().history():
            metrics = entry.get("operationMetrics") or {}
            written = metrics.get("numOutputRows", metrics.get("num_added_rows"))
            rows.append(
                {
                    "version": int(entry["version"]),
                    "timestamp": pd.Timestamp(int(entry["timestamp"]), unit="ms", tz="UTC"),
                    "operation": entry.get("operation"),
                    "rows_written": None if written is None else int(written),
                }
            )
        return pd.DataFrame(rows).astype({"rows_written": "Int64"})

    # -- at another time -----------------------------------------------------------------------------------------

    def at(self, when: int | Moment) -> OpenedTable:
        """The table as it was: at a version, or at a moment (``"2026-03-27 22:45"``, UTC unless it says so).

        Raises:
            UsageError: there is no such version (yet), or the moment cannot be read.
            LakeError: the version is not there any longer.
        """
        if isinstance(when, str | datetime):
            found = version_at(self.delta(), moment_of(when))
            if found is None:
                raise UsageError(f"The table {self.name} was not there yet at {moment_of(when):%Y-%m-%d %H:%M:%S} UTC.")
            when = found
        return self._opened.at({self.name: when})[self.name]

    # -- its rows ------------------------------------------------------------------------------------------------

    def head(self, n: int = 5) -> pd.DataFrame:
        """The first rows as they are stored."""
        return self.dataset().head(n).to_pandas()

    def arrow(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Rows in memory as Arrow.

        Raises:
            UsageError: there is no such column, or the condition cannot be understood.
        """
        table = self.dataset()
        wanted = self._checked(table.schema.names, columns)
        if not isinstance(where, str):
            return table.to_table(columns=wanted, filter=where)
        import duckdb

        with duckdb.connect() as connection:
            connection.register(self.name, table)
            try:
                found = connection.table(self.name).filter(where)
                # Quoted one by one: `offset` and `position` are words of SQL too.
                found = found.project(", ".join(f'"{name}"' for name in wanted))
                return found.to_arrow_table().cast(pa.schema([table.schema.field(name) for name in wanted]))
            except duckdb.Error as error:
                raise UsageError(f"The condition cannot be understood: {str(error).strip()}") from error

    def pandas(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Rows in memory as a pandas frame; arguments as in `arrow`."""
        return self.arrow(columns, where).to_pandas()

    def polars(self) -> pl.LazyFrame:
        """A lazy frame of polars: filters and columns reach the files, ``collect()`` reads."""
        try:
            import polars as pl
        except ImportError as error:
            raise MissingExtra("polars", "notebooks", "A frame of polars") from error
        # Not scan_delta: it does not find the files of a lake whose path has a space.
        return pl.scan_pyarrow_dataset(self.dataset())

    def duckdb(self) -> DuckDBPyRelation:
        """A relation of DuckDB, read when it is asked for rows: ``.filter()``, ``.aggregate()``, ``.df()``, ``.pl()``."""
        return self._opened.sql(f"FROM {self.name}")

    def spark(self, session: SparkSession | None = None) -> DataFrame:
        """A DataFrame of the session given, of the one that runs, or of a local one that is started.

        Raises:
            EnvironmentProblem: no Java, no jars, or the session has no Delta.
        """
        reader = self._opened.session(session).read.format("delta")
        asked = self._opened.version(self.name)
        if asked is not None:  # the latest is found with less work
            reader = reader.option("versionAsOf", asked)
        return reader.load(self._opened.lake.path(self.name))

    def dataset(self) -> ds.Dataset:
        """A pyarrow dataset, read lazily."""
        found = self._opened.lake.dataset(self.name, self._opened.version(self.name))
        if found is None:
            raise NoSuchTable(self._opened.lake, self.name)
        return found

    def delta(self) -> DeltaTable:
        """deltalake's handle, for what is not here."""
        found = self._opened.lake.delta(self.name, self._opened.version(self.name))
        if found is None:
            raise NoSuchTable(self._opened.lake, self.name)
        return found

    # -- how it looks --------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"{self._caption()}\n{as_text(('column', 'type', 'meaning'), self._rows())}"

    def _repr_html_(self) -> str:
        return as_html(("column", "type", "meaning"), self._rows(), self._caption())

    def _caption(self) -> str:
        told = f"{self.name}: {self.count():,} rows, {in_bytes(self.nbytes)}, version {self.version}"
        return f"{told}. {self.comment}"

    def _rows(self) -> list[tuple[str, str, str]]:
        columns = list(self.schema.values())
        rows = [(one.name, one.type, one.comment) for one in columns[:FEW]]
        return rows if len(columns) <= FEW else [*rows, (f"… {len(columns) - FEW} more in .schema", "", "")]

    def _files(self, what: str) -> list[int]:
        """A number of every file that is part of the version, as Delta's log has it."""
        return list(pa.table(self.delta().get_add_actions()).column(what).to_pylist())

    def _checked(self, there: Sequence[str], columns: Sequence[str] | None) -> list[str]:
        wanted = [columns] if isinstance(columns, str) else list(there if columns is None else columns)
        for name in wanted:
            if name not in there:
                near = difflib.get_close_matches(name, there, n=3, cutoff=0.5)
                known = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(there)}."
                raise UsageError(f"The table {self.name} has no column {name}; {known}")
        return wanted
