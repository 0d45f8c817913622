"""Texts to subwords of the small encoder, by whitespace-separated words, each of which is looked up once.

The encoder's tokeniser never joins what a space parts, so the subwords of a text are those of its words, one after the other;
a word that was seen before costs a look-up instead of a search, which is ten times as fast. Punctuation is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["MOST_QUERY", "MOST_TEXT", "Texts", "Words", "flat"]

Ints = npt.NDArray[np.int32]

MOST_QUERY, MOST_TEXT = 48, 256
"""Subwords of a question and of a text that are looked at."""

_KEPT = 200_000  # words
_TEXTS = 30_000  # some tens of megabytes
_WIDEST = 32  # characters of a text that are looked at, for each subword
_LONG = 24  # letters; longer ones are mostly sentences of scripts without spaces, and hardly come again


class Words(dict[str, bytes]):
    """Words -> their subwords, as the bytes of int32 numbers; filled as words come."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._spoken: dict[int, bool] = {}

    def __missing__(self, word: str) -> bytes:
        ids = self._tokenizer.encode_batch_fast([word], add_special_tokens=False)[0].ids
        found = np.array([number for number in ids if self._is_spoken(number)], np.int32).tobytes()
        if len(word) <= _LONG:
            if len(self) >= _KEPT:
                self.clear()
            self[word] = found
        return found

    def ids(self, text: str, most: int) -> Ints:
        """The first `most` subwords of a text."""
        words = text[: most * _WIDEST].split(None, most)[:most]
        return np.frombuffer(b"".join(map(self.__getitem__, words)), np.int32)[:most]

    def _is_spoken(self, number: int) -> bool:
        """Whether a subword is more than punctuation."""
        found = self._spoken.get(number)
        if found is None:
            piece = (self._tokenizer.id_to_token(number) or "").replace("▁", "")
            found = any(unicodedata.category(character)[0] not in "PSZC" for character in piece)
            self._spoken[number] = found
        return found


class Texts(dict[str, Ints]):
    """Texts -> their subwords; the last ones stay, as a text is a candidate of many questions."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, text: str) -> Ints:
        found = self._words.ids(text, MOST_TEXT)
        if len(self) >= _TEXTS:
            self.clear()
        self[text] = found
        return found


def flat(texts: Iterable[Ints]) -> tuple[Ints, npt.NDArray[np.int64]]:
    """Subwords of several texts in a row, and where each begins (one more than texts)."""
    parts = list(texts)
    starts = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    return (np.concatenate(parts) if parts else np.zeros(0, np.int32)).astype(np.int32), starts
