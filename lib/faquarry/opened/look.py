"""How a lake and its tables look when a notebook or a prompt shows them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["as_html", "as_text", "in_bytes"]

Cell = str | int  # numbers stand to the right, with thousands apart


def as_text(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Rows under their heads, in columns.

    >>> print(as_text(("table", "rows"), [("qa", 1200), ("runs", 7)]))
    table   rows
    qa     1,200
    runs       7
    """
    shown = [[_shown(cell) for cell in row] for row in rows]
    right = [_is_number(rows, place) for place in range(len(heads))]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        for line in (heads, *shown)
    )
    return "\n".join(line.rstrip() for line in lines)


def as_html(heads: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str = "") -> str:
    """The same for a notebook; whatever is in a cell is text, never markup.

    >>> as_html(("a",), [("<b>",)])[-63:]
    '<td style="text-align:left">&lt;b&gt;</td></tr></tbody></table>'
    """
    sides = ["right" if _is_number(rows, place) else "left" for place in range(len(heads))]

    def line(tag: str, cells: Sequence[Cell]) -> str:
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(_shown(cell))}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )

    top = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f"<table>{top}<thead><tr>{line('th', heads)}</tr></thead><tbody>{body}</tbody></table>"


def in_bytes(size: float) -> str:
    """
    >>> in_bytes(4_100), in_bytes(12_345_678)
    ('4.1 kB', '12.3 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _is_number(rows: Sequence[Sequence[Cell]], place: int) -> bool:
    return bool(rows) and all(isinstance(row[place], int) for row in rows)


def _shown(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell
