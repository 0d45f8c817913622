"""Steps of a worker: packs hold what goes in, and hashes are compared whole where no text decides."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.dedup.minhash import Bands
from faquarry.dedup.tasks import FOUND, PACKED, cut, find, sign, unpack, without

CUT = Bands(18, 7)


def rows(count: int, start: int = 0) -> pa.RecordBatch:
    texts = [f"question {n} of many" for n in range(start, start + count)]
    ids = [hashlib.md5(text.encode()).hexdigest() for text in texts]
    places = pa.array(np.arange(start, start + count))
    return pa.record_batch(
        {"id": ids, "place": places, "question": texts, "answer": [f"{text}, told" for text in texts]}
    )


def test_packs_hold_what_went_in() -> None:
    batch = rows(5000)
    packs = list(sign([batch.slice(0, 3000), batch.slice(3000)], CUT, "run"))
    assert all(pack.schema == PACKED for pack in packs)
    assert sum(pack.column("pairs")[0].as_py() for pack in packs) == 5000
    back = pa.Table.from_batches(unpack(packs))
    assert back.column("id").to_pylist() == batch.column("id").to_pylist()
    assert back.column("place").to_pylist() == batch.column("place").to_pylist()
    assert len(set(back.column("pack").to_pylist())) == len(packs)


def test_pairs_taken_out_of_a_pack() -> None:
    batch = rows(100)
    packs = list(sign([batch], CUT, "run"))
    gone = frozenset(batch.column("id").to_pylist()[::3])
    left = list(without(packs, gone))
    kept = batch.filter(pa.array([id_ not in gone for id_ in batch.column("id").to_pylist()]))
    (alone,) = sign([kept], CUT, "run")
    assert left[0].drop_columns(["pack"]).to_pylist() == alone.drop_columns(["pack"]).to_pylist()
    (empty,) = without(packs, frozenset(batch.column("id").to_pylist()))
    assert empty.column("pairs").to_pylist() == [0]
    assert list(cut([empty], 4)) == []


def test_questions_are_compared_by_all_64_bits() -> None:
    """Of half a million hashes about 29 pairs agree in 32 bits by chance."""
    count = 500_000
    numbers = np.random.default_rng(0).integers(1, 2**64, count, np.uint64)
    numbers[-1] = numbers[0]
    ids = np.arange(2 * count, dtype=np.uint64)
    pack = {
        "pack": "p",
        "pairs": count,
        "ids": ids.tobytes(),
        "places": numbers.tobytes(),
        "questions": numbers.tobytes(),
    }
    pack |= {"sketches": bytes(8 * count), "bands": bytes(8 * 18 * count)}
    packed = pa.RecordBatch.from_pylist([pack], schema=PACKED)
    found = pa.Table.from_batches(find(cut([packed], 1), 64, 45), FOUND)
    same = found.filter(pc.equal(found.column("what"), "question"))
    assert same.column("first").to_numpy().view(np.uint64).tolist() == [numbers[0]] * 2


def test_where_a_text_stands_does_not_change_its_signature() -> None:
    batch = rows(300)
    (together,) = sign([batch], CUT, "run")
    alone = [next(iter(sign([batch.slice(n, 1)], CUT, "run"))) for n in range(0, 300, 50)]
    for number, pack in zip(range(0, 300, 50), alone, strict=True):
        for name, width in (("ids", 16), ("places", 8), ("questions", 8), ("sketches", 8), ("bands", 144)):
            whole = together.column(name)[0].as_py()
            assert whole[number * width : (number + 1) * width] == pack.column(name)[0].as_py()
