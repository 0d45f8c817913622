"""The verb `export`: from tables to a folder that another tool reads.

A stream's rows come from DuckDB in any order, are put into one within bounded memory (`faquarry.export.ordering`), masked a
batch at a time, and written to the files of its parts, one after the other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from faquarry import __version__
from faquarry.config.settings import ExportSettings
from faquarry.errors import LakeError, NothingToRead, UsageError
from faquarry.export.card import Facts, write_card
from faquarry.export.folder import MANIFEST, manifest_of, require_ours, whole, write_checksums
from faquarry.export.format import Format, Stream, Written
from faquarry.export.formats import FORMATS
from faquarry.export.masking.mask import KINDS, mask_array
from faquarry.export.ordering import Cell, Spools, deal, dealt
from faquarry.export.request import Request
from faquarry.export.selection import MAKES, Selection, require_tables, selected
from faquarry.export.writers import Writer, open_writer
from faquarry.lake import Lake
from faquarry.progress import Progress

__all__ = ["Exported", "export"]

VERSION = "1"
"""Raised when the same lake and settings would give other files."""

_BATCH_ROWS = 8192


@dataclass(frozen=True)
class Exported:
    """What was written, and what was left out and masked. `written` is () when there was nothing to do."""

    output: Path
    written: tuple[Written, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    masked: Mapping[str, int] = field(default_factory=dict)


def export(
    lake: Lake, request: Request, settings: ExportSettings, progress: Progress, *, dry_run: bool = False
) -> Exported:
    """Writes the folder of a request; nothing when it is there already and neither lake nor settings have changed.

    Raises:
        UsageError: no such format or part; the folder is something else; the takedown list cannot be read.
        NothingToRead: a table is absent, or no row is left.
        EnvironmentProblem: no space, no memory, no permission.
    """
    format_ = _format(request.format)
    parts = _parts(format_, request)
    require_ours(request.output)
    wanted = {part: format_.parts[part] for part in parts}
    if request.release or request.takedown is not None:
        wanted = {part: [*tables, "pages", "occurrences", "qa"] for part, tables in wanted.items()}
    names = {*(table for tables in wanted.values() for table in tables), *format_.optional, "duplicates"}
    versions = {name: found for name in MAKES if name in names and (found := lake.version(name)) is not None}
    require_tables(lake, wanted, versions, format_.name)
    facts = _facts(format_, parts, request, settings, versions)
    there = manifest_of(request.output) if request.output.is_dir() else None
    if there is not None and there["whole"] and there["fingerprint"] == facts.fingerprint:
        progress.say(f"export: nothing to do, {request.output} is an export of the lake as it is.")
        return Exported(request.output)
    told = ", ".join(f"{name} (version {version})" for name, version in versions.items())
    progress.say(f"export: {format_.name} ({', '.join(parts)}) of {told}.")
    if dry_run:
        progress.say(f"export: would write {request.output} (dry run, nothing was written).")
        return Exported(request.output)
    with whole(request.output) as folder:
        temporary = Path(settings.temp_folder) if settings.temp_folder else folder / "_spill"
        temporary.mkdir(parents=True, exist_ok=True)
        with selected(lake, versions, request, settings, temporary) as selection:
            done = _Writing(format_, parts, request, settings, selection, progress, folder, temporary).done()
            left_out = selection.left_out() if "qa" in versions else dict(selection.closed.counts)
            for entry in selection.closed.unmatched:
                progress.say(f"export: no page matches the entry {entry} of {request.takedown}.")
        if settings.temp_folder is None:
            _remove(temporary)
        exported = Exported(request.output, tuple(done.written), left_out, dict(done.masked))
        write_card(folder, format_, facts, exported.written, left_out, exported.masked)
        _write_manifest(folder, facts, exported)
        write_checksums(folder)
    rows = sum(file.rows for file in exported.written)
    masked = ", ".join(f"{count:,} {kind}" for kind, count in sorted(exported.masked.items()) if count)
    progress.say(
        f"export: {rows:,} rows in {len(exported.written)} files{f'; masked: {masked}' if masked else ''}. "
        f"{request.output / 'README.md'} says more."
    )
    return exported


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise UsageError(f"--format {name}: there is no such format; there are {', '.join(FORMATS)}.")
    return FORMATS[name]


def _parts(format_: Format, request: Request) -> tuple[str, ...]:
    for part in request.parts:
        if part not in format_.parts:
            raise UsageError(
                f"--part {part}: the format {format_.name} has no such part; it has {', '.join(format_.parts)}."
            )
    return tuple(part for part in format_.parts if not request.parts or part in request.parts)


def _facts(
    format_: Format, parts: Sequence[str], request: Request, settings: ExportSettings, versions: Mapping[str, int]
) -> Facts:
    chosen = {
        "format": format_.name,
        "parts": list(parts),
        "languages": list(request.languages),
        "release": request.release,
        "takedown": _digest(request.takedown),
        # where and with how much memory it is done changes no row
        "settings": settings.model_dump(mode="json", exclude={"memory", "threads", "temp_folder"}),
    }
    content = {"version": f"{__version__} export/{VERSION}", "tables": dict(versions), **chosen}
    fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    return Facts(fingerprint, content)


def _digest(path: Path | None) -> str | None:
    try:
        return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UsageError(f"--takedown {path} cannot be read: {error.strerror}.") from error


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _write_manifest(folder: Path, facts: Facts, exported: Exported) -> None:
    files = [
        {
            "path": file.path,
            "config": file.config,
            "split": file.split,
            "rows": file.rows,
            "bytes": (folder / file.path).stat().st_size,
        }
        for file in exported.written
    ]
    counts = {"left_out": dict(exported.left_out), "masked": dict(exported.masked)}
    manifest = {
        "made_by": "faquarry export",
        "fingerprint": facts.fingerprint,
        **facts.content,
        **counts,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


class _Writing:
    """The streams of one export going to their files."""

    def __init__(
        self,
        format_: Format,
        parts: Sequence[str],
        request: Request,
        settings: ExportSettings,
        selection: Selection,
        progress: Progress,
        folder: Path,
        temporary: Path,
    ) -> None:
        self._selection, self._progress, self._folder, self._temporary = selection, progress, folder, temporary
        self._cells: list[list[Cell]] = []
        self._streams = list(format_.streams(parts, settings, selection.tables))
        self._kinds = tuple(kind for kind in KINDS if request.release and kind in settings.mask)
        self._format, self._request = format_, request
        self.written: list[Written] = []
        self.masked: Counter[str] = Counter(dict.fromkeys(self._kinds, 0))

    def done(self) -> _Writing:
        with self._progress.working(f"export {self._format.name}: counting", len(self._streams), "streams"):
            for stream in self._streams:
                self._cells.append(dealt(self._selection.counts(stream.query), 2 * stream.group_rows))
                self._progress.advance(1)
        total = sum(cell.rows for cells in self._cells for cell in cells)
        if not total:
            raise NothingToRead(self._empty())
        # Every row is met twice: as it is read, and as it is written.
        with self._progress.working(f"export {self._format.name}", 2 * total, "rows read and written"):
            for stream, cells in zip(self._streams, self._cells, strict=True):
                if cells:
                    self._write(stream, cells)
        return self

    def _empty(self) -> str:
        of = f" in {', '.join(self._request.languages)}" if self._request.languages else ""
        released = " that may be released" if self._request.release else ""
        return f"The lake has no rows{of}{released} for the format {self._format.name}; nothing was written."

    def _write(self, stream: Stream, cells: Sequence[Cell]) -> None:
        rows = {(cell.part, cell.split): cell.rows for cell in cells}
        with ExitStack() as open_:
            writer: Writer | None = None
            current: tuple[str, str] | None = None
            for key, batch in self._batches(stream, cells):
                if writer is None or key != current:
                    open_.pop_all().close()
                    current, file = key, _named(stream, *key, rows[key])
                    writer = open_writer(self._folder / file.path, stream.schema, stream.group_rows)
                    open_.callback(writer.close)
                    self.written.append(file)
                writer.write(batch)
                self._progress.advance(batch.num_rows, files=len(self.written), masked=sum(self.masked.values()))

    def _batches(self, stream: Stream, cells: Sequence[Cell]) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
        """((part, split), batch) with the columns of the file, in order and masked."""
        step = min(_BATCH_ROWS, stream.group_rows)
        with Spools(self._temporary, deal(cells)) as spools:
            for batch in self._selection.dealt(stream.query, stream.order, cells, step):
                spools.add(batch)
                self._progress.advance(batch.num_rows)
            for table in spools.sorted(("part", "split", *stream.order)):
                for batch in table.to_batches(step):
                    yield from self._split(stream, batch)

    def _split(self, stream: Stream, batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
        """A batch, masked, in pieces of one file each."""
        columns = []
        for column in stream.schema:
            values = batch.column(column.name).cast(column.type)
            if self._kinds and column.name in stream.masked:
                values, counts = mask_array(values, self._kinds)
                self.masked.update(counts)
            columns.append(values)
        rows = pa.RecordBatch.from_arrays(columns, schema=stream.schema)
        keys = list(zip(batch.column("part").to_pylist(), batch.column("split").to_pylist(), strict=True))
        start = 0
        for end in range(1, len(keys) + 1):
            if end == len(keys) or keys[end] != keys[start]:
                yield keys[start], rows.slice(start, end - start)
                start = end


def _named(stream: Stream, part: str, split: str, rows: int) -> Written:
    for value in (part, split):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", value):  # they name files
            raise LakeError(f"{value!r} is no language and no split: the lake's tables are damaged.")
    names = {"part": part, "split": split}
    config = None if stream.config is None else stream.config.format(**names)
    return Written(stream.path.format(**names), part, stream.split.format(**names), config, stream.schema, rows)
