"""The revision of a model in a folder: a hash over what its vectors depend on.

Hashing gigabytes of weights takes seconds, and ``faquarry embed`` asks each time; the hash of a large file is kept in the
user's cache folder for as long as size and time of the file stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path

from faquarry.vectors.files import LocalFiles

__all__ = ["folder_revision"]

_COUNTS = (".json", ".txt", ".model", ".safetensors", ".py")
_IGNORED = {"README.md"}
_LARGE = 4 * 1024 * 1024


def folder_revision(files: LocalFiles) -> str:
    """The commit for a snapshot in a hub's cache, else 16 hex digits over names and contents."""
    if files.folder.parent.name == "snapshots" and re.fullmatch(r"[0-9a-f]{40}", files.folder.name):
        return files.folder.name
    total = hashlib.sha256()
    for name in sorted(files.names):
        if name.endswith(_COUNTS) and name not in _IGNORED:
            total.update(f"{name}\0{_file_hash(files.folder / name)}\n".encode())
    return total.hexdigest()[:16]


def _file_hash(path: Path) -> str:
    stat = path.stat()
    if stat.st_size < _LARGE:
        return _hashed(path)
    known = _cache() / hashlib.sha256(str(path.resolve()).encode()).hexdigest()
    stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
    with suppress(OSError, ValueError):
        kept = json.loads(known.read_text())
        if kept["stamp"] == stamp:
            return str(kept["sha256"])
    found = _hashed(path)
    with suppress(OSError):  # a cache that cannot be written costs time only
        known.parent.mkdir(parents=True, exist_ok=True)
        part = known.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"stamp": stamp, "sha256": found}))
        part.replace(known)
    return found


def _hashed(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "faquarry" / "hashes"
