"""Letters that look the same and are not: what scanned text, mixed keyboards and people who hide words leave behind.

A reader sees no difference; a program sees a letter of another script. The pairs are written down here: those that print
alike in common typefaces, not the thousands of Unicode's confusables list, most of which nobody types.
"""

from __future__ import annotations

from functools import lru_cache

from faquarry.robustness.perturb.choose import Change
from faquarry.robustness.perturb.operation import Editor, Operation, grapheme_editor
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw

__all__ = ["OPERATIONS"]

_ALIKE = """
aа cс eе iі jј oоοօ pрρ sѕ xх yу hһ vν qԛ wԝ lӏ
AАΑ BВΒ CС EЕΕ HНΗ IІΙ JЈ KКΚ MМΜ NΝ OОΟ PРΡ SЅ TТΤ XХΧ YΥҮ ZΖ
ОΟ РΡ АΑ ВΒ ЕΕ НΗ КΚ МΜ ТΤ ХΧ
оo сc еe аa рp хx уy іi јj ѕs
كک يی هہ ىی
力カ 口ロ 二ニ 工エ 夕タ 八ハ 一ー 卜ト 千チ 才オ
へヘ べベ ぺペ りリ
""".split()


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    """Each letter and those that look like it."""
    found: dict[str, str] = {}
    for group in _ALIKE:
        for letter in dict.fromkeys(group):
            others = [other for other in dict.fromkeys(group) if other != letter]
            if others and len(letter) == 1:
                found[letter] = "".join(dict.fromkeys(found.get(letter, "") + "".join(others)))
    return found


def _editor(language: str) -> Editor:
    table = _table()

    def places(pieces: Pieces) -> list[int]:
        units = pieces.pieces
        return [i for i in pieces.editable if units[i] in table]

    def disguise(pieces: Pieces, place: int, draw: Draw) -> Change | None:
        alike = table[pieces.pieces[place]]
        return (place, place + 1, alike[draw.below(len(alike))])

    return grapheme_editor(disguise, places)


OPERATIONS = (
    Operation(
        "homoglyph",
        "replaces letters by letters of another script that look the same (Latin a, Cyrillic а)",
        "the same text: the eye sees no difference",
        _editor,
        scripts=frozenset({"Latin", "Cyrillic", "Greek", "Armenian", "Arabic", "Kana", "Han"}),
    ),
)
