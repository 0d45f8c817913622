"""A head that is a whole model: a transformer that was fine-tuned to read question and answer. Found here, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faquarry.errors import UsageError
from faquarry.labels.head import FORMAT, read_meta
from faquarry.vectors.files import LocalFiles
from faquarry.vectors.revision import folder_revision

__all__ = ["MODEL", "TransformerHead", "read_transformer", "write_transformer"]

MODEL = "model"
"""The folder below a head's own that holds the model as transformers writes it."""


@dataclass(frozen=True)
class TransformerHead:
    """`folder` holds the model; its logits divided by `temperature` give calibrated probabilities."""

    name: str
    taxonomy: str
    labels: tuple[str, ...]
    folder: str
    temperature: float
    revision: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


def write_transformer(head: TransformerHead, folder: Path) -> TransformerHead:
    """Writes head.json beside the model, which is there already. -> the head as it is read from there."""
    meta = {
        "format": FORMAT,
        "kind": "transformer",
        "name": head.name,
        "taxonomy": head.taxonomy,
        "labels": list(head.labels),
        "temperature": round(head.temperature, 6),
        "trained": dict(head.told),
    }
    (folder / "head.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return read_transformer(folder)


def read_transformer(folder: Path) -> TransformerHead:
    """Raises:
    UsageError: the folder is not what `write_transformer` wrote.
    """
    meta = read_meta(folder)
    model = folder / MODEL
    if not (model / "config.json").is_file():
        raise UsageError(f"The head in {folder} has no model ({MODEL}/config.json is missing): train it again.")
    files = LocalFiles(model.absolute())
    try:
        temperature = float(meta["temperature"])
        return TransformerHead(
            name=str(meta["name"]),
            taxonomy=str(meta["taxonomy"]),
            labels=tuple(meta["labels"]),
            folder=str(model.absolute()),
            temperature=temperature,
            revision=f"{folder_revision(files)}-{temperature:g}",
            told=meta.get("trained", {}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The head in {folder} is damaged ({error}): train it again.") from error
