"""Whole words: left out, or two in the wrong order. The budget counts words here, not graphemes."""

from __future__ import annotations

from typing import NamedTuple

import regex

from faquarry.robustness.perturb.operation import UNSPACED, Operation
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.strength import Strength

__all__ = ["OPERATIONS", "Word", "words_of"]

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}\u200c\u200d՛՜՞]*(?:['’ʼ\-]\p{L}[\p{L}\p{M}\u200c\u200d՛՜՞]*)*")


class Word(NamedTuple):
    """A word without the punctuation around it: characters [start, end) of the text."""

    start: int
    end: int


def words_of(pieces: Pieces) -> list[Word]:
    """The words that may be moved or left out: neither numbers nor addresses, nor words that hang on one.

    >>> text = "What's route 168b, at x.org (today)?"
    >>> [text[start:end] for start, end in words_of(Pieces(text))]
    ["What's", 'route', 'at', 'today']
    """
    found = [Word(*match.span()) for match in _WORD.finditer(pieces.text)]
    if not pieces.spans:
        return found
    return [word for word in found if all(word.end < start or end < word.start for start, end in pieces.spans)]


def _dropped(pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
    """Words go with the space before them (the first one: after it); at least one word stays."""
    text, words = pieces.text, words_of(pieces)
    places = list(range(len(words)))
    budget = min(strength.budget(len(words)), len(words) - 1)
    chosen: dict[int, Edit] = {}
    while places and len(chosen) < budget:
        at = places.pop(draw.below(len(places)))
        start, end = words[at]
        if start and text[start - 1].isspace():
            start -= 1
        elif not start and end < len(text) and text[end].isspace():
            end += 1
        else:
            continue  # in brackets or quotation marks
        if at - 1 not in chosen and at + 1 not in chosen:
            chosen[at] = Edit(start, text[start:end], "")
    return [chosen[at] for at in sorted(chosen)]


def _swapped(pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
    """Two words with only spaces between them change places; capitals stay with their words."""
    text, words = pieces.text, words_of(pieces)
    places = [
        at for at in range(len(words) - 1) if text[words[at].end : words[at + 1].start].isspace()
        and text[slice(*words[at])] != text[slice(*words[at + 1])]
    ]  # fmt: skip
    budget = strength.budget(len(words))
    chosen: dict[int, Edit] = {}
    while places and len(chosen) < budget:
        at = places.pop(draw.below(len(places)))
        if not chosen.keys() & {at - 1, at, at + 1}:
            (first, end), (start, last) = words[at], words[at + 1]
            chosen[at] = Edit(first, text[first:last], text[start:last] + text[end:start] + text[first:end])
    return [chosen[at] for at in sorted(chosen)]


OPERATIONS = (
    Operation(
        "word_drop",
        "leaves words out",
        "the question, if the word says little; without its name or verb, another or none",
        lambda language: _dropped,
        not_in=UNSPACED,
        unit="words",
    ),
    Operation(
        "word_swap",
        "exchanges two neighbouring words",
        "the question, in odd order; where order carries case (English, Vietnamese), sometimes another question",
        lambda language: _swapped,
        not_in=UNSPACED,
        unit="words",
    ),
)
