"""What a killed run starts again from: one file, complete or not there."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from faquarry.errors import EnvironmentProblem

__all__ = ["latest", "load", "save"]

_NAME = re.compile(r"checkpoint-(\d+)\.pt")


def save(folder: Path, step: int, state: Mapping[str, Any], keep: int) -> Path:
    """Writes the state of a step, and removes all but the last `keep` checkpoints.

    The file appears under its name when all of it is on the disk.

    Raises:
        EnvironmentProblem: the disk is full or cannot be written; earlier checkpoints stay.
    """
    path = folder / f"checkpoint-{step}.pt"
    part = folder / f".{os.getpid()}.{path.name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch tells of a full disk as a RuntimeError
        with suppress(OSError):
            part.unlink(missing_ok=True)
        number = getattr(error, "errno", None)
        full = number == errno.ENOSPC or "enough" in str(error) or "No space" in str(error) or "write" in str(error)
        why = "the disk is full" if full else str(error).splitlines()[0]
        kept = latest(folder)
        there = f"the last good checkpoint is {kept.name}" if kept else "there is no earlier one"
        raise EnvironmentProblem(
            f"The checkpoint {path} cannot be written: {why}; {there}. Make space, then run again."
        ) from error
    for old in sorted(_all(folder))[:-keep]:
        old[1].unlink(missing_ok=True)
    return path


def latest(folder: Path) -> Path | None:
    """The checkpoint of the highest step."""
    found = sorted(_all(folder))
    return found[-1][1] if found else None


def load(path: Path) -> dict[str, Any]:
    """A checkpoint's state: tensors, numbers, text; nothing that runs code is read."""
    found: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return found


def _all(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    named = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match.group(1)), path) for match, path in named if match]
