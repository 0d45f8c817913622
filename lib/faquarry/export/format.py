"""What a format is: the tables it needs, and the files it writes as streams of Arrow batches.

A format says which rows go where, as SQL over the views of `faquarry.export.selection`. It opens no file: folder, card,
checksums, masking and progress are the same for all and stand in one place each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyarrow as pa

from faquarry.config.settings import ExportSettings

__all__ = ["Format", "Stream", "Written"]


@dataclass(frozen=True)
class Stream:
    """Rows that go, in order, to one file for every `part` (a language, or two) and `split`.

    `query` gives the columns `part` and `split`, then those of `schema`; `order` are more columns of it to sort by, so
    that the order is total. `path`, `config` and `split` are names in which {part} and {split} are put in. `config` None:
    the file is not part of a configuration of the card.
    """

    query: str
    order: Sequence[str]
    schema: pa.Schema
    path: str
    config: str | None = None
    split: str = "{split}"
    masked: Sequence[str] = ()
    group_rows: int = 20_000  # of a Parquet row group; less where a row holds many texts


@dataclass(frozen=True)
class Written:
    """A data file that was written: its path in the folder, its place in the card, its rows."""

    path: str
    part: str
    split: str
    config: str | None
    schema: pa.Schema
    rows: int


class Format(Protocol):
    """One format of files."""

    name: ClassVar[str]
    title: ClassVar[str]  # for the card: "… of <title>"
    tasks: ClassVar[Sequence[str]]  # task_categories of the Hub
    parts: ClassVar[Mapping[str, Sequence[str]]]  # what `--part` chooses from, with the tables each needs
    optional: ClassVar[Sequence[str]]  # tables that add to it when they are there

    def streams(self, parts: Sequence[str], settings: ExportSettings, tables: Sequence[str]) -> Iterator[Stream]:
        """What is written. `tables` are those that the lake has."""
        ...

    def reading(self, written: Sequence[Written]) -> str:
        """The lines of Python that read the folder FOLDER with the tool the format is for."""
        ...
