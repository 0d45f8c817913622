"""The folder of an export: it appears whole or not at all, with checksums, and never in the place of something else.

Work goes on in ``.NAME.partial-*`` beside it, which is renamed at the end. What a killed export left there is removed by
the next one; a lock of the operating system tells it from one that is still at work.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from faquarry.errors import EnvironmentProblem, UsageError

__all__ = ["CARD", "CHECKSUMS", "MANIFEST", "manifest_of", "require_ours", "unwritable", "whole", "write_checksums"]

MANIFEST = "export.json"
CHECKSUMS = "SHA256SUMS"
CARD = "README.md"
_LOCK = "_lock"


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """What an export says of itself; None when the folder is none. `whole`: its files are there, in their sizes."""
    try:
        manifest = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        sizes = {str(file["path"]): int(file["bytes"]) for file in manifest["files"]}
        ours = str(manifest["made_by"]).startswith("faquarry ")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not ours:
        return None
    there = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    complete = sizes.items() <= there.items() and {CHECKSUMS, CARD} <= there.keys()
    return {"fingerprint": None, **manifest, "whole": complete}


def require_ours(output: Path) -> None:
    """Ends when something stands where the export should, that is no export.

    Raises:
        UsageError: a file, or a folder that holds something else.
    """
    if output.is_dir() and (not any(output.iterdir()) or manifest_of(output) is not None):
        return
    if output.exists() or output.is_symlink():
        kind = "a folder that is no export of faquarry" if output.is_dir() else "a file"
        raise UsageError(f"--output {output} is {kind}: name a new folder, or remove it first.")


@contextmanager
def whole(output: Path) -> Iterator[Path]:
    """A folder to write in; it becomes `output` when the block ends well, and goes when it does not.

    Raises:
        EnvironmentProblem: nothing can be written there.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _sweep(output)
        partial = output.parent / f".{output.name}.partial-{secrets.token_hex(4)}"
        partial.mkdir()
        lock = os.open(partial / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(output, error) from error
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield partial
        (partial / _LOCK).unlink()
        _put(partial, output)
    except OSError as error:
        raise unwritable(output, error) from error
    finally:
        os.close(lock)
        shutil.rmtree(partial, ignore_errors=True)


def _put(partial: Path, output: Path) -> None:
    """Renames; an older export steps aside first, and back should the second rename fail."""
    aside = output.parent / f".{output.name}.replaced"
    if output.exists():
        shutil.rmtree(aside, ignore_errors=True)
        output.rename(aside)
    try:
        partial.rename(output)
    except OSError:
        if aside.exists():
            aside.rename(output)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sweep(output: Path) -> None:
    """Removes what killed exports to the same place have left, and puts back an export that was about to be replaced."""
    aside = output.parent / f".{output.name}.replaced"
    if aside.is_dir() and not output.exists():
        aside.rename(output)
    for partial in output.parent.glob(f".{_literal(output.name)}.partial-*"):
        try:
            lock = os.open(partial / _LOCK, os.O_RDWR)
        except FileNotFoundError:
            lock = None
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # still at work
            finally:
                os.close(lock)
        shutil.rmtree(partial, ignore_errors=True)


def _literal(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def write_checksums(folder: Path) -> None:
    """``SHA256SUMS`` over every other file, as ``sha256sum -c`` reads it."""
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _LOCK):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def unwritable(output: Path, error: OSError) -> EnvironmentProblem:
    """The sentence for a place that takes no files."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return EnvironmentProblem(
            f"The disk of {output.parent} is full; nothing was left there. Make space, then run again."
        )
    return EnvironmentProblem(f"--output {output} cannot be written: {error.strerror or error}.")
