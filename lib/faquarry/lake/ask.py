"""Questions to the tables of a lake in SQL, without Java: DuckDB over what deltalake finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faquarry.lake.lake import Lake

if TYPE_CHECKING:
    import duckdb

__all__ = ["ask", "connected"]


@contextmanager
def connected(
    lake: Lake, tables: Sequence[str], versions: Mapping[str, int] | None = None, *, native: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows those of the tables that are there, each at its latest version or at that of `versions`.

    Args:
        native: DuckDB reads the files of a local lake itself: with less memory than through Arrow, which reads whole row
            groups ahead. For large tables that are read as a whole.
    """
    import duckdb

    with duckdb.connect() as connection:
        for name in tables:
            table = lake.dataset(name, (versions or {}).get(name))
            if table is None:
                continue
            files = [str(Path(lake.path(name)) / file) for file in table.files] if native and lake.is_local else []
            if files:
                found = connection.read_parquet(files, union_by_name=True)
                here = set(found.columns)  # a column that came later may stand in no file yet
                columns = (f'"{one}"' if one in here else f'NULL AS "{one}"' for one in table.schema.names)
                found.select(", ".join(columns)).create_view(name)
            else:
                connection.register(name, table)
        yield connection


def ask(
    lake: Lake, tables: Sequence[str], query: str, values: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """The rows that a query over `tables` gives; `values` are its ``$name``s."""
    with connected(lake, tables) as connection:
        return connection.execute(query, dict(values) if values else None).fetchall()
