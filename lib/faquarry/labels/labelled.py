"""Labelled pairs to train on: JSON lines, Parquet, or a Delta table with question, answer and label.

A row may hold terms in the place of a question and an answer: words and names that speak for its label. They are trained
on and never tested on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faquarry.errors import NothingToRead, UsageError
from faquarry.labels.taxonomy import Taxonomy

__all__ = ["EXAMPLES", "Labelled", "labels_in", "read_labelled"]

EXAMPLES = Path(__file__).parent / "examples"
"""The examples that the packaged heads were trained on: a file a language."""

MIN_A_CLASS = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """A pair and its label; `group` names pairs that must not be told apart in cross-validation (translations).

    A `term` is a single word or name: it stands as the question, and the answer is empty.
    """

    question: str
    answer: str
    label: str
    language: str | None = None
    group: str | None = None
    term: bool = False


def read_labelled(path: str | Path, taxonomy: Taxonomy) -> list[Labelled]:
    """The pairs that have a label of `taxonomy`: in a column of its name, else in one called label.

    Args:
        path: a ``.jsonl`` file, a Parquet file, a folder of either, or a Delta table.

    Raises:
        NothingToRead: there is no such file, or no pair in it has a label.
        UsageError: a row is damaged, or has a label that the taxonomy does not.
    """
    found = list(_labelled(_rows(Path(path)), taxonomy, str(path)))
    if not found:
        raise NothingToRead(f"No pair in {path} has a label ({taxonomy.name} or label, beside question and answer).")
    counts = Counter(pair.label for pair in found if not pair.term)
    rare = [label for label, count in counts.items() if count < MIN_A_CLASS]
    if len(counts) < 2 or rare:
        what = f"the label {rare[0]} has one pair only" if rare else f"all pairs have the label {found[0].label}"
        raise UsageError(f"A head cannot be trained on {path}: {what}.")
    return found


def labels_in(pairs: Iterable[Labelled], taxonomy: Taxonomy) -> tuple[str, ...]:
    """The labels that occur, in the order of the taxonomy."""
    there = {pair.label for pair in pairs}
    return tuple(label for label in taxonomy.labels if label in there)


def _labelled(rows: Iterable[tuple[str, Mapping[str, Any]]], taxonomy: Taxonomy, path: str) -> Iterator[Labelled]:
    for place, row in rows:
        written = row.get(taxonomy.name) or row.get("label")
        if not written:
            continue
        label = taxonomy.label(str(written))
        if label is None:
            raise UsageError(
                f"{place} has the label {written!r}, which is none of {taxonomy.name}: {', '.join(taxonomy.labels)}."
            )
        language = row.get("language")
        if row.get("terms"):
            yield from (Labelled(str(term), "", label, language, term=True) for term in row["terms"])
            continue
        question, answer = row.get("question"), row.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str):
            raise UsageError(f"{place} has no question or no answer.")
        yield Labelled(question, answer, label, language, row.get("group"))


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """-> (where it stands, row)"""
    if not path.exists():
        raise NothingToRead(f"There is no file {path} with labelled pairs.")
    if (path / "_delta_log").is_dir():
        from deltalake import DeltaTable

        yield from _numbered(str(path), DeltaTable(str(path)).to_pyarrow_table().to_pylist())
        return
    files = sorted(file for file in path.iterdir() if file.suffix in _READERS) if path.is_dir() else [path]
    for file in files:
        reader = _READERS.get(file.suffix)
        if reader is None:
            raise UsageError(f"{file} is neither .jsonl nor .parquet.")
        yield from reader(file)


def _json_lines(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise UsageError(f"Line {number} of {file} is no JSON: {error}.") from error
                if not isinstance(row, dict):
                    raise UsageError(f"Line {number} of {file} is no JSON object.")
                yield f"Line {number} of {file}", row


def _parquet(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow.parquet as pq

    yield from _numbered(str(file), pq.read_table(file).to_pylist())


def _numbered(path: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, row in enumerate(rows, 1):
        yield f"Row {number} of {path}", row


_READERS = {".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
