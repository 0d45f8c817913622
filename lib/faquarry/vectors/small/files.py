"""What a small encoder is on disk: three files, and how to read and write them.

model.json          name, dimension, longest text, thresholds, how it was made
tokenizer.json.xz   the tokeniser as the `tokenizers` package writes it, compressed
vectors.safetensors the table in four bits a number (`faquarry.vectors.small.table`)
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faquarry.errors import UsageError
from faquarry.vectors.model import ModelInfo, Thresholds
from faquarry.vectors.small.table import Table

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["FORMAT", "NAME", "read_info", "read_table", "read_tokenizer", "write_model"]

NAME = "faquarry-small"
FORMAT = 1
MAX_TOKENIZER_BYTES = 256 << 20  # unpacked; the packaged one has 4 MB
_META, _TOKENIZER, _VECTORS = "model.json", "tokenizer.json.xz", "vectors.safetensors"


@cache
def read_info(folder: Path) -> ModelInfo:
    """Reads and hashes the files (some milliseconds; kept for the process).

    Raises:
        UsageError: the folder holds no small encoder, or one of another format.
    """
    absent = [name for name in (_META, _TOKENIZER, _VECTORS) if not (folder / name).is_file()]
    if absent:
        raise UsageError(f"{folder} holds no small encoder: {absent[0]} is missing.")
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if meta.get("format") != FORMAT:
            raise UsageError(f"The model in {folder} has format {meta.get('format')}, this version reads {FORMAT}.")
        return ModelInfo(
            name=str(meta["name"]),
            revision=_revision(folder),
            dim=int(meta["dim"]),
            max_tokens=int(meta["max_tokens"]),
            kind="packaged",
            folder=str(folder),
            thresholds=Thresholds(**meta["thresholds"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(folder, _META, error) from error


def read_tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        with lzma.open(folder / _TOKENIZER) as file:
            text = file.read(MAX_TOKENIZER_BYTES + 1)
        if len(text) > MAX_TOKENIZER_BYTES:
            raise ValueError(f"it has more than {MAX_TOKENIZER_BYTES >> 20} MiB")
        return Tokenizer.from_str(text.decode())
    except Exception as error:  # the package raises plain Exceptions
        raise _damaged(folder, _TOKENIZER, error) from error


def read_table(folder: Path) -> Table:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return Table(**load_file(folder / _VECTORS))
    except (SafetensorError, TypeError, ValueError) as error:
        raise _damaged(folder, _VECTORS, error) from error


def _damaged(folder: Path, name: str, error: Exception) -> UsageError:
    return UsageError(f"The small encoder in {folder} is damaged: {name} cannot be read ({str(error)[:200]}).")


def write_model(folder: Path, tokenizer: Tokenizer, table: Table, meta: Mapping[str, Any]) -> None:
    """Writes the three files; `meta` has at least ``thresholds``, and what else should be known of the model."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (folder / _TOKENIZER).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    save_file({"codes": table.codes, "scales": table.scales, "levels": table.levels}, folder / _VECTORS)
    (folder / _VECTORS).chmod(0o644)  # safetensors writes for the owner alone
    truncation = tokenizer.truncation or {}
    head = {"name": NAME, "format": FORMAT, "dim": table.dim, "max_tokens": truncation["max_length"]}
    (folder / _META).write_text(json.dumps({**head, **meta}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    read_info.cache_clear()


def _revision(folder: Path) -> str:
    """16 hex digits over what the vectors depend on; thresholds and notes may change without new vectors."""
    total = hashlib.sha256()
    for name in (_TOKENIZER, _VECTORS):
        total.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return total.hexdigest()[:16]
