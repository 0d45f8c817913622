"""BM25 with Lucene's formula, whose scores do not depend on how the corpus is cut into blocks.

    score(q, d) = sum over terms t of q:  ln(1 + (N - n_t + 0.5) / (n_t + 0.5)) * f / (f + k1 * (1 - b + b * |d| / avgdl))

N, n_t and avgdl are `Statistics` of the whole language and handed to every `Block`; a block alone never knows better. So a
search over one block and over seventeen gives the same documents with the same scores, bit for bit.
Source: Robertson and Zaragoza 2009 in the form of Lucene's BM25Similarity (no factor k1 + 1); Kamphuis et al. 2020.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faquarry.retrieval.analyzer import Analyzer, analyzer

__all__ = ["BM25", "Block", "Statistics", "WeightedTerms"]

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
WeightedTerms = tuple[Sequence[str], Sequence[float]]
"""The terms of a query, repeats included, and the idf of each."""


@dataclass(frozen=True)
class Statistics:
    """What BM25 must know of a whole corpus: documents, tokens, and in how many documents each term stands."""

    documents: int = 0
    tokens: int = 0
    frequencies: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Statistics:
        """Counts analyzed texts.

        >>> Statistics.of([["a", "b", "a"], ["b"]])
        Statistics(documents=2, tokens=4, frequencies=Counter({'b': 2, 'a': 1}))
        """
        documents = tokens = 0
        frequencies: Counter[str] = Counter()
        for text in texts:
            documents += 1
            tokens += len(text)
            frequencies.update(set(text))
        return cls(documents, tokens, frequencies)

    def __add__(self, other: Statistics) -> Statistics:
        """Of two parts together; the order does not matter."""
        return Statistics(
            self.documents + other.documents, self.tokens + other.tokens, self.frequencies + other.frequencies
        )

    @property
    def average_length(self) -> float:
        return self.tokens / self.documents if self.documents else 0.0

    def idf(self, term: str) -> float:
        """ln(1 + (N - n + 0.5) / (n + 0.5))."""
        found = self.frequencies[term]
        return float(np.log1p((self.documents - found + 0.5) / (found + 0.5)))


@dataclass(frozen=True, eq=False)
class Block:
    """The postings of a part of the corpus: counts only, so that it stays good when the statistics grow.

    terms: term -> number; indptr (terms + 1,); postings (n,) document numbers, ascending within a term; counts (n,) how often
    the term stands there; lengths (documents,) in tokens.
    """

    terms: dict[str, int]
    indptr: npt.NDArray[np.int64]
    postings: Ints
    counts: npt.NDArray[np.uint16]
    lengths: Ints

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Block:
        """Indexes analyzed texts; their place is their number."""
        terms: dict[str, int] = {}
        numbers: list[int] = []
        lengths: list[int] = []
        for text in texts:
            lengths.append(len(text))
            numbers += [terms.setdefault(token, len(terms)) for token in text]
        sizes = np.array(lengths, dtype=np.int64)
        document = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        keys, counts = np.unique(np.array(numbers, dtype=np.int64) * max(1, len(sizes)) + document, return_counts=True)
        term, postings = np.divmod(keys, max(1, len(sizes)))
        indptr = np.searchsorted(term, np.arange(len(terms) + 1))
        return cls(
            terms,
            indptr.astype(np.int64),
            postings.astype(np.int32),
            np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16),
            sizes.astype(np.int32),
        )

    @property
    def documents(self) -> int:
        return len(self.lengths)

    def impacts(self, average_length: float, k1: float, b: float) -> Floats:
        """f / (f + k1 * (1 - b + b * |d| / avgdl)) of each posting. -> (n,)"""
        norm = k1 * (1 - b + b * self.lengths / max(average_length, 1e-9))
        return (self.counts / (self.counts + norm[self.postings])).astype(np.float32)

    def search(
        self, impacts: Floats, queries: Sequence[WeightedTerms], k: int, least: Floats | None = None
    ) -> tuple[Ints, Floats]:
        """The best k documents of every query; none that score less than `least` (queries,), if that is given.

        Returns:
            numbers (queries, k), -1 where fewer match, and scores (queries, k), best first.
        """
        from faquarry.retrieval.kernel import search

        known = [
            [
                (number, weight)
                for term, weight in zip(*query, strict=True)
                if (number := self.terms.get(term)) is not None
            ]
            for query in queries
        ]
        starts = np.zeros(len(known) + 1, dtype=np.int64)
        np.cumsum([len(query) for query in known], out=starts[1:])
        terms = np.array([number for query in known for number, _ in query], dtype=np.int64)
        idf = np.array([weight for query in known for _, weight in query], dtype=np.float32)
        if least is None:
            least = np.zeros(len(queries), dtype=np.float32)
        found: tuple[Ints, Floats] = search(
            self.indptr, self.postings, impacts, terms, idf, starts, least, self.documents, k
        )
        return found


class BM25:
    """A searchable corpus in memory.

    >>> index = BM25(["How deep is a quarry?", "What is marble?", "Who cuts stone?"], "eng")
    >>> numbers, scores = index.search(["deep quarries"], k=2)
    >>> numbers.tolist(), [f"{score:.3f}" for score in scores[0]]
    ([[0, -1]], ['0.966', '0.000'])
    """

    def __init__(
        self,
        texts: Sequence[str],
        language: str = "eng",
        *,
        k1: float = 0.9,
        b: float = 0.4,
        analyzer_: Analyzer | None = None,
    ) -> None:
        self.analyzer = analyzer_ or analyzer(language)
        self.k1, self.b = k1, b
        analyzed = [self.analyzer.tokens(text) for text in texts]
        self.statistics = Statistics.of(analyzed)
        self.block = Block.of(analyzed)

    @cached_property
    def _impacts(self) -> Floats:
        return self.block.impacts(self.statistics.average_length, self.k1, self.b)

    def search(self, queries: Sequence[str], k: int = 10) -> tuple[Ints, Floats]:
        """The best k texts of every query. -> numbers (queries, k), -1 where fewer match; scores (queries, k), best first.

        Equal scores are in the order of the texts.
        """
        analyzed = [self.analyzer.tokens(query) for query in queries]
        weighted = [(terms, [self.statistics.idf(term) for term in terms]) for terms in analyzed]
        return self.block.search(self._impacts, weighted, k)
