"""SQL over the lake's tables without a JVM: DuckDB over Delta."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import TABLES, Lake
from faquarry.redaction import shown

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect", "print_summary", "run_sql", "table_versions"]


def connect(lake: Lake, versions: dict[str, int] | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in which every table of the lake is a view, read lazily.

    Raises:
        NothingToRead: the lake has no table at all.
    """
    import duckdb

    connection = duckdb.connect(config={"enable_external_access": "false"})
    found = 0
    for name in TABLES:
        table = lake.dataset(name, (versions or {}).get(name))
        if table is not None:
            connection.register(name, table)
            found += 1
    if not found:
        raise NothingToRead(f"There is no table in {lake.uri}: `faquarry run sample --lake {lake.uri}` makes some.")
    return connection


def run_sql(lake_uri: str, query: str, form: str, output: str | None, at: Sequence[str]) -> None:
    """Answers `query` as a table for people, or as csv, json (one object a line) or parquet.

    Raises:
        UsageError: the SQL is wrong, or parquet is asked for without a file to write.
    """
    import duckdb

    if form == "parquet" and output is None:
        raise UsageError("--format parquet needs --output FILE: it is not for a terminal.")
    connection = connect(Lake(lake_uri), table_versions(at))
    try:
        relation: Any = connection.sql(query)
        rows: Any = relation.to_arrow_table() if relation is not None else None
    except duckdb.Error as error:
        raise UsageError(f"The query cannot be answered: {str(error).strip()}") from error
    if rows is None:  # a statement that gives no rows
        return
    if form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, output)
    elif form == "csv":
        _write(rows.to_pandas().to_csv(index=False), output)
    elif form == "json":
        frame = rows.to_pandas()
        _write(frame.to_json(orient="records", lines=True, force_ascii=False, date_format="iso"), output)
    else:
        import pandas as pd

        with pd.option_context(
            *("display.max_rows", 1000, "display.max_columns", None, "display.width", 200, "display.max_colwidth", 80)
        ):
            frame = rows.to_pandas()
            _write((frame.to_string(index=False) if len(frame) else "no rows") + "\n", output)


def print_summary(lake_uri: str) -> None:
    """The tables of the lake, their rows and versions; then the languages, largest first."""
    lake = Lake(lake_uri)
    print(f"\nTables in {shown(lake.uri)}:")
    for name in lake.tables():
        table = lake.dataset(name)
        if table is not None:
            print(f"  {name:<14}{table.count_rows():>12,} rows   version {lake.version(name)}")
    if lake.delta("qa") is None:
        return
    top = connect(lake).sql("SELECT language, count(*) FROM qa GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 15").fetchall()
    print("Languages: " + ", ".join(f"{language} {count:,}" for language, count in top))


def table_versions(at: Sequence[str], option: str = "--at") -> dict[str, int]:
    """``TABLE=VERSION`` as an option of the command line has it.

    Raises:
        UsageError: an item is of another form, or names no table.
    """
    versions = {}
    for item in at:
        name, _, number = item.partition("=")
        if name not in TABLES or not (number.isascii() and number.isdigit() and len(number) < 19):
            raise UsageError(f"{option} wants TABLE=VERSION, as in {option} qa=3, not {item!r}.")
        versions[name] = int(number)
    return versions


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, encoding="utf-8")
