"""Questions to the tables of a lake in SQL, without Java: DuckDB over what deltalake finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from faquarry.lake.lake import Lake

if TYPE_CHECKING:
    import duckdb

__all__ = ["ask", "connected"]


@contextmanager
def connected(
    lake: Lake, tables: Sequence[str], versions: Mapping[str, int] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows those of the tables that are there, each at its latest version or at that of `versions`."""
    import duckdb

    with duckdb.connect() as connection:
        for name in tables:
            table = lake.dataset(name, (versions or {}).get(name))
            if table is not None:
                connection.register(name, table)
        yield connection


def ask(
    lake: Lake, tables: Sequence[str], query: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """The rows that a query over `tables` gives; `values` are its ``$name``s."""
    with connected(lake, tables) as connection:
        return connection.execute(query, dict(values) if values else None).fetchall()
