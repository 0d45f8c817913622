"""What a worker does with Arrow batches, step by step; no Spark here, so that every step can be called with a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from faquarry.dedup.buckets import Entries, pairs_in_buckets, parted, repeated
from faquarry.dedup.hashing import mixed
from faquarry.dedup.jaccard import near_similarity
from faquarry.dedup.minhash import Bands, band_hashes, signatures, sketches
from faquarry.dedup.shingles import normalised, word_shingles

__all__ = [
    "FOUND",
    "PACKED",
    "PARTS",
    "SCORED",
    "UNPACKED",
    "cut",
    "find",
    "score",
    "sign",
    "signed",
    "unpack",
    "without",
]

PACKED = pa.schema(
    [
        ("pack", pa.string()),
        ("pairs", pa.int32()),
        ("ids", pa.binary()),
        ("places", pa.binary()),
        ("questions", pa.binary()),
        ("sketches", pa.binary()),
        ("bands", pa.binary()),
    ]
)
UNPACKED = pa.schema([("id", pa.string()), ("place", pa.int64()), ("pack", pa.string())])
PARTS = pa.schema(
    [
        ("part", pa.int32()),
        ("of", pa.string()),
        ("hashes", pa.binary()),
        ("keys", pa.binary()),
        ("sketches", pa.binary()),
    ]
)
FOUND = pa.schema([("what", pa.string()), ("first", pa.int64()), ("second", pa.int64())])
SCORED = pa.schema([("id1", pa.string()), ("id2", pa.string()), ("similarity", pa.float32()), ("asked", pa.float32())])

_ENTRY = {"hashes": "<u4", "keys": "<u8", "sketches": "<u8"}
_SLICE = 2048  # texts whose arrays stay in a core's cache
_FLUSH = 1 << 20  # entries that a task holds before it passes them on; larger arrays are a burden to the JVM
_PAIRS = 1024  # pairs compared at a time


def signed(batch: pa.RecordBatch, bands: Bands, run_id: str) -> pa.RecordBatch:
    """Rows (id, place, question, answer) of qa, with ids of 32 hexadecimal digits -> one row that packs their signatures.

    Arrays of numbers of 64 bits, little-endian: `ids` two a pair, `places`, `questions` (a hash of place and normalised
    question, 0 for a question without words), `sketches`, `bands` (`bands.bands` a pair, all 0 for a text without words).
    """
    questions, answers = batch.column("question"), batch.column("answer")
    asked, told = word_shingles(questions), word_shingles(answers)
    used = bands.bands * bands.rows
    smallest = np.minimum(signatures(asked, used), signatures(told, used))
    hashes = band_hashes(smallest, bands)
    hashes[(np.diff(asked.starts) == 0) & (np.diff(told.starts) == 0)] = 0
    places = batch.column("place").to_numpy(zero_copy_only=False).astype("<i8")
    plain = normalised(questions)
    key = mixed(plain ^ mixed(places.view(np.uint64)))
    key[plain == 0] = 0
    arrays = (bytes.fromhex(str(content(batch.column("id")), "ascii")), places, key, sketches(smallest), hashes)
    columns = [
        np.ascontiguousarray(values).tobytes() if isinstance(values, np.ndarray) else values for values in arrays
    ]
    pack = f"{run_id}-{batch.column('id')[0].as_py()}"
    return pa.RecordBatch.from_pylist(
        [dict(zip(PACKED.names, (pack, batch.num_rows, *columns), strict=True))], schema=PACKED
    )


def sign(batches: Iterable[pa.RecordBatch], bands: Bands, run_id: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _SLICE):
            yield signed(batch.slice(start, _SLICE), bands, run_id)


def unpack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Packs (pack, ids, places) -> a row a pair."""
    for batch in batches:
        for row in batch.to_pylist():
            ids = np.frombuffer(row["ids"].hex().encode(), "S32").astype("U32")
            places = np.frombuffer(row["places"], "<i8")
            columns = [pa.array(ids), pa.array(places), pa.repeat(row["pack"], len(ids))]
            yield pa.RecordBatch.from_arrays(columns, schema=UNPACKED)


