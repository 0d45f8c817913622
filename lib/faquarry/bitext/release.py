"""Which bitexts are released: the published ones, of languages that have enough of them.

One line of SQL, the same for Spark and DuckDB; nothing is copied. A release is a filter on the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faquarry.lake import Lake
from faquarry.lake.ask import ask, connected

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["language_pairs", "release", "release_sql"]


def release_sql(table: str, min_pairs: int = 100, model: str | None = None) -> str:
    """The query, for Spark or DuckDB. `table` is what the engine knows the table bitexts by; `model` None: every model,
    each by itself.

    >>> release_sql("bitexts")
    'SELECT * FROM bitexts WHERE published QUALIFY count(*) OVER (PARTITION BY language1, language2, model, revision) >= 100'
    """
    of = "" if model is None else " AND model = '{}'".format(model.replace("'", "''"))
    window = "PARTITION BY language1, language2, model, revision"
    return f"SELECT * FROM {table} WHERE published{of} QUALIFY count(*) OVER ({window}) >= {min_pairs}"


def release(lake: Lake, min_pairs: int = 100, model: str | None = None) -> pa.Table:
    """The released bitexts in memory, without Spark; no rows where nothing is aligned yet."""
    from faquarry.lake.tables import BITEXTS

    if lake.version("bitexts") is None:
        return BITEXTS.schema.empty_table()
    with connected(lake, ("bitexts",)) as connection:
        return connection.sql(release_sql("bitexts", min_pairs, model)).to_arrow_table()


def language_pairs(lake: Lake) -> dict[tuple[str, str], tuple[int, int]]:
    """{(language1, language2): (bitexts, published ones)}, over all models."""
    if lake.version("bitexts") is None:
        return {}
    query = """SELECT language1, language2, count(*), count(*) FILTER (published) FROM bitexts
               GROUP BY ALL ORDER BY ALL"""
    return {(a, b): (kept, published) for a, b, kept, published in ask(lake, ("bitexts",), query)}
