"""Training examples: built once from a stream of Arrow batches, then read in any order with little memory.

An example is a query with its document, perhaps hard negatives with scores of a teacher, a language, a group, and *keys*:
two rows with a key in common say the same (one answer, one group of duplicates, two sides of a translation), and neither
may be the other's negative.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faquarry.errors import NothingToRead
from faquarry.training.data.columns import NumberWriter, Texts, TextWriter, numbers

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["COLUMNS", "Examples", "hashed"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("language", pa.string()),
        ("group", pa.string()),
        ("keys", pa.list_(pa.string())),
        ("query", pa.string()),
        ("document", pa.string()),
        ("score", pa.float32()),
        ("negative_keys", pa.list_(pa.string())),
        ("negatives", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
    ]
)
"""What a stream of examples may hold. `id`, `query` and `document` must be there."""

_DONE = "examples.json"
_RENUMBERED = 1 << 20  # rows at a time
_KINDS: Mapping[str, npt.DTypeLike] = {
    "hash": np.uint64,
    "language": np.int32,
    "group": np.int32,
    "score": np.float32,
    "text_keys": np.uint64,  # of the query and of the document
    "key_counts": np.int32,
    "keys": np.uint64,
    "negative_counts": np.int32,
    "negative_keys": np.uint64,  # of the text and of its name
    "scores": np.float32,
}


def hashed(texts: pa.Array | Sequence[str]) -> Hashes:
    """64 bits of each text, the same everywhere; 0 for null and the empty text. (n,) → (n,)"""
    from pandas.util import hash_array

    array = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    if not len(array):
        return np.zeros(0, np.uint64)
    found = hash_array(pc.fill_null(array, "").to_numpy(zero_copy_only=False).astype(object), categorize=False)
    empty = pc.fill_null(pc.equal(array, ""), True).to_numpy(zero_copy_only=False)
    return np.where(empty, np.uint64(0), np.maximum(found, np.uint64(1))).astype(np.uint64)


@dataclass(frozen=True)
class Examples:
    """Examples in a folder. Rows are numbered by the hash of their id, whatever order they came in."""

    folder: Path

    # -- building --------------------------------------------------------------------------------------------------

    @classmethod
    def build(cls, folder: Path, batches: Iterable[pa.RecordBatch | pa.Table], **told: Any) -> Examples:
        """Writes examples into `folder`; what stands there already and says the same (`told`) is taken as it is.

        Args:
            batches: with columns of COLUMNS; of two rows with one id the second is left out.
            told: what the examples were made of, kept beside them.

        Raises:
            NothingToRead: there is no row.
        """
        made = folder / _DONE
        if made.exists() and json.loads(made.read_text())["told"] == json.loads(json.dumps(told)):
            return cls(folder)
        part = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            rows, languages, groups = _write(part, batches)
            if not rows:
                raise NothingToRead("There is no example to train on.")
            described = {"rows": rows, "languages": languages, "groups": groups, "told": told}
            (part / _DONE).write_text(json.dumps(described, ensure_ascii=False))
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return cls(folder)

    @classmethod
    def from_lake(cls, lake: str, data: str = "pairs", *, cache: str | Path, **asked: Any) -> Examples:
        """Examples out of the tables of a lake (`faquarry.training.data.lake.stream`), kept in the folder `cache`."""
        from faquarry.training.data.lake import stream

        told, batches = stream(lake, data, **asked)
        return cls.build(Path(cache), batches, **told)

    @classmethod
    def from_files(cls, paths: Sequence[str | Path], *, cache: str | Path) -> Examples:
        """Examples out of JSON lines or Parquet in the layouts of sentence-transformers and of ``faquarry export``."""
        from faquarry.training.data.files import stream

        told, batches = stream([Path(path) for path in paths])
        return cls.build(Path(cache), batches, **told)

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, cache: str | Path) -> Examples:
        """Examples out of a Hugging Face dataset with columns as `from_files` takes them."""
        from faquarry.training.data.files import renamed

        fingerprint = getattr(dataset, "_fingerprint", None)
        table = dataset.data.table if hasattr(dataset.data, "table") else dataset.data
        return cls.build(Path(cache), renamed(table.to_batches(), "the dataset"), dataset=fingerprint)

    # -- reading ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._order)

    @cached_property
    def _described(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / _DONE).read_text())
        return found

    @property
    def told(self) -> Mapping[str, Any]:
        """What the examples were made of: tables with their versions, files."""
        found: Mapping[str, Any] = self._described["told"]
        return found

    @property
    def language_names(self) -> list[str]:
        return list(self._described["languages"])

    @property
    def group_names(self) -> list[str]:
        return list(self._described["groups"])

    @cached_property
    def _order(self) -> Ints:
        return np.load(self.folder / "order.npy")  # type: ignore[no-any-return]

    def _ordered(self, name: str) -> npt.NDArray[Any]:
        return numbers(self.folder, name, _KINDS[name])[self._order]

    @cached_property
    def languages(self) -> npt.NDArray[np.int32]:
        """Of each row, its place in `language_names`. (n,)"""
        return self._ordered("language")

    @cached_property
    def groups(self) -> npt.NDArray[np.int32]:
        """Of each row, its place in `group_names`; -1 for none. (n,)"""
        return self._ordered("group")

    @cached_property
    def sizes(self) -> npt.NDArray[np.int32]:
        """Bytes of the query and of the document of each row. (n, 2)"""
        return np.stack([self._query.lengths[self._order], self._document.lengths[self._order]], 1)

    @cached_property
    def scores(self) -> npt.NDArray[np.float32]:
        """What a teacher says of each row's document; nan where none was asked. (n,)"""
        return self._ordered("score")

    def keys(self, rows: Ints) -> Hashes:
        """What rows share with others that say the same, 0 where there is less. (n,) → (n, k)"""
        places = self._order[rows]
        texts = np.asarray(self._text_keys[places])
        starts = self._key_starts[places]
        counts = self._key_starts[places + 1] - starts
        width = int(counts.max(initial=0))
        if not width:
            return texts
        shared = np.zeros((len(places), width), np.uint64)
        inside = np.arange(width) < counts[:, None]
        shared[inside] = self._shared_keys[(starts[:, None] + np.arange(width))[inside]]
        return np.concatenate([texts, shared], 1)

    @cached_property
    def _text_keys(self) -> Hashes:
        return numbers(self.folder, "text_keys", np.uint64, 2)

    @cached_property
    def _shared_keys(self) -> Hashes:
        return numbers(self.folder, "keys", np.uint64)

    @cached_property
    def _key_starts(self) -> Ints:
        return _starts(numbers(self.folder, "key_counts", np.int32))

    @cached_property
    def _query(self) -> Texts:
        return Texts(self.folder, "query")

    @cached_property
    def _document(self) -> Texts:
        return Texts(self.folder, "document")

    @cached_property
    def _ids(self) -> Texts:
        return Texts(self.folder, "id")

    @cached_property
    def _negatives(self) -> Texts:
        return Texts(self.folder, "negatives")

    @cached_property
    def _negative_starts(self) -> Ints:
        return _starts(numbers(self.folder, "negative_counts", np.int32))

    @cached_property
    def _negative_keys(self) -> Hashes:
        return numbers(self.folder, "negative_keys", np.uint64, 2)

    @cached_property
    def _negative_scores(self) -> npt.NDArray[np.float32]:
        return numbers(self.folder, "scores", np.float32)

    def ids(self, rows: Ints) -> list[str]:
        return self._ids.take(self._order[rows])

    def queries(self, rows: Ints) -> list[str]:
        return self._query.take(self._order[rows])

    def documents(self, rows: Ints) -> list[str]:
        return self._document.take(self._order[rows])

    @property
    def has_negatives(self) -> bool:
        return len(self._negatives) > 0

    def negatives_of(self, row: int) -> Ints:
        """Places of a row's negatives, best first, for `negative_texts`, `negative_keys` and `negative_scores`."""
        at = self._order[row]
        return np.arange(self._negative_starts[at], self._negative_starts[at + 1])

    def negative_texts(self, places: Ints) -> list[str]:
        return self._negatives.take(places)

    def negative_keys(self, places: Ints) -> Hashes:
        return np.asarray(self._negative_keys[places])

    def negative_scores(self, places: Ints) -> npt.NDArray[np.float32]:
        """Scores of a teacher; nan where none was asked."""
        return np.asarray(self._negative_scores[places])


