"""Files of a table, damaged as disks, copies and people damage them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

__all__ = ["LOST_DATA", "LOST_LOG", "Damaging", "log_entries"]

Damaging = Callable[[Path], Path]
"""Damages one file of the table in a folder. -> the file"""


def log_entries(table: Path) -> list[Path]:
    """The entries of a table's log, oldest first."""
    return sorted((table / "_delta_log").glob("[0-9]*.json"))


def latest_file(table: Path) -> Path:
    """A data file that came with the latest version."""
    entry = [json.loads(line) for line in log_entries(table)[-1].read_text(encoding="utf-8").splitlines()]
    added = sorted(action["add"]["path"] for action in entry if "add" in action)
    return table / unquote(added[0])


def _cut(file: Path) -> Path:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    return file


def _emptied(file: Path) -> Path:
    file.write_bytes(b"")
    return file


def _gone(file: Path) -> Path:
    file.unlink()
    return file


def _zeroed(file: Path) -> Path:
    """The data are zeros, as after a disk lost its blocks; length, both ends and the footer are as they were."""
    data = bytearray(file.read_bytes())
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    data[4:end] = bytes(end - 4)
    file.write_bytes(data)
    return file


def _overwritten(file: Path) -> Path:
    file.write_bytes(bytes(range(128, 256)))
    return file


def _without_last_lines(file: Path) -> Path:
    """Whole lines are lost: what is left is JSON."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:1]), encoding="utf-8")
    return file


def _leading_nowhere(table: Path) -> Path:
    hint = table / "_delta_log" / "_last_checkpoint"
    hint.write_text('{"version":1,"size":5}', encoding="utf-8")
    return hint


LOST_DATA: dict[str, Damaging] = {
    "cut": lambda table: _cut(latest_file(table)),
    "empty": lambda table: _emptied(latest_file(table)),
    "gone": lambda table: _gone(latest_file(table)),
    "zeroed": lambda table: _zeroed(latest_file(table)),
}
LOST_LOG: dict[str, Damaging] = {
    "cut": lambda table: _cut(log_entries(table)[-1]),
    "empty": lambda table: _emptied(log_entries(table)[-1]),
    "overwritten": lambda table: _overwritten(log_entries(table)[-1]),
    "lacks lines": lambda table: _without_last_lines(log_entries(table)[-1]),
    "gone": lambda table: _gone(log_entries(table)[-1]),
    "gone from the middle": lambda table: _gone(log_entries(table)[-2]),
    "hint that leads nowhere": _leading_nowhere,
}
