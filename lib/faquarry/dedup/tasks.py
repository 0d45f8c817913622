"""What a worker does with Arrow batches, step by step; no Spark here, so that every step can be called with a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from faquarry.dedup.buckets import Entries, keys_of_ids, pairs_in_buckets, parted, repeated
from faquarry.dedup.hashing import mixed
from faquarry.dedup.jaccard import near_similarity
from faquarry.dedup.minhash import Bands, band_hashes, signatures
from faquarry.dedup.shingles import normalised, word_shingles

__all__ = ["FOUND", "PARTS", "SCORED", "SIGNED", "cut", "find", "score", "sign", "signed"]

SIGNED = pa.schema([("id", pa.string()), ("place", pa.int64()), ("question", pa.int64()), ("bands", pa.binary())])
PARTS = pa.schema([("part", pa.int32()), ("of", pa.string()), ("hashes", pa.binary()), ("keys", pa.binary())])
FOUND = pa.schema([("what", pa.string()), ("first", pa.int64()), ("second", pa.int64())])
SCORED = pa.schema([("id1", pa.string()), ("id2", pa.string()), ("similarity", pa.float32()), ("asked", pa.float32())])

_SLICE = 2048  # texts whose arrays stay in a core's cache
_FLUSH = 1 << 22  # entries that a task holds before it passes them on
_PAIRS = 1024  # pairs compared at a time


def signed(batch: pa.RecordBatch, bands: Bands) -> pa.RecordBatch:
    """Rows (id, place, question, answer) of qa -> their signatures.

    `question` is a hash of place and normalised question, 0 for a question without words; `bands` is null for a text
    without shingles, else `bands.bands` numbers of 64 bits, little-endian.
    """
    questions, answers = batch.column("question"), batch.column("answer")
    place = batch.column("place").to_numpy(zero_copy_only=False).astype(np.int64)
    asked, told = word_shingles(questions), word_shingles(answers)
    used = bands.bands * bands.rows
    hashes = band_hashes(np.minimum(signatures(asked, used), signatures(told, used)), bands)
    empty = (np.diff(asked.starts) == 0) & (np.diff(told.starts) == 0)
    plain = normalised(questions)
    key = mixed(plain ^ mixed(place.view(np.uint64)))
    key[plain == 0] = 0
    columns = [
        batch.column("id"),
        pa.array(place),
        pa.array(key.view(np.int64)),
        _packed(hashes.astype("<u8").view(np.uint8), empty),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SIGNED)


def sign(batches: Iterable[pa.RecordBatch], bands: Bands) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _SLICE):
            yield signed(batch.slice(start, _SLICE), bands)


def cut(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Signatures (id, question, bands) -> their entries, packed by part; a question's bucket is kept apart from bands."""
    waiting: dict[str, list[Entries]] = {"near": [], "question": []}
    held = 0

    def flushed() -> Iterator[pa.RecordBatch]:
        for of, entries in waiting.items():
            for part, inside in parted(Entries.joined(entries), parts):
                yield _row(part, of, inside)
            entries.clear()

    for batch in batches:
        keys = keys_of_ids(_content(batch.column("id")))
        question = batch.column("question").to_numpy(zero_copy_only=False).view(np.uint64)
        asked = question != 0
        waiting["question"].append(Entries(question[asked], keys[asked]))
        bands = batch.column("bands")
        some = bands.is_valid().to_numpy(zero_copy_only=False)
        hashes = np.frombuffer(_content(bands), "<u8")
        each = len(hashes) // max(1, int(some.sum()))
        waiting["near"].append(Entries(hashes, np.repeat(keys[some], each)))
        held += len(hashes)
        if held >= _FLUSH:
            yield from flushed()
            held = 0
    yield from flushed()


def find(batches: Iterable[pa.RecordBatch], cap: int) -> Iterator[pa.RecordBatch]:
    """Entries of whole parts -> rows of FOUND.

    ``near``: two keys whose texts share a band. ``question``: a hash that several texts have. ``hot``: a bucket beyond
    the cap, and (once a part) how many texts stand in such buckets.
    """
    gathered: dict[tuple[int, str], list[Entries]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            entries = Entries(np.frombuffer(row["hashes"], "<u8"), np.frombuffer(row["keys"], "<u8"))
            gathered.setdefault((row["part"], row["of"]), []).append(entries)
    for part, of in sorted(gathered):
        entries = Entries.joined(gathered.pop((part, of)))
        if of == "question":
            hashes = repeated(entries.hashes)
            yield from _found("question", hashes, np.zeros_like(hashes))
        else:
            found = pairs_in_buckets(entries, cap)
            # A pair shares many bands: what one part holds of it goes on once.
            pairs = np.unique(found.pairs.view([("", "u8"), ("", "u8")])).view(np.uint64).reshape(-1, 2)
            yield from _found("near", pairs[:, 0], pairs[:, 1])
            crowds = np.zeros_like(found.hot)
            crowds[:1] = found.crowd
            yield from _found("hot", found.hot, crowds)


def score(batches: Iterable[pa.RecordBatch], threshold: float) -> Iterator[pa.RecordBatch]:
    """Pairs with their texts (id1, id2, question1, answer1, question2, answer2) -> their similarities."""
    for batch in batches:
        for start in range(0, batch.num_rows, _PAIRS):
            part = batch.slice(start, _PAIRS)
            one, other = ((part.column(f"question{side}"), part.column(f"answer{side}")) for side in (1, 2))
            scores = (pa.array(found.astype(np.float32)) for found in near_similarity(one, other, threshold))
            yield pa.RecordBatch.from_arrays([part.column("id1"), part.column("id2"), *scores], schema=SCORED)


def _found(what: str, first: np.ndarray, second: np.ndarray) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(first), 1 << 20):
        one, other = first[start : start + (1 << 20)], second[start : start + (1 << 20)]
        columns = [pa.repeat(what, len(one)), pa.array(one.view(np.int64)), pa.array(other.view(np.int64))]
        yield pa.RecordBatch.from_arrays(columns, schema=FOUND)


def _row(part: int, of: str, entries: Entries) -> pa.RecordBatch:
    row = {"part": part, "of": of, "hashes": entries.hashes.tobytes(), "keys": entries.keys.tobytes()}
    return pa.RecordBatch.from_pylist([row], schema=PARTS)


def _packed(rows: np.ndarray, empty: np.ndarray) -> pa.Array:
    """Rows of bytes as a binary column, null where `empty`. The bytes of null rows are left out, as Arrow readers expect."""
    width, kept = rows.shape[1], ~empty
    offsets = np.concatenate([[0], np.cumsum(kept * width)]).astype(np.int32)
    valid = pa.array(kept).buffers()[1] if empty.any() else None
    data = rows[kept] if empty.any() else rows
    return pa.Array.from_buffers(
        pa.binary(),
        len(rows),
        [valid, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))],
        int(empty.sum()),
    )


def _content(column: pa.Array) -> memoryview:
    """The bytes of all values that are not null, one after the other."""
    column = column.drop_null() if column.null_count else column
    if not len(column):
        return memoryview(b"")
    large = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    offsets = np.frombuffer(column.buffers()[1], np.int64 if large else np.int32)
    return memoryview(column.buffers()[2] or b"")[offsets[column.offset] : offsets[column.offset + len(column)]]
