"""Texts as folded characters: what two texts are compared by, with case, width, punctuation and spacing taken out.

A batch of texts becomes one array of codes, one a character, so that everything after it is arithmetic on arrays. A code
of 0 separates words. A character of a script that is written without spaces between words carries the flag `UNSPACED`.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.text.scripts import script_of

__all__ = ["UNSPACED", "fold_table", "folded"]

UNSPACED = np.uint32(1 << 24)
_IGNORED = np.uint32(1 << 25)

_UNSPACED_SCRIPTS = frozenset(
    "Han Hiragana Katakana Bopomofo Yi Thai Lao Khmer Myanmar Javanese Balinese Tai_Le New_Tai_Lue Tai_Tham".split()
)
# Signs that tell one question from another: C++ from C#, 5% from 5, R&D from R D.
_SIGNS = frozenset("#%&@")
_LAST = 0x40000  # beyond it stands nothing that is part of a word

Codes = npt.NDArray[np.uint32]
Starts = npt.NDArray[np.int64]


@cache
def fold_table() -> Codes:
    """What every character is folded to: NFKC and lower case where that is one character. -> (0x40001,), 50 ms.

    Letters, marks, digits, currency and mathematical signs are kept, all else separates words; characters that nobody
    sees (soft hyphen, joiners, variation selectors) are marked, to be left out.
    """
    table = np.zeros(_LAST + 1, np.uint32)
    table[0x20000:_LAST] = np.arange(0x20000, _LAST, dtype=np.uint32) | UNSPACED
    for point in chain(range(0xD800), range(0xE000, 0x20000)):
        character = chr(point)
        category = unicodedata.category(character)
        if category == "Cf" or 0xFE00 <= point <= 0xFE0F:
            table[point] = _IGNORED
        elif category[0] in "LMN" or category in ("Sm", "Sc") or character in _SIGNS:
            plain = unicodedata.normalize("NFKC", character)
            lower = plain.casefold()
            shown = next((text for text in (lower, plain.lower(), plain) if len(text) == 1), character)
            table[point] = ord(shown) | (UNSPACED if script_of(shown) in _UNSPACED_SCRIPTS else 0)
    table.setflags(write=False)
    return table


def folded(texts: pa.Array) -> tuple[Codes, Starts]:
    """The codes of all texts, one after the other with a 0 behind each, and where each starts.

    -> codes (characters,), starts (texts + 1,): text i is ``codes[starts[i]:starts[i + 1]]``.

    >>> codes, starts = folded(pa.array(["Don't!", "ＤＯＮ　Ｔ"]))
    >>> "".join(chr(code) if code else " " for code in codes), starts.tolist()
    ('don t  don t ', [0, 7, 13])
    """
    ended = pc.binary_join_element_wise(pc.fill_null(texts, ""), "", "\n")
    lengths = pc.utf8_length(ended).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    first, last = (ended.offset, ended.offset + len(ended)) if len(ended) else (0, 0)
    offsets = np.frombuffer(ended.buffers()[1], np.int32) if len(ended) else np.zeros(1, np.int32)
    data = memoryview(ended.buffers()[2] or b"")[offsets[first] : offsets[last]]
    points = np.frombuffer(str(data, "utf-8").encode("utf-32-le"), np.uint32)
    codes = fold_table().take(points, mode="clip")
    ignored = codes == _IGNORED
    if ignored.any():
        gone = np.concatenate([[0], np.cumsum(ignored)])
        codes, starts = codes[~ignored], starts - gone[starts]
    return codes, starts
