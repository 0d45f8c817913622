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
from faquarry.training.data.columns import Texts, TextWriter

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
        return np.load(self.folder / f"{name}.npy")[self._order]  # type: ignore[no-any-return]

    @cached_property
    def languages(self) -> npt.NDArray[np.int32]:
        """Of each row, its place in `language_names`. (n,)"""
        return self._ordered("language")

    @cached_property
    def groups(self) -> npt.NDArray[np.int32]:
        """Of each row, its place in `group_names`; -1 for none. (n,)"""
        return self._ordered("group")

    @cached_property
    def keys(self) -> Hashes:
        """Keys of each row, 0 where there are fewer. (n, k)"""
        return self._ordered("keys")

    @cached_property
    def sizes(self) -> Ints:
        """Bytes of the query and of the document of each row. (n, 2)"""
        return np.stack([self._query.lengths[self._order], self._document.lengths[self._order]], 1).astype(np.int64)

    @cached_property
    def scores(self) -> npt.NDArray[np.float32]:
        """What a teacher says of each row's document; nan where none was asked. (n,)"""
        return self._ordered("score")

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
        counts = np.load(self.folder / "negative_counts.npy")
        return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))

    @cached_property
    def _negative_keys(self) -> Hashes:
        return np.load(self.folder / "negative_keys.npy", mmap_mode="r")  # type: ignore[no-any-return]

    @cached_property
    def _negative_scores(self) -> npt.NDArray[np.float32]:
        return np.load(self.folder / "scores.npy", mmap_mode="r")  # type: ignore[no-any-return]

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

    def forget(self) -> None:
        """Gives back the memory of texts that were read."""
        for name in ("_query", "_document", "_ids", "_negatives"):
            if name in self.__dict__:
                self.__dict__[name].forget()


def _write(folder: Path, batches: Iterable[pa.RecordBatch | pa.Table]) -> tuple[int, list[str], list[str]]:
    """Writes all columns. -> rows that count, names of languages, names of groups"""
    numbers: dict[str, list[npt.NDArray[Any]]] = {
        name: []
        for name in ("hash", "language", "group", "keys", "score", "negative_counts", "negative_keys", "scores")
    }
    languages, groups = _Names(), _Names()
    with ExitStack() as stack:
        names = ("id", "query", "document", "negatives")
        texts = {name: stack.enter_context(TextWriter(folder, name)) for name in names}
        for batch in batches:
            for piece in _pieces(batch):
                _write_piece(piece, texts, numbers, languages, groups)
        for writer in texts.values():
            writer.finish()
    width = max((keys.shape[1] for keys in numbers["keys"]), default=1)
    numbers["keys"] = [np.pad(keys, ((0, 0), (0, width - keys.shape[1]))) for keys in numbers["keys"]]
    hashes = np.concatenate(numbers.pop("hash")) if numbers["language"] else np.zeros(0, np.uint64)
    for name, parts in numbers.items():
        np.save(folder / f"{name}.npy", np.concatenate(parts) if parts else np.zeros(0))
    order = np.argsort(hashes, kind="stable")
    if len(order):
        sorted_hashes = hashes[order]
        order = order[np.append(True, sorted_hashes[1:] != sorted_hashes[:-1])]
    np.save(folder / "order.npy", order)
    return len(order), languages.names, groups.names


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
    numbers: Mapping[str, list[npt.NDArray[Any]]],
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
    numbers["hash"].append(hashed(ids))
    numbers["language"].append(languages.numbers(pc.fill_null(column("language"), "und")))
    numbers["group"].append(groups.numbers(column("group")))
    numbers["score"].append(pc.fill_null(column("score"), np.nan).to_numpy().astype(np.float32))
    own = np.stack([hashed(queries), hashed(documents)], 1)
    numbers["keys"].append(np.concatenate([own, _key_rows(column("keys"))], 1))
    negatives = column("negatives")
    counts = pc.fill_null(pc.list_value_length(negatives), 0).to_numpy().astype(np.int32)
    flat = pc.list_flatten(negatives)
    texts["negatives"].write(flat)
    numbers["negative_counts"].append(counts)
    named = pc.list_flatten(column("negative_keys"))
    keyed = hashed(named) if len(named) == len(flat) else np.zeros(len(flat), np.uint64)
    numbers["negative_keys"].append(np.stack([hashed(flat), keyed], 1))
    scored = pc.list_flatten(column("scores"))
    nothing = np.full(len(flat), np.nan, np.float32)
    filled = pc.fill_null(scored, np.nan).to_numpy().astype(np.float32) if len(scored) == len(flat) else nothing
    numbers["scores"].append(filled)


def _key_rows(keys: pa.Array) -> Hashes:
    """Hashes of lists of keys, filled up with 0. (n lists) → (n, longest)"""
    counts = pc.fill_null(pc.list_value_length(keys), 0).to_numpy()
    width = int(counts.max(initial=0))
    rows = np.zeros((len(keys), width), np.uint64)
    if width:
        rows[np.arange(width) < counts[:, None]] = hashed(pc.list_flatten(keys))
    return rows