def _starts(counts: npt.NDArray[np.int32]) -> Ints:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _write(folder: Path, batches: Iterable[pa.RecordBatch | pa.Table]) -> tuple[int, list[str], list[str]]:
    """Writes all columns. -> rows that count, names of languages, names of groups"""
    languages, groups = _Names(), _Names()
    with ExitStack() as stack:
        names = ("id", "query", "document", "negatives")
        texts = {name: stack.enter_context(TextWriter(folder, name)) for name in names}
        written = {name: stack.enter_context(NumberWriter(folder, name, kind)) for name, kind in _KINDS.items()}
        for batch in batches:
            for piece in _pieces(batch):
                _write_piece(piece, texts, written, languages, groups)
    _by_name(folder, "language", languages)
    _by_name(folder, "group", groups)
    hashes = numbers(folder, "hash", np.uint64)
    order = np.argsort(hashes, kind="stable")
    if len(order):
        ordered = hashes[order]
        order = order[np.append(True, ordered[1:] != ordered[:-1])]
    np.save(folder / "order.npy", order)
    (folder / "hash.bin").unlink()
    return len(order), sorted(languages.names), sorted(groups.names)


def _by_name(folder: Path, column: str, names: _Names) -> None:
    """Numbers a column by the order of its names, as these came in any order: batches are drawn by number."""
    place = {name: number for number, name in enumerate(sorted(names.names))}
    table = np.array([*(place[name] for name in names.names), -1], np.int32)
    written = folder / f"{column}.bin"
    if not written.stat().st_size:
        return
    found = np.memmap(written, np.int32, "r+")
    for start in range(0, len(found), _RENUMBERED):
        found[start : start + _RENUMBERED] = table[found[start : start + _RENUMBERED]]
    found.flush()


