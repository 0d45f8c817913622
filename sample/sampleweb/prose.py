"""The little markup inside a text: **bold**, [anchor](target), `¶` for a new line, `•` before a list item."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

__all__ = ["as_html", "as_text", "links_of"]

LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
BREAK = re.compile(r"\s*([¶•])\s*")

Resolve = Callable[[str], str]


def as_text(source: str) -> str:
    """What a reader sees: lines joined by newlines, markup gone.

    >>> as_text("Bring **three** things: • a [map](x#y) • a torch ¶ Thank you.")
    'Bring three things:\\na map\\na torch\\nThank you.'
    """
    return BREAK.sub("\n", BOLD.sub(r"\1", LINK.sub(r"\1", source))).strip()


def inline(source: str, resolve: Resolve) -> str:
    escaped = html.escape(source, quote=False)
    escaped = BOLD.sub(r"<strong>\1</strong>", escaped)
    return LINK.sub(lambda m: f'<a href="{html.escape(resolve(m[2]))}">{m[1]}</a>', escaped)


def as_html(source: str, resolve: Resolve, *, wrap: bool = True, breaks: str = "p") -> str:
    """HTML for one text. `wrap`: a single line gets its own <p> too. `breaks`: "p" or "br" for `¶`.

    >>> as_html("Bring: • a map • a torch ¶ Thank you.", str)
    '<p>Bring:</p><ul><li>a map</li><li>a torch</li></ul><p>Thank you.</p>'
    """
    blocks = list(lines(source))
    if len(blocks) == 1 and not wrap:
        return inline(blocks[0][1], resolve)
    parts: list[str] = []
    for i, (mark, words) in enumerate(blocks):
        before = blocks[i - 1][0] if i else ""
        after = blocks[i + 1][0] if i + 1 < len(blocks) else ""
        text = inline(words, resolve)
        if mark == "•":
            parts.append(("" if before == "•" else "<ul>") + f"<li>{text}</li>" + ("" if after == "•" else "</ul>"))
        elif breaks == "br":
            parts.append(("<br>" if before == "¶" else "") + text)
        else:
            parts.append(f"<p>{text}</p>")
    return "".join(parts)


def lines(source: str) -> Iterator[tuple[str, str]]:
    pieces = BREAK.split(source.strip())
    if pieces[0]:
        yield "¶", pieces[0]
    yield from zip(pieces[1::2], pieces[2::2], strict=True)


def links_of(source: str) -> list[tuple[str, str]]:
    """(anchor text, target) of every link in a text."""
    return [(BOLD.sub(r"\1", m[1]), m[2]) for m in LINK.finditer(source)]
