"""A damaged log taken back to an older version: what came later is put aside, as a reader of an intact log would restore."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from faquarry.errors import LakeError
from faquarry.lake.lake import Lake

__all__ = ["DAMAGED", "put_aside"]

DAMAGED = "_damaged"
"""The folder of a lake in which lies what was taken out of logs."""
_NUMBERED = re.compile(r"\.?(\d{20})\.")  # entries, checkpoints, and the checksums that Hadoop keeps of them


def put_aside(lake: Lake, table: str, version: int) -> Path:
    """Moves what a local table's log holds beyond `version` to where nobody reads it. -> the folder there

    Raises:
        LakeError: that version cannot be read either, or is none of the table's.
    """
    with lake.exclusive():
        log = Path(lake.path(table)) / "_delta_log"
        numbered = {file: int(found[1]) for file in log.iterdir() if (found := _NUMBERED.match(file.name))}
        if version not in numbered.values():
            raise LakeError(f"The table {lake.path(table)} has no version {version}.")
        lake.dataset(table, version)
        aside = Path(lake.uri) / DAMAGED / f"{table}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        aside.mkdir(parents=True)
        for file in [*(file for file, number in numbered.items() if number > version), *log.glob("*_last_checkpoint*")]:
            shutil.move(file, aside)
        return aside
