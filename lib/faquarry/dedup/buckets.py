"""Which texts share a band: found by sorting hashes, a share of all hash values at a time.

A text enters with one entry a band: the band's hash and the text's key (the first 64 bits of its id). Entries are cut into
parts by hash, so that all of a bucket meets in one part, and travel as bytes: a few rows a task and not one an entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.dedup.hashing import mixed

__all__ = ["Entries", "Found", "pairs_in_buckets", "parted", "repeated"]

Hashes = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Entries:
    """(hash, key), one a text and band, in any order."""

    hashes: Hashes  # (entries,)
    keys: Keys  # (entries,)

    @classmethod
    def joined(cls, parts: list[Entries]) -> Entries:
        if not parts:
            return cls(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
        return cls(np.concatenate([part.hashes for part in parts]), np.concatenate([part.keys for part in parts]))


@dataclass(frozen=True)
class Found:
    """Pairs of keys (smaller first, some more than once), and the buckets in which not every pair was taken."""

    pairs: Keys  # (pairs, 2)
    hot: Hashes  # (hot buckets,)
    crowd: int  # texts in them


def parted(entries: Entries, parts: int) -> Iterator[tuple[int, Entries]]:
    """The entries by part; the part follows from the hash alone."""
    part = _part_of(entries.hashes, parts)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(parts + 1))
    hashes, keys = entries.hashes[order], entries.keys[order]
    for number in range(parts):
        first, last = bounds[number], bounds[number + 1]
        if last > first:
            yield number, Entries(hashes[first:last], keys[first:last])


def repeated(entries: Entries) -> Entries:
    """Those whose hash several entries have, sorted."""
    order = np.argsort(entries.hashes)
    hashes = entries.hashes[order]
    alike = hashes[1:] == hashes[:-1]
    shared = np.zeros(len(hashes), bool)
    shared[1:] = alike
    shared[:-1] |= alike
    return Entries(hashes[shared], entries.keys[order][shared])


def pairs_in_buckets(entries: Entries, cap: int, spread: int = 8) -> Found:
    """Every pair of each bucket of at most `cap` texts.

    In a larger (hot) bucket every text is paired with the `spread` that follow it in a circle, whose order is a hash of
    bucket and key: another one a bucket, so that what is alike is paired in several of the bands it shares. Which pairs
    come out depends on what a bucket holds and on nothing else.
    """
    shared = repeated(entries)
    hashes, keys = shared.hashes, shared.keys
    if not len(hashes):
        return Found(np.zeros((0, 2), np.uint64), np.zeros(0, np.uint64), 0)
    order = np.lexsort((keys, hashes))
    hashes, keys = hashes[order], keys[order]
    once = np.ones(len(hashes), bool)  # a text may have come twice
    once[1:] = (hashes[1:] != hashes[:-1]) | (keys[1:] != keys[:-1])
    hashes, keys = hashes[once], keys[once]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    sizes = np.diff(np.append(starts, len(hashes)))
    pairs = [
        _all_pairs(keys, starts[sizes == size], int(size)) for size in np.unique(sizes[(sizes > 1) & (sizes <= cap)])
    ]
    hot = np.flatnonzero(sizes > cap)
    for bucket in hot:
        first, last = starts[bucket], starts[bucket] + sizes[bucket]
        pairs.append(_around(keys[first:last], hashes[first], spread))
    together = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.uint64)
    return Found(together, hashes[starts[hot]], int(sizes[hot].sum()))


def _all_pairs(keys: Keys, starts: npt.NDArray[np.int64], size: int) -> Keys:
    """Of buckets of one size; their keys are sorted, so the smaller stands first. -> (pairs, 2)"""
    first, second = np.triu_indices(size, 1)
    members = keys[starts[:, None] + np.arange(size)]
    return np.stack([members[:, first].ravel(), members[:, second].ravel()], axis=1)


def _around(keys: Keys, bucket: np.uint64, spread: int) -> Keys:
    circle = keys[np.argsort(mixed(keys ^ bucket))]
    steps = range(1, min(spread, len(circle) - 1) + 1)
    pairs = np.concatenate([np.stack([circle, np.roll(circle, -step)], axis=1) for step in steps])
    return np.sort(pairs, axis=1)


def _part_of(hashes: Hashes, parts: int) -> npt.NDArray[np.uint32]:
    return ((hashes >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32)).astype(np.uint32)
