"""What a small scorer is on disk, beside the small encoder whose subwords it reads: two files.

scorer.json         name, encoder, how it was made and what it reached
scorer.safetensors  what it has learned (`faquarry.vectors.scoring.small.weights`)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from faquarry.errors import UsageError
from faquarry.vectors import small
from faquarry.vectors.scoring.model import Activation, ScorerInfo
from faquarry.vectors.scoring.small.tokens import MOST_QUERY, MOST_TEXT
from faquarry.vectors.scoring.small.weights import Weights

__all__ = ["FORMAT", "NAME", "is_scorer", "read_info", "read_meta", "weights_path", "write_scorer"]

NAME = "faquarry-small-scorer"
FORMAT = 1
_META, _WEIGHTS = "scorer.json", "scorer.safetensors"


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


def weights_path(folder: Path) -> Path:
    return folder / _WEIGHTS


@cache
def read_info(folder: Path, activation: str = "auto") -> ScorerInfo:
    """Reads and hashes the files (kept for the process).

    Raises:
        UsageError: a file is missing, of another format, or made for another encoder.
    """
    if not weights_path(folder).is_file():
        raise UsageError(f"{folder} holds no small scorer: {_WEIGHTS} is missing.")
    meta = read_meta(folder)
    revision = hashlib.sha256(f"{meta['encoder']}\n".encode() + weights_path(folder).read_bytes()).hexdigest()[:16]
    chosen = cast(Activation, "sigmoid" if activation == "auto" else activation)
    return ScorerInfo(str(meta["name"]), revision, "packaged", chosen, MOST_QUERY + MOST_TEXT, str(folder))


def write_scorer(folder: Path, weights: Weights, meta: Mapping[str, Any]) -> None:
    """Writes both files; `meta` is what else should be known of the scorer."""
    folder.mkdir(parents=True, exist_ok=True)
    weights.write(weights_path(folder))
    head = {"name": NAME, "format": FORMAT, "encoder": small.info().revision}
    (folder / _META).write_text(json.dumps({**head, **meta}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    read_info.cache_clear()
