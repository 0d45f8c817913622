"""Vectors of the lake as a matrix, without Spark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake
from faquarry.vectors.halves import matrix_of
from faquarry.vectors.model import Field, ModelInfo

__all__ = ["matrix"]


def matrix(
    lake: Lake,
    model: ModelInfo | str | None,
    field: Field,
    ids: Sequence[str] | None = None,
    *,
    revision: str | None = None,
    version: int | None = None,
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
    """Ids and unit vectors of one model and field, row by row.

    Args:
        lake: where `faquarry embed` has been.
        model: as found, or by its name; None: the only one that encoded the field.
        field: question, answer or qa.
        ids: only these, in this order; those without a vector are left out. None: all, sorted by id.
        revision: of a model that is given by its name, where the lake holds more than one.
        version: of the table; None: the latest.

    Returns:
        ids (n,), vectors (n, dim); (0, 0) when there are none.

    Raises:
        NothingToRead: the lake has no vectors of the model.
        UsageError: it has several models or revisions, and nothing says which.
    """
    table = lake.dataset("embeddings", version)
    if table is None:
        raise NothingToRead(f"The lake {lake.uri} has no table embeddings: faquarry embed makes it.")
    if isinstance(model, ModelInfo):
        name, revision = model.name, model.revision
    else:
        name = model or _only(table, lake, "model", pc.field("field") == field, f"field {field}")
        revision = revision or _only(table, lake, "revision", pc.field("model") == name, name)
    wanted = (pc.field("model") == name) & (pc.field("revision") == revision) & (pc.field("field") == field)
    if ids is not None:
        wanted &= pc.field("id").isin(pa.array(ids, pa.string()))
    rows = table.to_table(columns=["id", "vector"], filter=wanted)
    found = np.asarray(rows.column("id").to_pylist(), dtype=np.str_)
    if ids is None:
        order = np.argsort(found, kind="stable")
    else:
        place = {id_: row for row, id_ in enumerate(found.tolist())}
        order = np.fromiter((place[id_] for id_ in ids if id_ in place), np.intp)
    vectors = matrix_of(rows.column("vector"))
    return found[order], vectors[order]


def _only(table: pa.dataset.Dataset, lake: Lake, column: str, where: pc.Expression, what: str) -> str:
    """The one value of a column among the rows for which a condition holds."""
    found = sorted(pc.unique(table.to_table(columns=[column], filter=where).column(column)).to_pylist())
    if not found:
        raise NothingToRead(f"The lake {lake.uri} has no vectors of {what}: faquarry embed makes them.")
    if len(found) > 1:
        raise UsageError(f"The lake {lake.uri} has several {column}s of {what} ({', '.join(found)}): say which.")
    return str(found[0])
