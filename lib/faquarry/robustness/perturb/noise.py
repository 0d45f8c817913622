"""Human noise: slips drawn as people make them, by a model fitted on real misspellings (tools/fit_noise.py).

Where in a word a slip falls, of which kind it is and what it puts there depend on the letter's class, on whether it is
doubled and on its place in the word; rates by context are learned from Ukrainian texts and English queries and hold, in
these terms, for other alphabets. Ukrainian, of which there are many slips, also has the letters themselves.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from faquarry.robustness.perturb.characters import cased_like
from faquarry.robustness.perturb.choose import Change, choose, shuffled
from faquarry.robustness.perturb.keyboard import neighbours_of
from faquarry.robustness.perturb.learned import learned, pick
from faquarry.robustness.perturb.letters import letters_of
from faquarry.robustness.perturb.marks import wrong_marks
from faquarry.robustness.perturb.operation import Editor, Operation
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.strength import Strength
from faquarry.robustness.perturb.typing import context, letter_class, sounds_like

__all__ = ["OPERATIONS"]

_NEVER = (0.0, 0.0, 0.0, 0.0)


class _Typist:
    """One language's typist: draws slips by context."""

    def __init__(self, language: str) -> None:
        model: dict[str, Any] = learned().get(language) or learned()["any"]
        self._rates: dict[str, list[float]] = model["rates"]
        self._inserted: dict[str, float] = model["inserted"]
        self._related: dict[str, dict[str, float]] = model["related"]
        self._pairs: dict[str, dict[str, float]] = model.get("pairs", {})
        self._put: dict[str, float] = model.get("letters", {})
        self._keys = neighbours_of(language)
        self._marks = wrong_marks(language)
        letters = letters_of(language)
        known = {old: "".join(new for new in others if new in letters) for old, others in sounds_like().items()}
        self._sounds = {old: others for old, others in known.items() if others}
        self._of_class = {name: "".join(x for x in letters if letter_class(x) == name) for name in "VCS"}
        self._rates_at = lru_cache(maxsize=65536)(self._found)

    def edit(self, pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
        weights = pieces.kept.get(self)
        if weights is None:
            weights = pieces.kept[self] = self._weighed(pieces)
        budget = strength.budget(len(pieces.editable))
        places = _by_weight(pieces.editable, weights, draw)
        edits = choose(pieces, places, budget, draw, self._slip)
        return edits or choose(pieces, shuffled(pieces.editable, draw), 1, draw, self._slip)

    def _weighed(self, pieces: Pieces) -> list[float]:
        """How likely a slip is at each editable letter, each with those before it."""
        return list(accumulate(self._until(pieces, place)[3] for place in pieces.editable))

    def _until(self, pieces: Pieces, place: int) -> tuple[float, ...]:
        units, free = pieces.pieces, pieces.free
        previous = units[place - 1] if place - 1 in free else ""
        return self._rates_at(previous, units[place], units[place + 1] if place + 1 in free else "")

    def _slip(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        until = self._until(pieces, place)
        drawn = draw.unit() * until[3]
        kind = 0 if drawn < until[0] else 1 if drawn < until[1] else 2 if drawn < until[2] else 3
        return _KINDS[kind](self, pieces, place, draw)

    def _found(self, previous: str, letter: str, following: str) -> tuple[float, ...]:
        """Rates of the four kinds, each with those before it."""
        return tuple(accumulate(self._rates.get(context(previous, letter, following), _NEVER)))

    def _delete(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        if place - 1 not in pieces.free and place + 1 not in pieces.free:
            return None
        return (place, place + 1, "")

    def _insert(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        units = pieces.pieces
        following = units[place + 1] if place + 1 in pieces.free else ""
        if not following and place + 1 < len(units) and (units[place + 1].isalnum() or units[place + 1] in "@#/"):
            return None
        kind = pick(self._inserted, draw)
        if kind == "double":
            letter = following if following and draw.below(2) else units[place]
        elif self._put:
            letter = pick(self._put, draw)
        else:
            some = self._of_class[kind] or self._of_class["C"]
            letter = some[draw.below(len(some))] if some else units[place]
        capitals = units[place].isupper() and (not following or following.isupper()) and place - 1 in pieces.free
        return (place + 1, place + 1, cased_like(letter, "A") if capitals else letter.lower())

    def _substitute(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        old = pieces.pieces[place]
        small = old.lower()
        seen = self._pairs.get(small)
        if seen is not None:
            return (place, place + 1, cased_like(pick(seen, draw), old))
        how = pick(self._related.get(letter_class(old), {"VV": 1.0}), draw)
        if how == "case":
            new = old.swapcase()
        else:
            tables = {"key": self._keys, "mark": self._marks, "sound": self._sounds}
            some = tables.get(how, {}).get(small, "")
            some = some or self._of_class[how[-1] if how[-1] in "VCS" else letter_class(old)]
            new = cased_like(some[draw.below(len(some))], old) if some else old
        return (place, place + 1, new) if new != old and len(new) == len(old) else None

    def _transpose(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        if place + 1 not in pieces.free:
            return None
        first, second = pieces.pieces[place], pieces.pieces[place + 1]
        return (place, place + 2, second + first) if first != second else None


def _by_weight(places: Sequence[int], weights: Sequence[float], draw: Draw) -> Iterator[int]:
    """Places as often as they weigh, some more than once: three for every place there is."""
    total = weights[-1] if weights else 0.0
    for _ in range(3 * len(places) if total else 0):
        yield places[min(bisect(weights, draw.unit() * total), len(places) - 1)]


_KINDS = (_Typist._delete, _Typist._insert, _Typist._substitute, _Typist._transpose)


def _editor(language: str) -> Editor:
    return _Typist(language).edit


OPERATIONS = (
    Operation(
        "noise",
        "slips of all kinds, as often and where people make them (learned from real misspellings)",
        "the word: these are the slips readers correct without noticing",
        _editor,
        scripts=frozenset({"Latin", "Cyrillic", "Greek", "Armenian", "Georgian"}),
    ),
)
