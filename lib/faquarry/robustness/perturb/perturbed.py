"""What comes out: the text and, edit by edit, how it came to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Edit", "Perturbed", "applied"]


class Edit(NamedTuple):
    """At character `at` of the original, `before` became `after` (either may be empty)."""

    at: int
    before: str
    after: str


class Perturbed(NamedTuple):
    """A query after an operation.

    `applies` is False when the operation means nothing here: not in this language (case in Thai), or no place for it in
    this text. The text is then unchanged, and the query is left out of the operation's averages.
    """

    text: str
    edits: tuple[Edit, ...]
    changed: bool
    applies: bool


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with the edits done; they are in order of place and do not overlap.

    >>> applied("what is", [Edit(0, "wh", "hw"), Edit(5, "i", "")])
    'hwat s'
    """
    parts, done = [], 0
    for at, before, after in edits:
        parts += [text[done:at], after]
        done = at + len(before)
    parts.append(text[done:])
    return "".join(parts)
