"""Chooses which proposed edits happen: within the budget, apart from each other, and only if text stays well formed.

Between two edits at least one grapheme stays as it was. So edits do not undo one another, each can be judged by its
neighbours alone, and a text with k of them is within k of the original in Damerau's distance over graphemes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

import regex

from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces, clusters
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["Change", "Propose", "choose", "malformed", "shuffled"]


Change = tuple[int, int, str]
"""Pieces [start, end) become new: one grapheme for one, none for one, one for none, or two the other way round."""

Propose = Callable[[Pieces, int, Draw], Change | None]

_INDIC = "".join(  # after an independent vowel, or after another vowel sign, no vowel sign and no virama
    f"|[{chr(b + 0x05)}-{chr(b + 0x14)}{chr(b + 0x3E)}-{chr(b + 0x4C)}][{chr(b + 0x3E)}-{chr(b + 0x4D)}]"
    for b in range(0x0900, 0x0D80, 0x80)
)
# A sign that leans on a letter stands alone; a Thai or Lao vowel without its consonant.
_MALFORMED = regex.compile(
    r"(?<![\p{L}\p{M}\u200c\u200d\u25cc])\p{M}"
    r"|[เ-ไເ-ໄ](?![ก-ฮກ-ຮ])"
    r"|(?<![ก-ฮาิ-ู็-๎])[ะาำๅ]|(?<![ກ-ຮາິ-ຼ່-ໍ])[ະາຳ]" + _INDIC
)


def malformed(text: str) -> int:
    """How many places no typist would leave behind, because the script does not allow them.

    >>> malformed("เป็น"), malformed("ป็เน"), malformed("เ น")
    (0, 0, 1)
    """
    return len(_MALFORMED.findall(text))


def shuffled(places: Sequence[int], draw: Draw) -> Iterator[int]:
    """The places in random order, drawn one at a time as they are asked for."""
    left = list(places)
    while left:
        at = draw.below(len(left))
        left[at], left[-1] = left[-1], left[at]
        yield left.pop()


def choose(pieces: Pieces, places: Iterable[int], budget: int, draw: Draw, propose: Propose) -> list[Edit]:
    """At most `budget` edits, at the first of the places where what is proposed can be done; in order of place."""
    chosen: list[Change] = []
    touched: set[int] = set()
    for place in places:
        if len(chosen) == budget:
            break
        change = propose(pieces, place, draw)
        if change is None:
            continue
        edges = range(change[0], change[1] + 1)
        if touched.isdisjoint(edges) and (pieces.simple or _fits(pieces, change)):
            touched.update(edges)
            chosen.append(change)
    if pieces.simple:
        text = pieces.text
        return [Edit(start, text[start:end], new) for start, end, new in sorted(chosen)]
    offsets, text = pieces.offsets, pieces.text
    return [Edit(offsets[start], text[offsets[start] : offsets[end]], new) for start, end, new in sorted(chosen)]


def _fits(pieces: Pieces, change: Change) -> bool:
    """True when the graphemes around stay what they were, and nothing becomes malformed or leaves NFC."""
    start, end, inner = change
    units = pieces.pieces
    before, after = "".join(units[start - 1 : start]), "".join(units[end : end + 1])
    new = before + inner + after
    cut = clusters(new)
    if cut[0] != (before or cut[0]) or cut[-1] != (after or cut[-1]):
        return False
    if len(cut) - bool(before) - bool(after) > (max(1, end - start) if inner else 0):
        return False
    if _MALFORMED.search(new) is not None and malformed(new) > malformed(before + "".join(units[start:end]) + after):
        return False
    return not pieces.is_nfc or unicodedata.is_normalized("NFC", new)
