"""What a small scorer is on disk: scorer.json, beside the small encoder whose tokens it reads."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, cast

from faquarry.errors import UsageError
from faquarry.vectors import small
from faquarry.vectors.scoring.model import Activation, ScorerInfo

__all__ = ["FORMAT", "NAME", "is_scorer", "read_info", "read_meta"]

NAME = "faquarry-small-scorer"
FORMAT = 1
_META = "scorer.json"


def is_scorer(folder: Path) -> bool:
    """Whether the folder holds a small scorer."""
    return (folder / _META).is_file()


def read_meta(folder: Path) -> dict[str, Any]:
    """What scorer.json says.

    Raises:
        UsageError: it is of another format, or made for another encoder.
    """
    meta: dict[str, Any] = json.loads((folder / _META).read_text(encoding="utf-8"))
    if meta.get("format") != FORMAT:
        raise UsageError(f"The scorer in {folder} has format {meta.get('format')}, this version reads {FORMAT}.")
    encoder = small.info().revision
    if meta["encoder"] != encoder:
        raise UsageError(f"The scorer in {folder} reads tokens of the encoder {meta['encoder']}, here is {encoder}.")
    return meta


@cache
def read_info(folder: Path, activation: str = "auto") -> ScorerInfo:
    """Reads and hashes the files (kept for the process)."""
    meta = read_meta(folder)
    revision = hashlib.sha256()
    for path in sorted(folder.glob("scorer.*")):
        revision.update(path.read_bytes())
    chosen = "sigmoid" if activation == "auto" else activation
    return ScorerInfo(
        str(meta["name"]), revision.hexdigest()[:16], "packaged", cast(Activation, chosen), 512, str(folder)
    )
