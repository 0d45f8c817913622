"""Slips that any script knows: a letter too few, too many, another, two in the wrong order, a space, a capital."""

from __future__ import annotations

from functools import lru_cache

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.letters import letters_of
from faquarry.robustness.perturb.operation import BICAMERAL, UNSPACED, Editor, Operation, grapheme_editor
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.strength import Strength

__all__ = ["OPERATIONS", "cased_like"]


def cased_like(letter: str, model: str) -> str:
    """The letter as a capital when the model is one and it has one capital.

    >>> cased_like("s", "A"), cased_like("ß", "A"), cased_like("ก", "A")
    ('S', 'ß', 'ก')
    """
    upper = letter.upper() if model.isupper() else letter
    return upper if len(upper) == 1 else letter


def _delete(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    if place - 1 not in pieces.free and place + 1 not in pieces.free:
        return None  # a word of one letter would leave two spaces
    return (place, place + 1, "")


def _swap(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    if place + 1 not in pieces.free:
        return None
    first, second = pieces.pieces[place], pieces.pieces[place + 1]
    if first == second or first.isupper() != second.isupper():
        return None
    return (place, place + 2, second + first)


def _drawn(pieces: Pieces, letters: str, draw: Draw) -> str:
    """A letter of the language; without such a list, one that the text has."""
    if letters:
        return letters[draw.below(len(letters))]
    return pieces.pieces[pieces.editable[draw.below(len(pieces.editable))]]


def _inserter(language: str) -> Editor:
    letters = letters_of(language)

    def insert(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        after = draw.below(2)
        other = place + 1 if after else place - 1
        units = pieces.pieces
        capital = units[place].isupper()
        if other in pieces.free:
            capital = capital and units[other].isupper()
        elif 0 <= other < len(units) and (units[other].isalnum() or units[other] in "@#/"):
            return None  # beside a number or an address
        letter = _drawn(pieces, letters, draw)
        return (place + after, place + after, cased_like(letter, "A") if capital else letter)

    return grapheme_editor(insert)


def _substituter(language: str) -> Editor:
    letters = letters_of(language)

    def substitute(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        old = pieces.pieces[place]
        letter = cased_like(_drawn(pieces, letters, draw), old[0])
        new = letter + old[1:] if letters else letter  # signs on the letter stay
        return (place, place + 1, new) if new != old else None

    return grapheme_editor(substitute)


_DOTTED = str.maketrans("iİıI", "İiIı")


@lru_cache(maxsize=8192)
def _other_case(letter: str, dotted: bool) -> str:
    """The letter in the other case, "" where there is none of the same length; `dotted` as Turkish pairs i and İ, ı and I.

    >>> _other_case("i", False), _other_case("i", True), _other_case("ß", False)
    ('I', 'İ', '')
    """
    other = letter.translate(_DOTTED) if dotted and letter in "iİıI" else letter.swapcase()
    return other if other != letter and len(other) == len(letter) else ""


def _recaser(language: str) -> Editor:
    dotted = language in ("tur", "aze")

    def places(pieces: Pieces) -> list[int]:
        units = pieces.pieces
        return [i for i in pieces.editable if _other_case(units[i], dotted)]

    return grapheme_editor(lambda pieces, at, draw: (at, at + 1, _other_case(pieces.pieces[at], dotted)), places)


def _merge(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    return (place, place + 1, "")


def _split(pieces: Pieces, place: int, draw: Draw) -> Change | None:
    return (place, place, " ")


def _gaps(pieces: Pieces) -> list[int]:
    free, units = pieces.free, pieces.pieces
    return [i for i in range(1, len(units) - 1) if units[i] == " " and i - 1 in free and i + 1 in free]


def _seams(pieces: Pieces) -> list[int]:
    free = pieces.free
    return [i for i in pieces.editable if i - 1 in free]


_merged, _parted = grapheme_editor(_merge, _gaps), grapheme_editor(_split, _seams)


def _respaced(pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
    """Spaces lost in one half of the texts, spaces gained in the other; the other kind where one is not possible."""
    first, second = (_merged, _parted) if draw.below(2) else (_parted, _merged)
    return first(pieces, strength, draw) or second(pieces, strength, draw)


OPERATIONS = (
    Operation(
        "delete",
        "leaves letters out",
        "the word, with a letter missing; short words can become other words",
        lambda language: grapheme_editor(_delete),
    ),
    Operation(
        "insert",
        "puts in letters of the language, drawn evenly",
        "the word, with a letter too many; rarely a slip of a hand, as any letter may come",
        _inserter,
    ),
    Operation(
        "substitute",
        "replaces letters by others of the language, drawn evenly",
        "the word if it is long; in Chinese and Japanese a character is often a word, and its sense is lost",
        _substituter,
    ),
    Operation(
        "swap",
        "exchanges two neighbouring letters within a word",
        "the word, at a glance; in Chinese and Korean whole syllables change places",
        lambda language: grapheme_editor(_swap),
    ),
    Operation(
        "case",
        "makes capitals small and small letters capitals",
        "the same text",
        _recaser,
        scripts=BICAMERAL,
    ),
    Operation(
        "whitespace",
        "joins words, or breaks words in two",
        "the same text, more slowly",
        lambda language: _respaced,
        not_in=UNSPACED,
    ),
)