def without(batches: Iterable[pa.RecordBatch], gone: frozenset[str]) -> Iterator[pa.RecordBatch]:
    """Packs without the pairs of these ids; a pack that is left empty stays, empty."""
    for batch in batches:
        for row in batch.to_pylist():
            ids = row["ids"]
            kept = np.array([ids[i : i + 16].hex() not in gone for i in range(0, len(ids), 16)], bool)
            left = {
                name: np.frombuffer(row[name], np.uint8).reshape(len(kept), -1)[kept].tobytes()
                for name in ("ids", "places", "questions", "sketches", "bands")
            }
            yield pa.RecordBatch.from_pylist([{**row, **left, "pairs": int(kept.sum())}], schema=PACKED)


def cut(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Packs (ids, questions, bands) -> their entries by part; the buckets of questions are kept apart from bands."""
    waiting: dict[str, list[Entries]] = {"near": [], "question": []}
    held = 0

    def flushed() -> Iterator[pa.RecordBatch]:
        for of, entries in waiting.items():
            if entries:
                for part, inside in parted(Entries.joined(entries), parts):
                    yield _row(part, of, inside)
                entries.clear()

    for batch in batches:
        for row in batch.to_pylist():
            keys = np.frombuffer(row["ids"], ">u8")[::2].astype(np.uint64)
            bits = np.frombuffer(row["sketches"], "<u8")
            asked = np.frombuffer(row["questions"], "<u8")
            # No text decides about equal questions: in place of a sketch goes what the part drops of the hash.
            waiting["question"].append(Entries(asked, keys, asked)[asked != 0])
            hashes = np.frombuffer(row["bands"], "<u8")
            each = len(hashes) // max(1, len(keys))
            entries = Entries(hashes, np.repeat(keys, each), np.repeat(bits, each))
            waiting["near"].append(entries if hashes.all() else entries[hashes != 0])
            held += len(asked) + len(hashes)
            if held >= _FLUSH:
                yield from flushed()
                held = 0
    yield from flushed()


def find(batches: Iterable[pa.RecordBatch], cap: int, agreement: int) -> Iterator[pa.RecordBatch]:
    """Entries of whole parts -> rows of FOUND.

    ``near``: two keys whose texts share a band. ``question``: a hash that several texts have, and the key of one of them.
    ``hot``: buckets beyond the cap in a part, and the texts in them.
    """
    gathered: dict[tuple[int, str], list[Entries]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            entries = Entries(*(np.frombuffer(row[name], kind) for name, kind in _ENTRY.items()))
            gathered.setdefault((row["part"], row["of"]), []).append(entries)
    for part, of in sorted(gathered):
        entries = Entries.joined(gathered.pop((part, of)))
        if of == "question":
            same = repeated(Entries(entries.sketches, entries.keys, entries.sketches))
            yield from _found("question", same.hashes, same.keys)
        else:
            found = pairs_in_buckets(entries, cap, agreement)
            # A pair shares many bands: what one part holds of it goes on once.
            pairs = np.unique(found.pairs.view([("", "u8"), ("", "u8")])).view(np.uint64).reshape(-1, 2)
            yield from _found("near", pairs[:, 0], pairs[:, 1])
            yield from _found("hot", np.array([found.hot]), np.array([found.crowd]))


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
    packed = {name: getattr(entries, name).astype(kind, copy=False).tobytes() for name, kind in _ENTRY.items()}
    return pa.RecordBatch.from_pylist([{"part": part, "of": of, **packed}], schema=PARTS)


def content(column: pa.Array) -> memoryview:
    """The bytes of all values that are not null, one after the other."""
    column = column.drop_null() if column.null_count else column
    if not len(column):
        return memoryview(b"")
    large = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    offsets = np.frombuffer(column.buffers()[1], np.int64 if large else np.int32)
    return memoryview(column.buffers()[2] or b"")[offsets[column.offset] : offsets[column.offset + len(column)]]
