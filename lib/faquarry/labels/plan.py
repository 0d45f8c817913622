"""What there is to label: told without Spark, by DuckDB over the key columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faquarry.labels.find import AnyHead
from faquarry.labels.head import Head
from faquarry.lake import Lake
from faquarry.lake.ask import connected
from faquarry.vectors.model import ModelInfo

if TYPE_CHECKING:
    import duckdb

__all__ = ["COUNTED_ROWS", "Due", "due_rows", "has_vectors"]

COUNTED_ROWS = 5_000_000
"""Pairs up to which one process counts what is missing; Spark finds out by itself for more."""


@dataclass(frozen=True)
class Due:
    """`missing`: pairs without a present label, a number a head (None: not counted); `left_over`: labels of pairs that
    have left `qa`; `unseen`: pairs that the encoder has no vectors of."""

    missing: tuple[int | None, ...]
    left_over: int
    unseen: int


def due_rows(lake: Lake, heads: Sequence[AnyHead], info: ModelInfo) -> Due:
    """Counts for the heads. A label is present that is as young as the vectors (or the pair) it was made from."""
    qa = lake.dataset("qa")
    if qa is None:
        return Due((0,) * len(heads), 0, 0)
    with connected(lake, ("qa", "embeddings", "labels")) as connection:
        gone = 0
        if lake.dataset("labels") is not None:
            gone = _one(connection, "SELECT count(*) FROM labels ANTI JOIN qa USING (id)")
        if qa.count_rows() > COUNTED_ROWS:
            return Due((None,) * len(heads), gone, 0)
        connection.execute(f"CREATE TEMP TABLE embedded AS {_embedded(lake)}", _of(lake, info))
        missing = tuple(_missing(connection, lake, head) for head in heads)
        unseen = 0
        if any(isinstance(head, Head) for head in heads):
            unseen = _one(connection, "SELECT count(*) FROM qa ANTI JOIN embedded USING (id)")
    return Due(missing, gone, unseen)


def has_vectors(lake: Lake, info: ModelInfo) -> bool:
    """Whether the lake has any vector of a model."""
    import pyarrow.compute as pc

    mine = (pc.field("model") == info.name) & (pc.field("revision") == info.revision)
    return lake.holds_rows("embeddings", mine)


def _embedded(lake: Lake) -> str:
    """Pairs with both vectors, and the run that wrote the younger of them."""
    if lake.dataset("embeddings") is None:
        return "SELECT '' AS id, '' AS run_id WHERE false"
    return """
        WITH mine AS (SELECT id, field, run_id FROM embeddings WHERE model = $model AND revision = $revision)
        SELECT q.id, greatest(q.run_id, a.run_id) AS run_id FROM mine q JOIN mine a USING (id)
        WHERE q.field = 'question' AND a.field = 'answer'"""


def _of(lake: Lake, info: ModelInfo) -> dict[str, str]:
    return {} if lake.dataset("embeddings") is None else {"model": info.name, "revision": info.revision}


def _missing(connection: duckdb.DuckDBPyConnection, lake: Lake, head: AnyHead) -> int:
    source = "embedded JOIN qa USING (id)" if isinstance(head, Head) else "qa"
    made = "embedded.run_id" if isinstance(head, Head) else "qa.run_id"
    if lake.dataset("labels") is None:
        return _one(connection, f"SELECT count(*) FROM {source}")
    query = f"""
        WITH mine AS (SELECT id, run_id AS labelled FROM labels
                      WHERE taxonomy = $taxonomy AND model = $model AND revision = $revision)
        SELECT count(*) FROM {source} LEFT JOIN mine USING (id) WHERE labelled IS NULL OR labelled < {made}"""
    values = {"taxonomy": head.taxonomy, "model": head.name, "revision": head.revision}
    return _one(connection, query, values)


def _one(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> int:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return int(row[0])
