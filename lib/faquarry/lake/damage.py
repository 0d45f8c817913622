"""Which file of a table is damaged, and the way back: looked for when something could not be read.

Delta's readers say what their parser stumbled over, rarely in which file, and take an empty entry of the log for a commit
without rows. Here the log is read as it lies there, and the data files are compared with what it says of them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["Damage", "damaged_data", "damaged_log", "has_empty_commit", "lacks_files", "suspicious"]

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet")
# What Arrow, DuckDB, deltalake and Spark say when they stumble over a file.
_SIGNS = re.compile(
    r"parquet|snappy|thrift|TProtocol|corrupt|page header|magic|decompress|FAILED_READ_FILE|delta_log|deserializ", re.I
)

# Tables of which rows come from archives, and the table that says which archives have been read.
_READ_FROM = {
    **dict.fromkeys(("pages", "qa", "occurrences", "rejects"), "sources"),
    **dict.fromkeys(("documents", "links"), "_graph_sources"),
}
_DECODED_BYTES = 4 << 30  # of a table, at most: a sentence should not take an hour


@dataclass(frozen=True)
class Damage:
    """A file of a table, what is wrong with it, and the version that it came with."""

    file: Path
    why: str
    version: int | None = None

    def sentence(self, table: str, folder: str) -> str:
        """What is told to a person: the file, and the way back."""
        head = f"The table {folder} cannot be read: {self.file} {self.why}."
        if self.file.name == "_last_checkpoint":
            return f"{head} It is no more than a hint: delete it, nothing is lost."
        if self.file.parent.name == "_delta_log" and self.file.suffix == ".parquet":
            return f"{head} It sums up the entries before it: delete it and _last_checkpoint while those are all there."
        if not self.version:
            return f"{head} No version before it can be read: only a copy of the file brings it back."
        before = f"{table}={self.version - 1}"
        state = _READ_FROM.get(table)
        again = f" once {state} has been taken back too, and its archives are read again" if state else ""
        return (
            f"{head} It came with version {self.version}: faquarry sql --at {before} reads the one before, faquarry maintain "
            f"--restore {before} goes back to it. The next run makes what is missing{again}."
        )


def suspicious(error: BaseException | None) -> bool:
    """Whether an error, or one that it wraps, sounds as if a file of a table was damaged."""
    while error is not None:
        if _SIGNS.search(f"{error} {getattr(error, '_stackTrace', '')}"):
            return True
        error = error.__cause__ or getattr(error, "_cause", None)
    return False


def damaged_log(folder: Path, at: int | None = None) -> Damage | None:
    """The first damaged, empty or absent file of a local table's log, up to a version."""
    log = folder / "_delta_log"
    files = {int(found[1]): file for file in log.iterdir() if (found := _COMMIT.fullmatch(file.name))}
    commits = dict(sorted((version, file) for version, file in files.items() if at is None or version <= at))
    checkpoints = {int(found[1]): file for file in log.iterdir() if (found := _CHECKPOINT.fullmatch(file.name))}
    hint = log / "_last_checkpoint"
    if hint.exists() and (led := _led_to(hint)) not in (None, *checkpoints):
        return Damage(hint, f"speaks of a checkpoint of version {led} that is not there")
    for version, file in checkpoints.items():
        if why := _unreadable(file):
            return Damage(file, why, version)
    for version, file in commits.items():
        if why := _no_commit(file):
            return Damage(file, why, version)
    numbers = list(commits)
    for before, after in itertools.pairwise(numbers):
        if after != before + 1 and not any(before < version <= after for version in checkpoints):
            return Damage(log / f"{before + 1:020}.json", "is not there", before + 1)
    noted = max((int(file.stem) for file in log.glob("*.crc") if file.stem.isdecimal()), default=0)
    if at is None and numbers and noted > numbers[-1]:
        return Damage(log / f"{numbers[-1] + 1:020}.json", "is not there", numbers[-1] + 1)
    for version in numbers:
        if why := _disagrees(log, commits[version], version):
            return Damage(commits[version], why, version)
    return None


def damaged_data(folder: Path, names: list[str]) -> Damage | None:
    """The first of a local table's data files (`names`, as the log has them) that is absent, cut, or cannot be decoded."""
    added = dict(_added(folder / "_delta_log"))
    decoded = 0
    for name in names:
        version, size = added.get(name, (None, None))
        decoded += size or 0
        if why := _unreadable(folder / unquote(name), size, decode=decoded <= _DECODED_BYTES):
            return Damage(folder / unquote(name), why, version)
    return None


def has_empty_commit(folder: Path) -> bool:
    """Whether an entry of a local table's log has no bytes: the machine stopped before they reached the disk."""
    with os.scandir(folder / "_delta_log") as entries:
        return any(_COMMIT.fullmatch(entry.name) and entry.stat().st_size == 0 for entry in entries)


def lacks_files(folder: Path, version: int, sizes: list[int]) -> bool:
    """Whether a version is said to have other data files than its log leads to (`sizes`, bytes); without a note, no."""
    noted = _noted(folder / "_delta_log", version)
    return noted is not None and noted != (len(sizes), sum(sizes))


def _led_to(hint: Path) -> int | None:
    """The version that a hint names; one that cannot be read is passed over by every reader."""
    try:
        return int(json.loads(hint.read_text(encoding="utf-8"))["version"])
    except (ValueError, KeyError, TypeError):
        return None


def _no_commit(file: Path) -> str | None:
    """Why an entry of the log cannot be read."""
    text = file.read_bytes()
    if not text.strip():
        return "is empty"
    try:
        for _ in _actions(text):
            pass
    except ValueError:
        return "is cut short or overwritten"
    return None


def _actions(text: bytes) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.strip():
            yield json.loads(line)


def _disagrees(log: Path, commit: Path, version: int) -> str | None:
    """Lines lost from an entry: Spark notes beside each what the table has since."""
    now, before = _noted(log, version), _noted(log, version - 1)
    if now is None or before is None:
        return None
    files, size = before
    for action in _actions(commit.read_bytes()):
        for name, sign in (("add", 1), ("remove", -1)):
            if name in action:
                files, size = files + sign, size + sign * int(action[name].get("size") or 0)
    return None if (files, size) == now else "lacks lines"


def _noted(log: Path, version: int) -> tuple[int, int] | None:
    """Data files and bytes of a version, as it was noted beside its entry; None where it was not."""
    try:
        note = json.loads((log / f"{version:020}.crc").read_text(encoding="utf-8"))
        return int(note["numFiles"]), int(note["tableSizeBytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _added(log: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """(name, (version, bytes)) of every file that an entry of the log added."""
    for file in sorted(log.iterdir()):
        if found := _COMMIT.fullmatch(file.name):
            for action in _actions(file.read_bytes()):
                if "add" in action:
                    yield action["add"]["path"], (int(found[1]), int(action["add"]["size"]))


def _unreadable(file: Path, size: int | None = None, *, decode: bool = True) -> str | None:
    """Why a Parquet file cannot be read; its pages are decoded one row group at a time."""
    try:
        if size is not None and file.stat().st_size != size:
            return f"has {file.stat().st_size:,} bytes, {size:,} were written"
        with pq.ParquetFile(file) as stored:
            for group in range(stored.num_row_groups if decode else 0):
                stored.read_row_group(group)
    except FileNotFoundError:
        return "is not there"
    except (pa.ArrowException, OSError) as error:
        return f"cannot be decoded ({str(error).splitlines()[0].rstrip('.')})"
    return None
