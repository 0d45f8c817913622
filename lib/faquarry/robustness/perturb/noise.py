"""Human noise: slips drawn as people make them, by a model fitted on real misspellings (tools/fit_noise.py).

Where in a word a slip falls, of which kind it is and what it puts there depend on the letter's class, on whether it is
doubled and on its place in the word; rates by context are learned from Ukrainian texts and English queries and hold, in
these terms, for other alphabets. Ukrainian, of which there are many slips, also has the letters themselves.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

from faquarry.robustness.perturb.characters import cased_like
from faquarry.robustness.perturb.choose import Change, choose
from faquarry.robustness.perturb.keyboard import neighbours_of
from faquarry.robustness.perturb.learned import Shares, learned
from faquarry.robustness.perturb.letters import letters_of
from faquarry.robustness.perturb.marks import wrong_marks
from faquarry.robustness.perturb.operation import Editor, Operation
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.slips import context, letter_class, sounds_like
from faquarry.robustness.perturb.strength import Strength

__all__ = ["OPERATIONS"]

Rates = tuple[float, ...]
_NEVER: Rates = (0.0, 0.0, 0.0, 0.0)


class _Known(dict[str, Rates]):
    """Rates at the middle one of three characters, found once for each three."""

    def __init__(self, by_context: dict[str, list[float]]) -> None:
        super().__init__()
        self._by_context = by_context

    def __missing__(self, three: str) -> Rates:
        previous, letter, following = (one if one.isalpha() else "" for one in three)
        rates = self._by_context.get(context(previous, letter, following), _NEVER) if letter else _NEVER
        if len(self) > 1 << 18:  # of many scripts and long runs; starts anew
            self.clear()
        found = self[three] = tuple(accumulate(rates))
        return found


class _Typist:
    """One language's typist: draws slips by context."""

    def __init__(self, language: str) -> None:
        model: dict[str, Any] = learned().get(language) or learned()["any"]
        self._rates = _Known(model["rates"])
        self._inserted = Shares(model["inserted"])
        self._related = {name: Shares(shares) for name, shares in model["related"].items()}
        self._pairs = {old: Shares(shares) for old, shares in model.get("pairs", {}).items()}
        self._put = Shares(model["letters"]) if "letters" in model else None
        self._keys = neighbours_of(language)
        self._marks = wrong_marks(language)
        letters = letters_of(language)
        known = {old: "".join(new for new in others if new in letters) for old, others in sounds_like().items()}
        self._sounds = {old: others for old, others in known.items() if others}
        self._of_class = {name: "".join(x for x in letters if letter_class(x) == name) for name in "VCS"}

    def edit(self, pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
        if self not in pieces.kept:
            rates = self._rates_of(pieces)
            pieces.kept[self] = rates, list(accumulate(map(itemgetter(3), rates)))
        rates, weights = pieces.kept[self]

        def slip(pieces: Pieces, place: int, draw: Draw) -> Change | None:
            if place not in pieces.free:
                return None  # a letter of an address
            until = rates[place]
            drawn = draw.unit() * until[3]
            kind = 0 if drawn < until[0] else 1 if drawn < until[1] else 2 if drawn < until[2] else 3
            return _KINDS[kind](self, pieces, place, draw)

        return choose(pieces, _by_weight(weights, draw), strength.budget(len(pieces.editable)), draw, slip)

    def _rates_of(self, pieces: Pieces) -> list[Rates]:
        """Of every piece, the rates of the four kinds, each with those before it; of what is no letter, none."""
        bases = pieces.text if pieces.simple else "".join(piece[0] for piece in pieces.pieces)
        padded, known = f" {bases} ", self._rates
        return [known[padded[at : at + 3]] for at in range(len(bases))]

    def _delete(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        if place - 1 not in pieces.free and place + 1 not in pieces.free:
            return None
        return (place, place + 1, "")

    def _insert(self, pieces: Pieces, place: int, draw: Draw) -> Change | None:
        units = pieces.pieces
        following = units[place + 1] if place + 1 in pieces.free else ""
        if not following and place + 1 < len(units) and (units[place + 1].isalnum() or units[place + 1] in "@#/"):
            return None
        kind = self._inserted.draw(draw)
        if kind == "double":
            letter = following if following and draw.below(2) else units[place]
        elif self._put is not None:
            letter = self._put.draw(draw)
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
            return (place, place + 1, cased_like(seen.draw(draw), old))
        how = self._related[letter_class(old)].draw(draw)
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


def _by_weight(weights: Sequence[float], draw: Draw) -> Iterator[int]:
    """Places as often as they weigh (`weights` are sums up to each), some more than once; three draws for each there is."""
    total = weights[-1]
    for _ in range(3 * len(weights) if total else 0):
        yield min(bisect(weights, draw.unit() * total), len(weights) - 1)


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
