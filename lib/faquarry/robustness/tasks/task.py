"""What a task is, and where tasks find their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from faquarry.errors import NothingToRead
from faquarry.robustness.collection import Collection

__all__ = ["Place", "Task"]


@dataclass(frozen=True)
class Place:
    """Where data lie: `data` holds folders of known tasks, `lake` the benchmark tables.

    `language` is that of collections which do not say theirs (BEIR folders); None: it is identified.
    """

    data: Path | None = None
    lake: str | None = None
    language: str | None = None

    def folder(self, task: str, *parts: str) -> Path:
        """A folder of `data`.

        Raises:
            NothingToRead: no data are named, or the folder is not there.
        """
        if self.data is None:
            raise NothingToRead(
                f"The task {task} needs --data FOLDER: the folder that holds {'/'.join(parts)} "
                "(or set FAQUARRY_DATA to it)."
            )
        found = self.data.joinpath(*parts)
        if not found.is_dir():
            raise NothingToRead(
                f"The task {task} looks for its data in {found}, which is not there: give --data the folder "
                f"that holds {'/'.join(parts)}."
            )
        return found


class Task(Protocol):
    """A retrieval task in one or more languages."""

    @property
    def name(self) -> str: ...

    def languages(self) -> Sequence[str]:
        """ISO 639-3, in order."""
        ...

    def read(self, language: str) -> Collection:
        """Queries, judgements and texts of one of `languages`.

        Raises:
            NothingToRead, SourceError: its file is gone or cannot be understood.
        """
        ...
