"""Which texts share a band: found by sorting hashes, a share of all hash values at a time.

A text enters with one entry a band: the band's hash, the text's key (the first 64 bits of its id) and its sketch, by which
most texts that met by chance are told apart at once. Entries are cut into parts by the upper half of the hash, so that
all of a bucket meets in one part, and travel as bytes with the lower half: a few rows a task and not one an entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.dedup.hashing import mixed

__all__ = ["Entries", "Found", "pairs_in_buckets", "parted", "repeated"]

Hashes = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Entries:
    """(hash, key, sketch), one a text and band, in any order. Hashes have 64 bits, or 32 within a part."""

    hashes: npt.NDArray[np.unsignedinteger]  # (entries,)
    keys: Keys  # (entries,)
    sketches: Hashes  # (entries,)

    def __getitem__(self, rows: npt.NDArray[np.generic] | slice) -> Entries:
        return Entries(self.hashes[rows], self.keys[rows], self.sketches[rows])

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """At least one."""
        columns = ("hashes", "keys", "sketches")
        return cls(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


@dataclass(frozen=True)
class Found:
    """Pairs of keys (smaller first, some more than once), and the buckets in which not every pair was taken."""

    pairs: Keys  # (pairs, 2)
    hot: int  # buckets
    crowd: int  # texts in them


def parted(entries: Entries, parts: int) -> Iterator[tuple[int, Entries]]:
    """The entries by part; the part follows from the hash's upper half alone, the lower half goes on."""
    part = ((entries.hashes >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32)).astype(np.uint32)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(parts + 1))
    ordered = entries[order]
    lower = ordered.hashes.astype(np.uint32)
    for number in range(parts):
        inside = slice(bounds[number], bounds[number + 1])
        if inside.start < inside.stop:
            yield number, Entries(lower[inside], ordered.keys[inside], ordered.sketches[inside])


def repeated(entries: Entries) -> Entries:
    """Those whose hash several entries have, sorted by it."""
    order = np.argsort(entries.hashes)
    hashes = entries.hashes[order]
    alike = hashes[1:] == hashes[:-1]
    shared = np.zeros(len(hashes), bool)
    shared[1:] = alike
    shared[:-1] |= alike
    return entries[order[shared]]


def pairs_in_buckets(entries: Entries, cap: int, agreement: int, spread: int = 16) -> Found:
    """Of every bucket of at most `cap` texts the pairs whose sketches agree in `agreement` of 64 bits.

    In a larger (hot) bucket a text meets the `spread` that follow it in a circle only, whose order is a hash of bucket
    and key: another one a bucket, so that what is alike meets in several of the bands it shares. Which pairs come out
    depends on what a bucket holds and on nothing else.
    """
    shared = repeated(entries)
    shared = shared[np.lexsort((shared.keys, shared.hashes))]
    hashes, keys = shared.hashes, shared.keys
    once = np.ones(len(hashes), bool)  # a text may have come twice
    once[1:] = (hashes[1:] != hashes[:-1]) | (keys[1:] != keys[:-1])
    shared = shared[once]
    hashes = shared.hashes
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))[: len(hashes)]
    sizes = np.diff(np.append(starts, len(hashes)))
    rows = [_all_pairs(starts[sizes == size], int(size)) for size in np.unique(sizes[(sizes > 1) & (sizes <= cap)])]
    hot = np.flatnonzero(sizes > cap)
    for bucket in hot:
        first, last = starts[bucket], starts[bucket] + sizes[bucket]
        rows.append(_around(shared.keys[first:last], hashes[first], spread) + first)
    pairs = np.concatenate(rows) if rows else np.zeros((0, 2), np.int64)
    differ = np.bitwise_count(shared.sketches[pairs[:, 0]] ^ shared.sketches[pairs[:, 1]])
    return Found(shared.keys[pairs[differ <= 64 - agreement]], len(hot), int(sizes[hot].sum()))


def _all_pairs(starts: Rows, size: int) -> Rows:
    """Of buckets of one size; their keys are sorted, so the smaller stands first. -> row numbers (pairs, 2)"""
    first, second = np.triu_indices(size, 1)
    return np.stack([(starts[:, None] + first).ravel(), (starts[:, None] + second).ravel()], axis=1)


def _around(keys: Keys, bucket: np.unsignedinteger, spread: int) -> Rows:
    circle = np.argsort(mixed(keys ^ np.uint64(bucket)))
    steps = range(1, min(spread, len(circle) - 1) + 1)
    pairs = np.concatenate([np.stack([circle, np.roll(circle, -step)], axis=1) for step in steps])
    return np.sort(pairs, axis=1)
