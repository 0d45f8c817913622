"""The small scorer, loaded: texts to subwords, subwords to features, features to a calibrated number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.vectors import small
from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.small.files import read_meta, weights_path
from faquarry.vectors.scoring.small.tokens import MOST_QUERY, Texts, Words, flat
from faquarry.vectors.scoring.small.weights import Subwords, Tables, Weights, tables
from faquarry.vectors.small.files import read_table, read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Matched", "Reader", "SmallScorer"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Reader:
    """What is common to all small scorers, and to their training: subwords, and features of pairs of them."""

    def __init__(self, tokenizer: Tokenizer, subwords: Subwords) -> None:
        self.tokenizer, self.subwords = tokenizer, subwords
        self.words = Words(tokenizer)
        self.answers = Texts(self.words)

    @classmethod
    def read(cls) -> Reader:
        """Over the packaged encoder."""
        folder = Path(small.info().folder or "")
        return cls(read_tokenizer(folder), Subwords.of(read_table(folder)))

    @cached_property
    def digits(self) -> npt.NDArray[np.bool_]:
        """Which subwords are numbers. -> (subwords,)"""
        pieces = map(self.tokenizer.id_to_token, range(len(self.subwords.codes)))
        return np.array([(piece or "").lstrip("▁").isdigit() for piece in pieces])

    def matched(self, queries: Sequence[str], texts: Sequence[str]) -> Matched:
        """Subwords of question i and text i; what stands there twice is cut up once."""
        asked, told = dict.fromkeys(queries), dict.fromkeys(texts)
        numbers = [{text: place for place, text in enumerate(side)} for side in (asked, told)]
        return Matched(
            *flat(self.words.ids(text, MOST_QUERY) for text in asked),
            *flat(map(self.answers.__getitem__, told)),
            np.fromiter((numbers[0][text] for text in queries), np.int64, len(queries)),
            np.fromiter((numbers[1][text] for text in texts), np.int64, len(texts)),
        )

    def features(self, pairs: Matched, tables: Tables, split: int) -> Floats:
        """-> (pairs, features), as `faquarry.vectors.scoring.small.kernel.features` orders them"""
        from faquarry.vectors.scoring.small import kernel

        found: Floats = kernel.features(
            *pairs.arrays,
            *(self.subwords.codes, self.subwords.lengths, self.subwords.inverse),
            *(tables.asked, tables.told, tables.ask_gate, tables.tell_gate, tables.scale),
            split,
            self.digits,
        )
        return found


class Matched:
    """Pairs of questions and texts in subwords: those of all questions in a row, of all texts, and which go together."""

    def __init__(
        self,
        queries: npt.NDArray[np.int32],
        query_starts: Ints,
        texts: npt.NDArray[np.int32],
        text_starts: Ints,
        pair_query: Ints,
        pair_text: Ints,
    ) -> None:
        self.arrays = queries, query_starts, texts, text_starts, pair_query, pair_text

    @property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Subwords of each pair. -> (pairs,)"""
        _, query_starts, _, text_starts, pair_query, pair_text = self.arrays
        found: npt.NDArray[np.int32] = np.diff(query_starts)[pair_query] + np.diff(text_starts)[pair_text]
        return found.astype(np.int32)

    def some(self, rows: npt.NDArray[np.intp]) -> Matched:
        """Pairs `rows` alone."""
        queries, query_starts, texts, text_starts, pair_query, pair_text = self.arrays
        return Matched(queries, query_starts, texts, text_starts, pair_query[rows], pair_text[rows])


class SmallScorer:
    """A loaded small scorer (`faquarry.vectors.scoring.model.Scorer`)."""

    def __init__(self, info: ScorerInfo, reader: Reader, weights: Weights) -> None:
        self.info, self.reader, self.weights = info, reader, weights
        self._tables = tables(weights, reader.subwords)

    @classmethod
    def read(cls, info: ScorerInfo) -> SmallScorer:
        folder = Path(info.folder or "")
        read_meta(folder)
        return cls(info, Reader.read(), Weights.read(weights_path(folder)))

    def score(self, queries: Sequence[str], texts: Sequence[str]) -> Floats:
        """How well text i answers query i. -> (n,)"""
        return self.scores(self.reader.matched(queries, texts))

    def tokenise(self, queries: Sequence[str], texts: Sequence[str]) -> _Pairs:
        return _Pairs(self, self.reader.matched(queries, texts))

    def scores(self, pairs: Matched) -> Floats:
        """-> (pairs,); a pair's score is the same to the bit, whatever is scored beside it"""
        found = self.logits(pairs)
        slope, bias = self.weights.platt
        found = slope * found + bias
        if self.info.activation == "sigmoid":
            found = 0.5 * (1 + np.tanh(0.5 * found))
        scores: Floats = found.astype(np.float32)
        return scores

    def logits(self, pairs: Matched) -> npt.NDArray[np.float64]:
        """What the network says, before calibration. -> (pairs,)"""
        from faquarry.vectors.scoring.small import kernel

        w = self.weights
        told = self.reader.features(pairs, self._tables, int(w.split[0]))
        network: Any = (w.mean, w.deviation, w.hidden, w.hidden_bias, w.out, w.straight)
        found: npt.NDArray[np.float64] = kernel.logits(told, *network)
        return found


class _Pairs:
    """Tokens of the pairs (`faquarry.vectors.model.Tokenised`)."""

    pads = False

    def __init__(self, scorer: SmallScorer, pairs: Matched) -> None:
        self._scorer, self._pairs = scorer, pairs
        self.lengths = pairs.lengths

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], Floats]:
        return lambda: self._scorer.scores(self._pairs.some(rows))[:, None]
