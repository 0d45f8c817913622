"""What a task of a Python function says of itself when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from faquarry.spark.tasks import Logged, count

ROWS = pa.RecordBatch.from_pydict({"text": ["a", "bb", "ccc"]})


def doubled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        count(texts=batch.num_rows, tokens=10)
        yield batch
        yield batch


def test_a_line_a_task_with_sums_and_rates() -> None:
    lines: list[str] = []
    out = list(Logged("twice", doubled, lines.append)(iter([ROWS, ROWS])))
    assert [batch.num_rows for batch in out] == [3, 3, 3, 3]
    [line] = map(json.loads, lines)
    assert (line["faquarry"], line["rows_in"], line["rows_out"], line["texts"], line["tokens"]) == (
        "twice",
        6,
        12,
        6,
        20,
    )
    assert (line["bytes_in"], line["bytes_out"]) == (2 * ROWS.nbytes, 4 * ROWS.nbytes)
    assert {"rows/s", "texts/s", "tokens/s", "seconds", "cpu_s", "at"} <= set(line)
    assert lines[0].endswith("}\n")


def test_a_task_without_rows_says_so_too() -> None:
    lines: list[str] = []
    assert list(Logged("twice", doubled, lines.append)(iter(()))) == []
    assert json.loads(lines[0])["rows_in"] == 0


def test_what_nobody_asked_for_is_not_kept() -> None:
    count(texts=1)
    lines: list[str] = []
    list(Logged("twice", doubled, lines.append)(iter([ROWS])))
    count(texts=1)
    assert json.loads(lines[0])["texts"] == 3


def test_it_travels_to_workers() -> None:
    from pyspark import cloudpickle

    lines: list[str] = []
    there = cloudpickle.loads(cloudpickle.dumps(Logged("twice", doubled)))
    list(Logged(there.name, there.function, lines.append)(iter([ROWS])))
    assert json.loads(lines[0])["texts"] == 3
