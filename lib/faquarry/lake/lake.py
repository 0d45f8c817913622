"""The lake as a reader sees it: a URI and its tables, without a JVM.

Reading goes through the deltalake package (Arrow), so that notebooks, the torch job, ``faquarry sql`` and the question
"is there anything to do" never start Spark. Writing at scale is in `faquarry.lake.writer`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from faquarry.errors import EnvironmentProblem, LakeError, NothingToRead
from faquarry.lake.damage import damaged_data, damaged_log, has_empty_commit, lacks_files, suspicious
from faquarry.lake.lock import FolderLock
from faquarry.lake.races import patiently, retrying
from faquarry.lake.tables import TABLES

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyarrow.dataset import Dataset, Expression

__all__ = ["Lake"]


class Lake:
    """A place that holds Delta tables, each at ``LAKE/<table>``.

    >>> Lake("/data/faq").path("qa")
    '/data/faq/qa'
    >>> Lake("s3a://bucket/faq/").path("qa")
    's3a://bucket/faq/qa'
    """

    def __init__(self, uri: str) -> None:
        if "://" in uri and not uri.startswith("file:"):
            self.uri = uri.rstrip("/")
        else:
            local = unquote(urlsplit(uri).path) if uri.startswith("file:") else uri
            self.uri = str(Path(local).expanduser().absolute())
        self._lock = FolderLock(Path(self.uri) / "_lock") if self.is_local else None

    def __repr__(self) -> str:
        return f"Lake({self.uri!r})"

    @property
    def is_local(self) -> bool:
        return "://" not in self.uri

    def path(self, table: str) -> str:
        """Where a table lives, as Spark wants it."""
        return f"{self.uri}/{table}"

    def require_writable(self) -> None:
        """Makes the lake's folder where it is local and not there; others show at the first write.

        Raises:
            EnvironmentProblem: it cannot be made, or nothing can be written in it.
        """
        if self._lock is not None:
            try:
                os.close(self._lock.opened())
            except OSError as error:
                raise self._unwritable(error.strerror or str(error)) from error

    def exclusive(self, waiting: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        """Keeps other jobs from writing to a local lake meanwhile; a thread may enter again what it has entered.

        In other places this is nothing, and Delta's log store has to keep two commits apart: those of HDFS and Azure do, that
        of S3 only within one driver, so that one job at a time writes to a lake there.
        """
        return nullcontext() if self._lock is None else self._lock.held(waiting)

    def _unwritable(self, why: str) -> EnvironmentProblem:
        return EnvironmentProblem(f"The lake {self.uri} cannot be written: {why}.")

    def delta(self, table: str, version: int | None = None) -> DeltaTable | None:
        """The table's handle in deltalake, or None when it is not there.

        Raises:
            LakeError: the log cannot be read; the sentence names the table and the way back.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        if self.is_local and not (Path(self.path(table)) / "_delta_log").is_dir():
            return None

        def opened() -> DeltaTable:
            return DeltaTable(_object_store_uri(self.path(table)), version=version, storage_options=_storage_options())

        try:
            found = opened() if self.is_local else patiently(opened)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError, ValueError) as error:
            self._require_whole_log(table, version, error)
            if isinstance(error, OSError) and not self.is_local:
                raise EnvironmentProblem(
                    f"The lake {self.uri} cannot be reached: {_reason(error)}. Run again when it can; what was committed stays."
                ) from error
            first = str(error).strip().splitlines()[0][:300]
            at = "" if version is None else f" at version {version}"
            raise LakeError(
                f"The table {self.path(table)}{at} cannot be read: {first}. An older version may still open: "
                f"faquarry sql --at {table}=VERSION reads it, faquarry maintain --restore {table}=VERSION goes back to it."
            ) from error
        if self.is_local and has_empty_commit(Path(self.path(table))):  # to Delta a commit without rows
            self._require_whole_log(table, int(found.version()))
        return found

    def require_whole(self, tables: Iterable[str]) -> None:
        """Looks through the logs of those of the tables that are there.

        Raises:
            LakeError: one is damaged.
        """
        for table in tables:
            self.dataset(table)

    def damage(self, error: BaseException) -> LakeError | None:
        """The sentence for an error that a damaged file of this lake explains: looked for where the error sounds so."""
        if not self.is_local or not suspicious(error):
            return None
        try:
            found = {table: delta for table in TABLES if (delta := self.delta(table)) is not None}
        except LakeError as told:
            return told
        for table, delta in found.items():
            names = pa.table(delta.get_add_actions())["path"].to_pylist()
            if damage := damaged_data(Path(self.path(table)), names):
                return LakeError(damage.sentence(table, self.path(table)))
        return None

    def _require_whole_log(self, table: str, version: int | None, error: Exception | None = None) -> None:
        """Names the file where the log of a local table is damaged, up to a version."""
        found = damaged_log(Path(self.path(table)), version) if self.is_local else None
        if found is not None:
            raise LakeError(found.sentence(table, self.path(table))) from error

    def version(self, table: str) -> int | None:
        """The table's latest version, or None when it is not there."""
        found = self.delta(table)
        return None if found is None else int(found.version())

    def tables(self, *, internal: bool = False) -> list[str]:
        """The names of the tables that are there, in the order of the pipeline; those of the stages' own state too."""
        return [name for name, table in TABLES.items() if internal >= table.internal and self.delta(name) is not None]

    def holds_rows(self, table: str, where: Expression | None = None) -> bool:
        """Whether a table is there and has rows, or rows for which a condition on its columns holds."""
        found = self.dataset(table)
        return found is not None and found.head(1, columns=found.schema.names[:1], filter=where).num_rows > 0

    def arrow(self, table: str, columns: Sequence[str] | None = None, version: int | None = None) -> pa.Table:
        """A table (or some of its columns) in memory.

        Raises:
            NothingToRead: the lake has no such table.
        """
        found = self.dataset(table, version)
        if found is None:
            raise NothingToRead(f"The lake {self.uri} has no table {table}.")
        return found.to_table(columns=list(columns) if columns is not None else None)

    def dataset(self, table: str, version: int | None = None) -> Dataset | None:
        """A table to be read lazily, or None when it is not there."""
        from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

        found = self.delta(table, version)
        if found is None:
            return None
        # Arrow's own file system: that of deltalake is Python called from Arrow's threads, and such a thread aborts the
        # process if it still closes a file when the interpreter goes.
        native = SubTreeFileSystem(self.path(table), LocalFileSystem()) if self.is_local else None
        if self.is_local:
            sizes = pa.table(found.get_add_actions())["size_bytes"].to_pylist()
            if lacks_files(Path(self.path(table)), int(found.version()), sizes):
                self._require_whole_log(table, int(found.version()))
        return found.to_pyarrow_dataset(filesystem=native)

    def upsert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Puts a few rows in the place of those with the same key, without a JVM; makes the table when it is not there.

        For what a driver holds in memory anyway: the ledger and the list of sources. A Spark merge of one row takes two
        seconds, this one milliseconds.

        Raises:
            EnvironmentProblem: nothing can be written there (no such place, no permission, no space).
            LakeError: other jobs kept changing the table.
        """
        declared = TABLES[table]
        data = pa.Table.from_pylist(
            [{name: row.get(name) for name in declared.columns} for row in rows], declared.schema
        )
        # Not deltalake's merge: it leaves string_view in the Parquet files, over which Arrow answers no comparison.
        self.replace(table, data, _sql_rows(declared.key or (), rows))

    def replace(self, table: str, rows: pa.Table, where: str) -> None:
        """Puts rows in the place of those for which a condition holds, in one commit and without a JVM; makes the table
        when it is not there. The condition is in the SQL of deltalake and holds for the new rows too.

        Raises:
            EnvironmentProblem, LakeError: as `upsert`.
        """
        from deltalake import DeltaTable, write_deltalake
        from deltalake import Schema as DeltaSchema
        from deltalake.exceptions import CommitFailedError, DeltaError

        declared = TABLES[table]

        def put() -> None:
            delta = self.delta(table)
            if delta is None:
                uri = _object_store_uri(self.path(table))
                delta = DeltaTable.create(
                    uri,
                    declared.schema,
                    mode="ignore",
                    description=declared.comment,
                    configuration={"delta.dataSkippingNumIndexedCols": str(declared.indexed)},
                    storage_options=_storage_options(),
                )
            there = {field.name for field in delta.schema().fields}
            missing = [field for field in DeltaSchema.from_arrow(declared.schema).fields if field.name not in there]
            if missing:
                delta.alter.add_columns(missing)
            whole = rows
            for field in pa.schema(delta.schema().to_arrow()):  # a later version of faquarry may know more of a row
                if field.name not in rows.schema.names:
                    whole = whole.append_column(field, pa.nulls(len(rows), field.type))
            write_deltalake(delta, whole, mode="overwrite", predicate=where)

        def put_there() -> None:
            try:
                put()
            except DeltaError as error:
                if isinstance(error, CommitFailedError) or "object store" not in str(error):
                    raise
                raise ConnectionError(str(error)) from error

        try:
            with self.exclusive():
                retrying(put if self.is_local else lambda: patiently(put_there), (CommitFailedError,), self.uri)
        except (DeltaError, OSError) as error:
            raise self._unwritable(_reason(error)) from error

    def rows(self, table: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The rows of a small table as dictionaries; [] when it is not there."""

        def read() -> list[dict[str, Any]]:
            found = self.dataset(table)
            return [] if found is None else list(found.to_table(columns=list(columns) if columns else None).to_pylist())

        return read() if self.is_local else patiently(read)


