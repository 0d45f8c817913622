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

__all__ = ["ACCENT", "FOLDER", "INK", "PALE", "figure", "save"]

FOLDER = "_pictures"
INK, ACCENT, PALE = "#1f2933", "#c2410c", "#cbd5e1"


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save(picture: Figure | str, lake: Lake, name: str) -> str:
    """Writes ``_pictures/NAME.png``, or ``NAME.html`` of a page, in the lake. -> where it lies."""
    if isinstance(picture, str):
        content, suffix = picture.encode(), "html"
    else:
        data = io.BytesIO()
        picture.savefig(data, format="png", metadata={"Software": None})
        content, suffix = data.getvalue(), "png"
    target = f"{lake.uri}/{FOLDER}/{name}.{suffix}"
    if lake.is_local:
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    else:
        from pyarrow import fs

        system, place = fs.FileSystem.from_uri(target.replace("s3a://", "s3://"))
        with system.open_output_stream(place) as stream:
            stream.write(content)
    return target
