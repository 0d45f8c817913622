"""The columns of a table with what each of them means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from faquarry.lake import Table
from faquarry.opened.look import as_html, as_text

__all__ = ["Column", "Columns"]


@dataclass(frozen=True)
class Column:
    """A column: its name, Arrow's name of its type, what it means; `comment` is empty where nobody has said it."""

    name: str
    type: str
    comment: str


class Columns(Mapping[str, Column]):
    """Columns by name, in their order; prints as a table of names, types and comments."""

    def __init__(self, there: pa.Schema, declared: Table) -> None:
        said = set(declared.columns)
        self._columns = {
            field.name: Column(
                field.name, str(field.type), declared.comment_of(field.name) if field.name in said else ""
            )
            for field in there
        }

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return as_text(("column", "type", "meaning"), self._rows())

    def _repr_html_(self) -> str:
        return as_html(("column", "type", "meaning"), self._rows())

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(column.name, column.type, column.comment) for column in self._columns.values()]