def _sql_rows(key: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """A condition that holds for the rows with these keys (strings, in the SQL of deltalake).

    >>> _sql_rows(("source",), [{"source": "it's"}, {"source": "b"}])
    "source IN ('it''s', 'b')"
    >>> _sql_rows(("id1", "id2"), [{"id1": "a", "id2": "b"}])
    "(id1 = 'a' AND id2 = 'b')"
    """

    def quoted(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    if len(key) == 1:
        return f"{key[0]} IN ({', '.join(quoted(row[key[0]]) for row in rows)})"
    return " OR ".join("(" + " AND ".join(f"{name} = {quoted(row[name])}" for name in key) + ")" for row in rows)


def _reason(error: Exception) -> str:
    """Why something could not be written: the operating system's word where there is one, else the first line."""
    text = re.sub(r"\x1b\[[0-9;]*m|↳", "", str(error)).strip() or type(error).__name__
    said, told, _ = text.rpartition(" (os error ")
    why = re.split("[:\n]", said)[-1].strip() if told else text.splitlines()[0]
    return f"the disk is full ({why}); make space, then run again" if "No space left" in why else why


def _object_store_uri(path: str) -> str:
    return "s3://" + path.removeprefix("s3a://") if path.startswith("s3a://") else path


def _storage_options() -> dict[str, str]:
    """What the object store needs beside the environment (AWS_* variables are read by deltalake itself)."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return {"AWS_ALLOW_HTTP": "true"} if endpoint.startswith("http://") else {}
