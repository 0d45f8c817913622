"""What a worker does: Arrow batches of pairs in, a label a pair and head out, without Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from faquarry.labels.head import Head
from faquarry.labels.transformer import TransformerHead
from faquarry.vectors.halves import matrix_of

__all__ = ["LABELLED", "Classify", "label_texts", "label_vectors"]

LABELLED = pa.schema(
    [
        ("id", pa.string()),
        ("taxonomy", pa.string()),
        ("label", pa.string()),
        ("model", pa.string()),
        ("revision", pa.string()),
        ("score", pa.float32()),
    ]
)

Classify = Callable[[Sequence[tuple[str, str]]], np.ndarray]
"""Pairs to probabilities, (n, labels)."""


def label_vectors(batches: Iterable[pa.RecordBatch], heads: Sequence[Head]) -> Iterator[pa.RecordBatch]:
    """Batches (id, due, question, answer, question_vector, answer_vector); `due` are the numbers of the heads wanted."""
    for batch in batches:
        if not batch.num_rows:
            continue
        ids = batch.column("id").to_pylist()
        texts = batch.column("question").to_pylist(), batch.column("answer").to_pylist()
        vectors = {name: matrix_of(batch.column(f"{name}_vector")) for name in ("question", "answer")}
        due = [set(numbers) for numbers in batch.column("due").to_pylist()]
        for number, head in enumerate(heads):
            mine = np.flatnonzero([number in numbers for numbers in due])
            if not len(mine):
                continue
            chosen = [texts[0][row] or "" for row in mine], [texts[1][row] or "" for row in mine]
            labels, scores = head.predict({name: all_[mine] for name, all_ in vectors.items()}, chosen)
            yield _rows([ids[row] for row in mine], head, labels, scores)


def label_texts(
    batches: Iterable[pa.RecordBatch], head: TransformerHead, classify: Callable[[], Classify]
) -> Iterator[pa.RecordBatch]:
    """Batches (id, question, answer); `classify` loads the model, and is called where there is a row at least."""
    for batch in batches:
        if not batch.num_rows:
            continue
        texts = [batch.column(name).to_pylist() for name in ("question", "answer")]
        pairs = [(question or "", answer or "") for question, answer in zip(*texts, strict=True)]
        found = classify()(pairs)
        labels = [head.labels[place] for place in found.argmax(axis=1)]
        yield _rows(batch.column("id").to_pylist(), head, labels, found.max(axis=1))


def _rows(
    ids: Sequence[str], head: Head | TransformerHead, labels: Sequence[str], scores: np.ndarray
) -> pa.RecordBatch:
    same = [[value] * len(ids) for value in (head.taxonomy, head.name, head.revision)]
    columns = [pa.array(values, pa.string()) for values in (ids, same[0], labels, same[1], same[2])]
    return pa.RecordBatch.from_arrays([*columns, pa.array(scores, pa.float32())], schema=LABELLED)