def _pieces(batch: pa.RecordBatch | pa.Table) -> list[pa.RecordBatch]:
    return batch.to_batches() if isinstance(batch, pa.Table) else [batch]


class _Names:
    """Numbers for names, in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._numbers)

    def numbers(self, names: pa.Array) -> npt.NDArray[np.int32]:
        """-1 for null. (n,) → (n,)"""
        coded = pc.dictionary_encode(names)
        known = [self._numbers.setdefault(name, len(self._numbers)) for name in coded.dictionary.to_pylist()]
        table = np.array([*known, -1], np.int32)
        found: npt.NDArray[np.int32] = table[pc.fill_null(coded.indices, len(known)).to_numpy()]
        return found


def _write_piece(
    piece: pa.RecordBatch,
    texts: Mapping[str, TextWriter],
    written: Mapping[str, NumberWriter],
    languages: _Names,
    groups: _Names,
) -> None:
    count = piece.num_rows
    given = {name: piece.column(name) for name in piece.schema.names}

    def column(name: str) -> pa.Array:
        kind = COLUMNS.field(name).type
        return given[name].cast(kind) if name in given else pa.nulls(count, kind)

    ids, queries, documents = column("id"), column("query"), column("document")
    texts["id"].write(ids)
    texts["query"].write(queries)
    texts["document"].write(documents)
    written["hash"].write(hashed(ids))
    written["language"].write(languages.numbers(pc.fill_null(column("language"), "und")))
    written["group"].write(groups.numbers(column("group")))
    written["score"].write(pc.fill_null(column("score"), np.nan).to_numpy())
    written["text_keys"].write(np.stack([hashed(queries), hashed(documents)], 1))
    keys = column("keys")
    written["key_counts"].write(_lengths(keys))
    written["keys"].write(hashed(pc.list_flatten(keys)))
    negatives = column("negatives")
    flat = pc.list_flatten(negatives)
    texts["negatives"].write(flat)
    written["negative_counts"].write(_lengths(negatives))
    named = pc.list_flatten(column("negative_keys"))
    keyed = hashed(named) if len(named) == len(flat) else np.zeros(len(flat), np.uint64)
    written["negative_keys"].write(np.stack([hashed(flat), keyed], 1))
    scored = pc.list_flatten(column("scores"))
    filled = pc.fill_null(scored, np.nan).to_numpy() if len(scored) == len(flat) else np.full(len(flat), np.nan)
    written["scores"].write(filled)


def _lengths(lists: pa.Array) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return found
