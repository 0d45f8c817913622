"""Parallel text for the small encoder: read, cut into clauses, tokenised once, grouped by the English side.

Sentences of any two languages that share their English side are translations of each other, so a *group* is an English
text and everything that is paired with it; the English text itself is one more member.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from faquarry.errors import NothingToRead, UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Pair", "Texts", "clauses", "read_pairs", "tokenised"]

_COLUMNS = ("language", "english", "text", "source")
_MARKS = "[.!?;:,。！？；：，、،؛؟।॥၊။።፣፤፥…—–()]+"
_CUT = re.compile(rf"(?<!\d){_MARKS}|{_MARKS}(?!\d)")  # not within a number
_LONGEST = 200  # tokens that are kept of a text
_SHORTEST_CLAUSE = 8  # characters


class Pair(NamedTuple):
    language: str
    english: str
    text: str
    source: str


@dataclass(frozen=True)
class Texts:
    """Tokenised texts. `ids[offsets[i]:offsets[i + 1]]` are the tokens of text i.

    Texts of whole pairs come first (`whole` of them, in the order of the file), then their clauses, then English texts,
    text `english[g]` being that of group g.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    group: npt.NDArray[np.int32]
    language: npt.NDArray[np.int16]
    source: npt.NDArray[np.int16]
    whole: int
    english: npt.NDArray[np.int64]
    languages: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.group)


def read_pairs(data: Path) -> list[Pair]:
    """The pairs of a file, or of all files of a folder in the order of their names.

    Files are tab-separated (.tsv, .tsv.xz) with a heading; they have the columns language, english, text, source.

    Raises:
        NothingToRead: there is no such file.
        UsageError: a file has other columns.
    """
    files = sorted(data.glob("*.tsv*")) if data.is_dir() else [data]
    if not files or not files[0].is_file():
        raise NothingToRead(
            f"There is no parallel text at {data}: a .tsv or .tsv.xz file, or a folder of them, is wanted."
        )
    return list(chain.from_iterable(map(_read_file, files)))


def _read_file(path: Path) -> Iterator[Pair]:
    open_ = lzma.open if path.suffix == ".xz" else open
    with open_(path, "rt", encoding="utf-8") as lines:
        heading = tuple(next(lines, "").rstrip("\n").split("\t"))
        if heading != _COLUMNS:
            raise UsageError(f"{path} has the columns {', '.join(heading)}; wanted are {', '.join(_COLUMNS)}.")
        for number, line in enumerate(lines, 2):
            cells = line.rstrip("\n").split("\t")
            if len(cells) != len(_COLUMNS):
                raise UsageError(f"Line {number} of {path} has {len(cells)} cells, not {len(_COLUMNS)}.")
            yield Pair(*cells)


def clauses(english: str, text: str) -> Iterator[tuple[str, str]]:
    """Cuts both sides at punctuation; gives the pieces in pairs if they agree in number and share of the length.

    Short pieces say which words belong together far more sharply than the long sentences they come from.

    >>> list(clauses("Open the file, then press Save.", "Öffnen Sie die Datei, dann drücken Sie Sichern."))
    [('Open the file', 'Öffnen Sie die Datei'), ('then press Save', 'dann drücken Sie Sichern')]
    >>> list(clauses("Yes, but only on Mondays.", "Ja."))
    []
    """
    ours = [piece for piece in map(str.strip, _CUT.split(english)) if piece]
    theirs = [piece for piece in map(str.strip, _CUT.split(text)) if piece]
    if len(ours) < 2 or len(ours) != len(theirs):
        return
    expected = sum(map(len, ours)) / sum(map(len, theirs))
    ratios = [(len(our) + 4) / (len(their) + 4) / expected for our, their in zip(ours, theirs, strict=True)]
    if max(ratios) > 1.7 or min(ratios) < 0.6:
        return
    yield from ((our, their) for our, their in zip(ours, theirs, strict=True) if len(our) >= _SHORTEST_CLAUSE)


def tokenised(pairs: Sequence[Pair], tokenizer: Tokenizer) -> Texts:
    """Pairs, their clauses and the English texts as arrays."""
    pieces = [Pair(p.language, ours, theirs, p.source) for p in pairs for ours, theirs in clauses(p.english, p.text)]
    groups: dict[str, int] = {}
    languages: dict[str, int] = {}
    sources: dict[str, int] = {}
    rows: list[tuple[int, int, int]] = []
    source_of: dict[int, int] = {}
    for pair in chain(pairs, pieces):
        group = groups.setdefault(pair.english, len(groups))
        source = sources.setdefault(pair.source, len(sources))
        source_of.setdefault(group, source)
        rows.append((group, languages.setdefault(pair.language, len(languages)), source))
    english = languages.setdefault("eng", len(languages))
    rows.extend((group, english, source_of[group]) for group in groups.values())
    ids, lengths = _encoded(chain((pair.text for pair in chain(pairs, pieces)), groups), tokenizer)
    columns = np.array(rows, np.int32).reshape(-1, 3)
    return Texts(
        ids=ids,
        offsets=np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))),
        group=columns[:, 0],
        language=columns[:, 1].astype(np.int16),
        source=columns[:, 2].astype(np.int16),
        whole=len(pairs),
        english=np.arange(len(rows) - len(groups), len(rows)),
        languages=tuple(languages),
    )


def _encoded(
    texts: Iterable[str], tokenizer: Tokenizer, block: int = 20_000
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    ids, lengths, left = [], [], iter(texts)
    while taken := [text for _, text in zip(range(block), left, strict=False)]:
        found = [encoding.ids[:_LONGEST] for encoding in tokenizer.encode_batch_fast(taken, add_special_tokens=False)]
        ids.append(np.fromiter(chain.from_iterable(found), np.int32))
        lengths.append(np.fromiter(map(len, found), np.int32, len(found)))
    return np.concatenate(ids), np.concatenate(lengths)
