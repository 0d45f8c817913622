"""The inner loop of BM25, compiled: add up postings, keep the best k.

Apart from everything else, so that numba is imported only by who searches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["merge", "search"]


@njit(nogil=True)
def _worse(score_a, doc_a, score_b, doc_b):  # type: ignore[no-untyped-def]
    """Whether a ranks behind b: by score, then by number."""
    return score_a < score_b or (score_a == score_b and doc_a > doc_b)


@njit(nogil=True)
def _sink(scores, docs, place, size):  # type: ignore[no-untyped-def]
    """Restores a heap whose root is its worst, below `place`."""
    while True:
        child = 2 * place + 1
        if child >= size:
            return
        if child + 1 < size and _worse(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if not _worse(scores[child], docs[child], scores[place], docs[place]):
            return
        scores[child], scores[place] = scores[place], scores[child]
        docs[child], docs[place] = docs[place], docs[child]
        place = child


@njit(nogil=True)
def search(indptr, postings, impacts, terms, idf, starts, documents, k):  # type: ignore[no-untyped-def]
    """The best k documents of every query.

    indptr (terms + 1,), postings (n,) document numbers and impacts (n,) of one block; terms and idf: the term numbers of all
    queries in a row with their weights, query q being terms[starts[q]:starts[q + 1]]. -> documents (queries, k), -1 where
    fewer match, and scores (queries, k), best first; equal scores by document number. A score is summed in the order of the
    query's terms, so that a document has the same one in every block it could stand in.
    """
    queries = len(starts) - 1
    found = np.full((queries, k), -1, dtype=np.int32)
    found_scores = np.zeros((queries, k), dtype=np.float32)
    sums = np.zeros(documents, dtype=np.float32)
    touched = np.empty(documents, dtype=np.int32)
    for query in range(queries):
        count = 0
        for place in range(starts[query], starts[query + 1]):
            term, weight = terms[place], idf[place]
            for at in range(indptr[term], indptr[term + 1]):
                document = postings[at]
                if sums[document] == 0.0:
                    touched[count] = document
                    count += 1
                sums[document] += weight * impacts[at]
        heap_scores, heap_docs = found_scores[query], found[query]
        size = 0
        for at in range(count):
            document = touched[at]
            score = sums[document]
            sums[document] = 0.0
            if size < k:
                heap_scores[size], heap_docs[size] = score, document
                size += 1
                if size == k:
                    for root in range(k // 2, -1, -1):
                        _sink(heap_scores, heap_docs, root, k)
            elif _worse(heap_scores[0], heap_docs[0], score, document):
                heap_scores[0], heap_docs[0] = score, document
                _sink(heap_scores, heap_docs, 0, k)
        if size < k:
            for root in range(size // 2, -1, -1):
                _sink(heap_scores, heap_docs, root, size)
        for last in range(size - 1, 0, -1):  # the heap's root is its worst: sort it away to the end
            heap_scores[0], heap_scores[last] = heap_scores[last], heap_scores[0]
            heap_docs[0], heap_docs[last] = heap_docs[last], heap_docs[0]
            _sink(heap_scores, heap_docs, 0, last)
    return found, found_scores


@njit(nogil=True)
def merge(scores, heads, tails, more_scores, more_heads, more_tails):  # type: ignore[no-untyped-def]
    """Takes further hits into the best k of every query, in place.

    Each list is best first: scores (queries, k), 0 where it has ended, and heads and tails (queries, k): the first and the
    last eight bytes of the documents' ids as big-endian numbers. Equal scores stand in the order of ids.
    """
    queries, k = scores.shape
    best = np.empty(k, dtype=scores.dtype)
    head = np.empty(k, dtype=heads.dtype)
    tail = np.empty(k, dtype=tails.dtype)
    for query in range(queries):
        one = two = 0
        for place in range(k):
            mine, other = scores[query, one], more_scores[query, two]
            first = mine > other
            if mine == other:
                first = heads[query, one] < more_heads[query, two] or (
                    heads[query, one] == more_heads[query, two] and tails[query, one] <= more_tails[query, two]
                )
            if first:
                best[place], head[place], tail[place] = mine, heads[query, one], tails[query, one]
                one += 1
            else:
                best[place], head[place], tail[place] = other, more_heads[query, two], more_tails[query, two]
                two += 1
        scores[query], heads[query], tails[query] = best, head, tail
