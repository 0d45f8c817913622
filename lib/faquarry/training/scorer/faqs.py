"""Questions with their answers: from a lake, and from files of JSON lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from faquarry.errors import NothingToRead, UsageError
from faquarry.lake import Lake

__all__ = ["Faq", "read_faqs", "read_lines"]


class Faq(NamedTuple):
    """A question and its answer; `page` is what is held out as a whole."""

    language: str
    question: str
    answer: str
    page: str


def read_faqs(lake: str | None, files: Sequence[Path] = ()) -> list[Faq]:
    """The pairs of a lake's table `qa`, then those of the files, each once, in an order that the lake's layout does not change.

    Raises:
        NothingToRead: there is no pair.
        UsageError: a file does not hold what `read_lines` reads.
    """
    found: list[Faq] = []
    if lake is not None:
        rows = Lake(lake).rows("qa", ["id", "language", "question", "answer", "url"])
        rows.sort(key=lambda row: str(row["id"]))
        found += [Faq(row["language"], row["question"], row["answer"], row["url"]) for row in rows]
    for file in files:
        found += read_lines(file)
    sound = [faq for faq in dict.fromkeys(found) if faq.question.strip() and faq.answer.strip()]
    if not sound:
        raise NothingToRead(
            "there is no question with an answer to learn from: give --lake with a table qa, or --data."
        )
    return sound


def read_lines(path: Path) -> Iterator[Faq]:
    """Pairs of a file of JSON lines, or of all such files (*.jsonl, *.jsonl.gz) in a folder.

    A line has `question` and `answer`, and may have `language` (or `lang`, two or three letters) and `url`.

    Raises:
        UsageError: a line is none of that.
    """
    if path.is_dir():
        for file in sorted(path.glob("*.jsonl*")):
            yield from read_lines(file)
        return
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            row = json.loads(line)
            question, answer = str(row["question"]), str(row["answer"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}, line {number}: not a JSON object with question and answer.") from error
        page = row.get("url") or f"{path.name}:{question}"
        yield Faq(_three_letters(row.get("language") or row.get("lang")), question, answer, page)


def _three_letters(code: str | None) -> str:
    """ISO 639-3 of a code of two or three letters; und where nothing is said, or nothing that is known."""
    if not code:
        return "und"
    import langcodes

    try:
        return str(langcodes.Language.get(code).to_alpha3())
    except (LookupError, ValueError):  # of a code that is none
        return "und"
