"""Which queries of the benchmark are mined: those of some splits, of a large language a share."""

from __future__ import annotations

from faquarry.config.settings import MineSettings
from faquarry.lake import Lake
from faquarry.lake.ask import ask

__all__ = ["asked_sql", "prefix"]

_SPACE = 16**8


def asked_sql(lake: Lake, settings: MineSettings) -> str:
    """A condition on `benchmark_queries`, for Spark and for DuckDB.

    Identifiers are hashes, so those of a language that are below a bound are a sample of it: the same one every time, and when
    a language grows the bound moves by as much as it grew, so that few queries come and go.
    """
    splits = f"split IN ({', '.join(repr(split) for split in settings.splits)})"
    if settings.max_queries is None:
        return splits
    query = (
        f"SELECT language, count(*) FROM benchmark_queries WHERE {splits} GROUP BY 1 HAVING count(*) > $most ORDER BY 1"
    )
    large = ask(lake, ["benchmark_queries"], query, {"most": settings.max_queries})
    beyond = [f"(language = '{name}' AND id >= '{prefix(settings.max_queries / count)}')" for name, count in large]
    return f"{splits} AND NOT ({' OR '.join(beyond)})" if beyond else splits


def prefix(share: float) -> str:
    """The first hexadecimal digits that a share of all hashes is below.

    >>> prefix(0.5), prefix(0.001)
    ('80000000', '00418937')
    """
    return f"{int(share * _SPACE):08x}"
