"""How pictures of a lake are made: one look, one place (``LAKE/_pictures``), files that appear whole or not at all.

matplotlib is used without pyplot: no window system, no global state, safe in any process.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from faquarry.lake import Lake

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ACCENT", "FOLDER", "INK", "PALE", "figure", "save", "save_file"]

FOLDER = "_pictures"
INK, ACCENT, PALE = "#1f2933", "#c2410c", "#cbd5e1"


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save(picture: Figure | str, lake: Lake, name: str) -> str:
    """Writes ``_pictures/NAME.png``, or ``NAME.html`` of a page, in the lake. -> where it lies."""
    if lake.is_local:
        return str(save_file(picture, Path(lake.path(FOLDER)), name))
    from pyarrow import fs

    content, suffix = _rendered(picture)
    target = f"{lake.uri}/{FOLDER}/{name}.{suffix}"
    system, place = fs.FileSystem.from_uri(target.replace("s3a://", "s3://"))
    with system.open_output_stream(place) as stream:
        stream.write(content)
    return target


def save_file(picture: Figure | str, folder: Path, name: str) -> Path:
    """Writes ``NAME.png``, or ``NAME.html`` of a page, whole or not at all. -> the file"""
    content, suffix = _rendered(picture)
    path = folder / f"{name}.{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return path


def _rendered(picture: Figure | str) -> tuple[bytes, str]:
    """The content of a file, and the end of its name."""
    if isinstance(picture, str):
        return picture.encode(), "html"
    data = io.BytesIO()
    picture.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue(), "png"
