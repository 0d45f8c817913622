"""Answers to blocks of postings, as Arrow batches that workers make and other workers search. No Spark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faquarry.retrieval.analyzer import VERSION, analyzer
from faquarry.retrieval.bm25 import Block

__all__ = [
    "ANALYZED",
    "BLOCK",
    "DOCUMENT",
    "MEMBER",
    "analyzed",
    "block_of",
    "ids_of",
    "indexed",
    "members",
    "packed_ids",
]

DOCUMENT = pa.schema([("language", pa.string()), ("bucket", pa.int32()), ("id", pa.string()), ("text", pa.string())])
"""What a block is made of: rows in the order of language, bucket and id."""

BLOCK = pa.schema(
    [
        ("language", pa.string()),
        ("block", pa.string()),
        ("made_with", pa.string()),
        ("documents", pa.int32()),
        ("tokens", pa.int64()),
        ("ids", pa.binary()),
        ("lengths", pa.binary()),
        ("terms", pa.list_(pa.string())),
        ("frequencies", pa.list_(pa.int32())),
        ("postings", pa.binary()),
        ("counts", pa.binary()),
    ]
)

MEMBER = pa.schema([("language", pa.string()), ("block", pa.string()), ("id", pa.string())])

ANALYZED = pa.schema([("language", pa.string()), ("query_id", pa.string()), ("terms", pa.list_(pa.string()))])

Bytes = npt.NDArray[np.uint8]


def indexed(batches: Iterable[pa.RecordBatch], name: str) -> Iterator[pa.RecordBatch]:
    """Rows of `DOCUMENT` -> one row of `BLOCK` for every language and bucket; `name` begins the blocks' names."""
    rows = (row for batch in batches for row in batch.to_pylist())
    for (language, bucket), found in groupby(rows, key=lambda row: (row["language"], row["bucket"])):
        ids, tokens = list[str](), analyzer(language).tokens
        block = Block.of(map(tokens, _texts(found, ids)))
        yield pa.RecordBatch.from_pylist([_row(block, ids, language, f"{name}-{bucket}")], schema=BLOCK)


def _texts(rows: Iterable[dict[str, Any]], ids: list[str]) -> Iterator[str]:
    """The texts, one at a time; their ids are noted down as they pass."""
    for row in rows:
        ids.append(row["id"])
        yield row["text"]


def _row(block: Block, ids: list[str], language: str, name: str) -> dict[str, Any]:
    return {
        "language": language,
        "block": name,
        "made_with": VERSION,
        "documents": block.documents,
        "tokens": int(block.lengths.sum()),
        "ids": packed_ids(ids),
        "lengths": block.lengths.tobytes(),
        "terms": list(block.terms),
        "frequencies": np.diff(block.indptr).astype(np.int32),
        "postings": block.postings.tobytes(),
        "counts": block.counts.tobytes(),
    }


def block_of(row: dict[str, Any]) -> Block:
    """A row of `BLOCK` as what can be searched."""
    terms: list[str] = row["terms"]
    indptr = np.zeros(len(terms) + 1, dtype=np.int64)
    np.cumsum(row["frequencies"], out=indptr[1:])
    return Block(
        {term: number for number, term in enumerate(terms)},
        indptr,
        np.frombuffer(row["postings"], dtype=np.int32),
        np.frombuffer(row["counts"], dtype=np.uint16),
        np.frombuffer(row["lengths"], dtype=np.int32),
    )


def members(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows (language, block, ids) -> a row of `MEMBER` for every document."""
    for batch in batches:
        for language, block, ids in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digits = ids.hex()
            found = [digits[start : start + 32] for start in range(0, len(digits), 32)]
            columns = [pa.repeat(language, len(found)), pa.repeat(block, len(found)), pa.array(found)]
            yield pa.RecordBatch.from_arrays(columns, schema=MEMBER)


def packed_ids(ids: list[str]) -> bytes:
    """Ids (32 hex digits) as 16 bytes each."""
    return bytes.fromhex("".join(ids))


def ids_of(heads: npt.NDArray[np.uint64], tails: npt.NDArray[np.uint64]) -> list[str]:
    """Ids from their first and last eight bytes as big-endian numbers. (n,), (n,) -> n strings

    >>> ids_of(np.array([1], np.uint64), np.array([255], np.uint64))
    ['000000000000000100000000000000ff']
    """
    digits = np.stack([heads, tails], axis=1).astype(">u8").tobytes().hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def analyzed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows (language, query_id, text) -> rows of `ANALYZED`."""
    for batch in batches:
        languages, texts = batch.column("language").to_pylist(), batch.column("text").to_pylist()
        terms = [analyzer(language).tokens(text) for language, text in zip(languages, texts, strict=True)]
        columns = [batch.column("language"), batch.column("query_id"), pa.array(terms, pa.list_(pa.string()))]
        yield pa.RecordBatch.from_arrays(columns, schema=ANALYZED)
