"""What an operation is: a name, what it does, where it makes sense, and a function from a text to edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from faquarry.language.scripts import LANGUAGES_OF
from faquarry.robustness.perturb.choose import Propose, choose, shuffled
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.strength import Strength

__all__ = ["BICAMERAL", "UNSPACED", "Editor", "Operation", "grapheme_editor", "scripts_of"]

Editor = Callable[[Pieces, Strength, Draw], list[Edit]]

BICAMERAL = frozenset({"Latin", "Cyrillic", "Greek", "Armenian"})
"""Scripts whose readers tell capitals from small letters (modern Georgian has none in running text)."""

UNSPACED = frozenset({"Han", "Kana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"})
"""Scripts that do not put a space between words."""

# Written mostly or also in Latin letters, whatever else they are written in.
_LATIN_FIRST = frozenset("aze tur uzb tuk bos kur crh msa sna shi tmh".split())
_LATIN_ALSO = frozenset("srp kaz tat mon uig".split())


@dataclass(frozen=True)
class Operation:
    """`editor(language)` gives the function that edits, with that language's resources; it is made once a language.

    `scripts` and `languages` (ISO 639-3) limit where the operation means anything, empty is no limit; in scripts `not_in` it
    means nothing. `unit` is what the budget counts.
    """

    name: str
    does: str
    reads: str
    editor: Callable[[str], Editor]
    scripts: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    not_in: frozenset[str] = frozenset()
    unit: str = "graphemes"

    def applies_to(self, language: str) -> bool:
        """Whether texts of this language can have a place for it; of an unknown language (`und`) any may."""
        if language == "und":
            return True
        if self.languages and language not in self.languages:
            return False
        written = scripts_of(language) - self.not_in
        return bool(written & self.scripts if self.scripts else written)


@lru_cache(maxsize=512)
def scripts_of(language: str) -> frozenset[str]:
    """The scripts a language is written in, as `faquarry.language.scripts` names them ("Kana" is Japanese writing).

    >>> sorted(scripts_of("srp")), sorted(scripts_of("deu")), sorted(scripts_of("jpn"))
    (['Cyrillic', 'Latin'], ['Latin'], ['Han', 'Kana'])
    """
    found = frozenset(script for script, languages in LANGUAGES_OF.items() if language in languages)
    if language in _LATIN_FIRST:
        return frozenset({"Latin"}) if language != "bos" else found | {"Latin"}
    return found | {"Latin"} if language in _LATIN_ALSO or not found else found


def _everywhere(pieces: Pieces) -> list[int]:
    return pieces.editable


def grapheme_editor(propose: Propose, places: Callable[[Pieces], list[int]] = _everywhere) -> Editor:
    """An editor that proposes a change at one place after the other until the budget of grapheme edits is spent."""

    def edit(pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
        found = pieces.kept.get(places)
        if found is None:
            found = pieces.kept[places] = places(pieces)
        return choose(pieces, shuffled(found, draw), strength.budget(len(pieces.editable)), draw, propose)

    return edit
