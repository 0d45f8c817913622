"""A section of the page: what it needs of a lake, what makes that, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faquarry.report.page.markup import Html
from faquarry.report.page.reader import Reader

__all__ = ["Chapter"]


@dataclass(frozen=True)
class Chapter:
    """`draw` gives None where the tables are there and hold nothing to show.

    Attributes:
        anchor: the address of the section inside the page.
        needs: tables without which there is nothing to draw.
        verb: the command that makes them, without ``faquarry`` and the lake.
    """

    anchor: str
    title: str
    needs: tuple[str, ...]
    verb: str
    draw: Callable[[Reader], Html | None]
