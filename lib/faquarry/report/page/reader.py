"""The lake as the page's sections ask it: DuckDB within a limit of memory, whatever the lake's size.

Tables are read a few batches ahead and spilled to a folder of their own. A column that an older version did not write is
null, a table that is not there is not there: sections say which verb makes it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faquarry.errors import EnvironmentProblem, LakeError
from faquarry.export.selection import bounded
from faquarry.lake import TABLES, Lake

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

__all__ = ["Reader", "Row", "exact", "reading"]

Row = dict[str, Any]


def exact(column: str) -> str:
    """A number as means and sums take it: in whole billionths, so that they do not depend on the order of the rows.

    >>> exact("value")
    'TRY_CAST(value AS DECIMAL(18, 9))'
    """
    return f"TRY_CAST({column} AS DECIMAL(18, 9))"


class Reader:
    """Questions to a lake, and the folders of training runs beside it. Made by `reading`."""

    def __init__(
        self, lake: Lake, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, int], runs: Sequence[Path]
    ):
        self.lake, self.tables, self.runs = lake, dict(tables), tuple(runs)
        self._connection = connection
        self._spoken = False

    def holds(self, *tables: str) -> bool:
        """Whether all these tables are there, with rows."""
        return all(self.tables.get(table, 0) > 0 for table in tables)

    def rows(self, query: str, **values: Any) -> list[Row]:
        """The rows that a query gives; `values` are its ``$name``s.

        Raises:
            EnvironmentProblem: memory or disk are not enough.
            LakeError: a table is not what this version reads.
        """
        with self._told():
            result = self._connection.execute(query, values or None)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def row(self, query: str, **values: Any) -> Row:
        """The one row of a query."""
        return self.rows(query, **values)[0]

    def columns(self, query: str, **values: Any) -> dict[str, npt.NDArray[Any]]:
        """The columns of a query's rows as arrays, in the order of its rows."""
        with self._told():
            found: dict[str, npt.NDArray[Any]] = self._connection.execute(query, values or None).fetchnumpy()
            return found

    def once(self, name: str, query: str) -> str:
        """A query's rows kept as a table of the connection, for several questions to them. -> its name"""
        with self._told():
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        return name

    def spoken(self) -> str:
        """A table (key, language) of all pairs for joins by ``hash(id)``: 10 bytes a pair instead of 50."""
        if not self._spoken:
            with self._told():
                self._connection.execute(
                    "CREATE TYPE tongue AS ENUM (SELECT DISTINCT language FROM qa WHERE language IS NOT NULL ORDER BY 1)"
                )
            self.once("spoken", "SELECT hash(id) AS key, language::tongue AS language FROM qa")
            self._spoken = True
        return "spoken"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """DuckDB's errors as sentences."""
        import duckdb

        try:
            yield
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise EnvironmentProblem(
                f"DuckDB cannot go on: {_first(error)}. More memory (--set report.memory=4GB) or disk helps."
            ) from error
        except (duckdb.BinderException, duckdb.ConversionException, duckdb.InvalidInputException) as error:
            raise LakeError(f"A table of {self.lake.uri} is not what this version reads: {_first(error)}.") from error


@contextmanager
def reading(lake: Lake, memory: str, runs: Sequence[Path] = ()) -> Iterator[Reader]:
    """A reader of all tables of a lake.

    Args:
        memory: what DuckDB may take, as it writes it (``1GB``).
        runs: folders of training runs.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="faquarry-report-") as temporary:
        config: dict[str, str | bool | int | float | list[str]] = {
            "enable_external_access": "false",
            "memory_limit": memory,
            "temp_directory": temporary,
            "preserve_insertion_order": "false",
            # It does not know how long an Arrow dataset is; the small side of a join is written to the right.
            "disabled_optimizers": "join_order,build_side_probe_side",
        }
        with duckdb.connect(config=config) as connection:
            yield Reader(lake, connection, dict(_registered(lake, connection)), runs)


def _registered(lake: Lake, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """Makes every table known. -> names and rows of those that are there"""
    for name in TABLES:
        dataset = lake.dataset(name)
        if dataset is None:
            continue
        there = set(dataset.schema.names)
        missing = [column for column in TABLES[name].columns if column not in there]
        stored = f"{name}__stored" if missing else name
        connection.register(stored, bounded(dataset))
        if missing:
            absent = ", ".join(f'NULL::{_sql_type(name, column)} AS "{column}"' for column in missing)
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT *, {absent} FROM {stored}")
        yield name, dataset.count_rows()


def _sql_type(table: str, column: str) -> str:
    import pyarrow.types as types

    dtype = TABLES[table].schema.field(column).type
    if types.is_list(dtype):
        return "VARCHAR[]" if types.is_string(dtype.value_type) else "FLOAT[]"
    if types.is_boolean(dtype):
        return "BOOLEAN"
    if types.is_timestamp(dtype):
        return "TIMESTAMPTZ"
    return "DOUBLE" if types.is_floating(dtype) else "BIGINT" if types.is_integer(dtype) else "VARCHAR"


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
