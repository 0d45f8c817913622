"""The opened lake: its tables by name, SQL over them, their state at another time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.lake import TABLES, Lake
from faquarry.opened.look import as_html, as_text, in_bytes
from faquarry.opened.missing import NoSuchTable
from faquarry.opened.table import OpenedTable
from faquarry.opened.when import Moment, moment_of, version_at

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    from pyspark.sql import SparkSession

    from faquarry.vectors.model import Field

__all__ = ["OpenedLake", "open"]


def open(uri: str) -> OpenedLake:
    """Opens a lake for reading, without Java.

    Args:
        uri: a folder, or s3a://…; as ``--lake`` of the command line.

    Raises:
        NothingToRead: there is no lake.
    """
    lake = Lake(str(uri))
    if not any(lake.delta(name) for name in TABLES):
        raise NothingToRead(f"There is no lake in {lake.uri}: `faquarry run sample --lake {lake.uri}` makes one.")
    return OpenedLake(lake)


class OpenedLake(Mapping[str, OpenedTable]):
    """The tables of a lake: ``lake.qa`` or ``lake["qa"]``; the tab key knows those that are there.

    Tables are at their latest version whenever they are asked, so a lake that is opened sees what a job writes meanwhile.
    What `at` gives stays as it is.
    """

    def __init__(self, lake: Lake, versions: Mapping[str, int | None] | None = None) -> None:
        self.lake = lake
        self._versions = dict(versions or {})
        self._connection: duckdb.DuckDBPyConnection | None = None

    # -- tables --------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> OpenedTable:
        if name not in TABLES or not self._has(name):
            raise NoSuchTable(self.lake, name)
        return OpenedTable(self, name)

    def __getattr__(self, name: str) -> OpenedTable:
        if name.startswith("_"):  # what IPython and copy try; the stages' own state is behind lake["_name"]
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.lake.tables() if self._has(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def version(self, name: str) -> int | None:
        """The version that a table was asked for; None: whichever is the latest."""
        return self._versions.get(name)

    def _require(self, name: str, version: int | None) -> None:
        latest = self.lake.version(name) if name in TABLES else None
        if latest is None:
            raise NoSuchTable(self.lake, name)
        if version is None or not 0 <= version <= latest:
            raise UsageError(f"The table {name} has the versions 0 to {latest}, not {version}.")
        if self.lake.delta(name, version) is None:
            raise LakeError(f"Version {version} of the table {name} is gone from its log; .history() lists those left.")

    def _has(self, name: str) -> bool:
        if name in self._versions:
            return self._versions[name] is not None
        return self.lake.delta(name) is not None

    # -- questions -----------------------------------------------------------------------------------------------

    def sql(self, query: str, /, **values: Any) -> duckdb.DuckDBPyRelation:
        """What a query gives, as a relation of DuckDB: ``.df()``, ``.pl()``, ``.to_arrow_table()``, ``.fetchall()``.

        Args:
            query: SQL over the tables by their names.
            values: the ``$name``s of the query; frames of pandas, polars or Arrow are tables by that name.

        Raises:
            NoSuchTable: the query names a table that this lake does not have yet.
            UsageError: the query cannot be understood.
        """
        import duckdb

        if self._connection is None:
            self._connection = duckdb.connect()
        connection = self._connection
        frames = {name: value for name, value in values.items() if hasattr(type(value), "columns")}
        named = {word.lower() for word in re.findall(r"\w+", query)}
        missing = None
        for name in named & TABLES.keys() - frames.keys():
            try:
                connection.register(name, self[name].dataset())
            except NoSuchTable as error:  # perhaps the name of a column: DuckDB knows
                connection.execute(f"DROP VIEW IF EXISTS {name}")
                missing = error
        for name, frame in frames.items():
            connection.register(name, frame)
        try:
            return connection.sql(query, params={key: values[key] for key in values.keys() - frames.keys()} or None)
        except duckdb.Error as error:
            if missing is not None and isinstance(error, duckdb.CatalogException):
                raise missing from error
            raise UsageError(f"The query cannot be answered: {str(error).strip()}") from error

    def session(self, session: SparkSession | None = None) -> SparkSession:
        """The Spark session that tables use: the one given, the one that runs, or a local one that is started."""
        if session is not None:
            return session
        from faquarry.config.load import load
        from faquarry.spark.session import get_session

        return get_session(load().settings.spark)

    def spark(self, session: SparkSession | None = None) -> SparkSession:
        """A session of Spark (as in `session`) that knows every table as a temporary view: ``lake.spark().sql("…")``."""
        found = self.session(session)
        for name, table in self.items():
            table.spark(found).createOrReplaceTempView(name)
        return found

    def vectors(
        self,
        field: Field = "qa",
        model: str | None = None,
        revision: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
        """Ids and unit vectors of the table `embeddings` as a matrix, row by row.

        Args:
            field: qa (question and answer together), question or answer.
            model: name of the encoder; None: the only one that encoded this field.
            revision: of the model, where the lake holds more than one.
            ids: only these, in this order; None: all, sorted.

        Returns:
            ids (n,), vectors (n, dim).

        Raises:
            NothingToRead, UsageError: there are none, or more than one model or revision.
        """
        from faquarry.vectors.read import matrix

        version = self["embeddings"].version
        return matrix(self.lake, model, field, ids, revision=revision, version=version)

    # -- at another time -----------------------------------------------------------------------------------------

    def at(self, when: Moment | Mapping[str, int]) -> OpenedLake:
        """The lake as it was at a moment (UTC unless it says so), or with tables at versions, as ``{"qa": 3}``.

        A run's ``inputs`` and ``outputs`` (table `runs`) are such versions; tables that are not named are at their latest.

        Raises:
            UsageError: there is no such version (yet), the lake was not there yet, or the moment cannot be read.
            LakeError: a version is not there any longer.
        """
        versions: dict[str, int | None]
        if isinstance(when, Mapping):
            versions = dict(when)
            for name, version in versions.items():
                self._require(name, version)
        else:
            moment = moment_of(when)
            handles = {name: self.lake.delta(name) for name in TABLES}
            versions = {
                name: None if handle is None else version_at(handle, moment) for name, handle in handles.items()
            }
            if all(version is None for version in versions.values()):
                raise UsageError(f"The lake {self.lake.uri} was not there yet at {moment:%Y-%m-%d %H:%M:%S} UTC.")
        return OpenedLake(self.lake, {**self._versions, **versions})

    # -- how it looks --------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        heads, rows = self._rows()
        return f"{self._caption(len(rows))}\n{as_text(heads, [row[:4] for row in rows])}"

    def _repr_html_(self) -> str:
        heads, rows = self._rows()
        return as_html((*heads, "what"), rows, self._caption(len(rows)))

    def _rows(self) -> tuple[tuple[str, ...], list[tuple[str | int, ...]]]:
        rows: list[tuple[str | int, ...]] = [
            (name, table.count(), in_bytes(table.nbytes), table.version, table.comment) for name, table in self.items()
        ]
        return ("table", "rows", "size", "version"), rows

    def _caption(self, tables: int) -> str:
        told = f"lake {self.lake.uri}: {tables} tables"
        return f"{told}; last run: {last}" if (last := self._last_run()) else told

    def _last_run(self) -> str:
        if "runs" not in self:
            return ""
        runs = self["runs"].arrow(["verb", "status", "started_at"]).to_pylist()
        last = max(runs, key=lambda run: run["started_at"], default=None)
        return "" if last is None else f"{last['verb']}, {last['status']}, {last['started_at']:%Y-%m-%d %H:%M} UTC"
