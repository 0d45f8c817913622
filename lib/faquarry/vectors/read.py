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
    lake: Lake, model: ModelInfo | str, field: Field, ids: Sequence[str] | None = None
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
    """Ids and unit vectors of one model and field, row by row.

    Args:
        lake: where `faquarry embed` has been.
        model: as found, or by its name when the lake holds one revision of it.
        field: question, answer or qa.
        ids: only these, in this order; those without a vector are left out. None: all, sorted by id.

    Returns:
        ids (n,), vectors (n, dim); (0, 0) when there are none.

    Raises:
        NothingToRead: the lake has no vectors of the model.
        UsageError: it has several revisions of it, and a name does not tell which.
    """
    table = lake.dataset("embeddings")
    name = model if isinstance(model, str) else model.name
    if table is None:
        raise NothingToRead(f"The lake {lake.uri} has no table embeddings: faquarry embed makes it.")
    revision = _only_revision(table, lake, name) if isinstance(model, str) else model.revision
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


def _only_revision(table: pa.dataset.Dataset, lake: Lake, name: str) -> str:
    rows = table.to_table(columns=["revision"], filter=pc.field("model") == name)
    revisions = sorted(pc.unique(rows.column("revision")).to_pylist())
    if not revisions:
        raise NothingToRead(f"The lake {lake.uri} has no vectors of {name}: faquarry embed makes them.")
    if len(revisions) > 1:
        raise UsageError(
            f"The lake {lake.uri} has several revisions of {name} ({', '.join(revisions)}): give a ModelInfo."
        )
    return str(revisions[0])
