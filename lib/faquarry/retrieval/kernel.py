"""The inner loop of BM25, compiled: add up postings, keep the best k.

Apart from everything else, so that numba is imported only by who searches.
"""

from __future__ import annotations

import numpy as np

from faquarry.compiled import compiled

__all__ = ["merge", "search"]

DENSE = 8  # a query with an eighth as many postings as documents, or more, is summed without looking
STRETCH = 64  # documents whose highest score is looked at first


@compiled
def _worse(score_a, doc_a, score_b, doc_b):  # type: ignore[no-untyped-def]
    """Whether a ranks behind b: by score, then by number."""
    return score_a < score_b or (score_a == score_b and doc_a > doc_b)


@compiled
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


@compiled
def _offer(scores, docs, size, score, document):  # type: ignore[no-untyped-def]
    """Takes a document among the best if it is one of them. -> how many these are now; a heap as soon as there is no room."""
    room = len(scores)
    if size < room:
        scores[size], docs[size] = score, document
        size += 1
        if size == room:
            for root in range(room // 2, -1, -1):
                _sink(scores, docs, root, room)
    elif _worse(scores[0], docs[0], score, document):
        scores[0], docs[0] = score, document
        _sink(scores, docs, 0, room)
    return size


@compiled
def search(indptr, postings, impacts, terms, idf, starts, least, documents, k):  # type: ignore[no-untyped-def]
    """The best k documents of every query.

    indptr (terms + 1,), postings (n,) document numbers and impacts (n,) of one block; terms and idf: the term numbers of all
    queries in a row with their weights, query q being terms[starts[q]:starts[q + 1]]; documents that score less than `least`
    (queries,) are not wanted. -> documents (queries, k), -1 where fewer match, and scores (queries, k), best first; equal
    scores by document number. A score is summed in the order of the query's terms, so that a document has the same one in
    every block it could stand in.
    """
    queries = len(starts) - 1
    found = np.full((queries, k), -1, dtype=np.int32)
    found_scores = np.zeros((queries, k), dtype=np.float32)
    sums = np.zeros(documents, dtype=np.float32)
    bits = sums.view(np.int32)
    touched = np.empty(documents, dtype=np.int32)
    for query in range(queries):
        first, last = starts[query], starts[query + 1]
        heap_scores, heap_docs = found_scores[query], found[query]
        size = 0
        most = 0
        for place in range(first, last):
            most += indptr[terms[place] + 1] - indptr[terms[place]]
        # Few postings: remember which documents they touch. Many: adding is all that is done to each, and a sweep over the
        # block finds the scores.
        count = 0
        if most * DENSE < documents:
            for place in range(first, last):
                term, weight = terms[place], idf[place]
                for at in range(indptr[term], indptr[term + 1]):
                    document = postings[at]
                    if sums[document] == 0.0:
                        touched[count] = document
                        count += 1
                    sums[document] += weight * impacts[at]
        else:
            for place in range(first, last):
                term, weight = terms[place], idf[place]
                for at in range(indptr[term], indptr[term + 1]):
                    sums[np.uintp(postings[at])] += weight * impacts[at]  # unsigned: no test for an index from the end
            # Scores are compared as the integers that their bits are: in that form the compiler takes many at once.
            bar = max(np.int64(least[query : query + 1].view(np.int32)[0]) - 1, 0)
            for start in range(0, documents, STRETCH):
                stop = min(start + STRETCH, documents)
                highest = np.int32(0)
                for document in range(start, stop):
                    highest = max(highest, bits[document])
                if highest <= bar:  # type: ignore[operator]
                    continue
                for document in range(start, stop):
                    if bits[document] > bar:
                        size = _offer(heap_scores, heap_docs, size, sums[document], document)
                        if size == k:
                            bar = np.int64(heap_scores[:1].view(np.int32)[0])
            sums[:] = 0.0
        for at in range(count):
            document = touched[at]
            score = sums[document]
            sums[document] = 0.0
            if score >= least[query]:
                size = _offer(heap_scores, heap_docs, size, score, document)
        if size < k:
            for root in range(size // 2, -1, -1):
                _sink(heap_scores, heap_docs, root, size)
        for end in range(size - 1, 0, -1):  # the heap's root is its worst: sort it away to the end
            heap_scores[0], heap_scores[end] = heap_scores[end], heap_scores[0]
            heap_docs[0], heap_docs[end] = heap_docs[end], heap_docs[0]
            _sink(heap_scores, heap_docs, 0, end)
    return found, found_scores


@compiled
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
