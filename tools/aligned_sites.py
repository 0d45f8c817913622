"""Sites with known translations: sides as the stage `align` sees them, and which of their pairs belong together.

A lake gives the pairs, an encoder the vectors; the gold says the key of a place (address, position). Read without Spark,
for fitting and for trying things out.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from faquarry.bitext.once import comparable
from faquarry.bitext.side import Page, Side
from faquarry.lake import Lake

__all__ = ["Gold", "KnownSite", "gold_of", "load_sites", "packaged_gold"]

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Gold:
    """Keys of places: pairs of one key translate each other. Places without a key are out of scoring."""

    keys: dict[tuple[str, int], str]


@dataclass(frozen=True)
class KnownSite:
    """A site's sides (comparable pairs only), and the keys of each of its pairs by id."""

    name: str
    sides: tuple[Side, ...]
    keys: dict[str, frozenset[str]]

    def same(self, left: Side, right: Side, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """1 where both have a key in common, 0 where not, -1 where either has none."""
        found = np.zeros(len(i), dtype=np.int8)
        for row, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
            ours, theirs = self.keys.get(left.ids[a]), self.keys.get(right.ids[b])
            found[row] = -1 if not ours or not theirs else bool(ours & theirs)
        return found


def gold_of(path: Path) -> Gold:
    """From a file of rows with url, position, key and aligned_by (others than `key` are out of scoring)."""
    keys = {}
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if row["aligned_by"] == "key":
                keys[row["url"], row["position"]] = f"{urlsplit(row['url']).netloc}#{row['key']}"
    return Gold(keys)


def packaged_gold() -> Gold:
    """Of the packaged sample web."""
    expected = json.loads((files("faquarry.sample") / "expected.json").read_text(encoding="utf-8"))
    return Gold({(row["url"], row["position"]): row["key"] for row in expected["pairs"]})


def keys_by_id(lake: Lake, gold: Gold) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in lake.arrow("occurrences", ["id", "url", "position"]).to_pylist():
        if key := gold.keys.get((row["url"], row["position"])):
            found[row["id"]].add(key)
    return {id_: frozenset(keys) for id_, keys in found.items()}


def load_sites(lake: Lake, gold: Gold, encode: Encode) -> list[KnownSite]:
    """The sites of a lake that have two languages or more."""
    keys = keys_by_id(lake, gold)
    pages = {row["page_id"]: row for row in lake.rows("pages")}
    by_site: dict[str, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for row in lake.rows("qa"):
        by_site[row["site"]][row["language"]].append(row)
    found = []
    for site, languages in sorted(by_site.items()):
        if len(languages) > 1:
            sides = tuple(
                comparable(_side(language, rows, pages, encode)) for language, rows in sorted(languages.items())
            )
            found.append(KnownSite(site, sides, keys))
    return found


def _side(language: str, rows: list[dict], pages: dict[str, dict], encode: Encode) -> Side:
    rows = sorted(rows, key=lambda row: row["id"])
    used = sorted({row["page_id"] for row in rows})
    here = {page_id: number for number, page_id in enumerate(used)}

    def page(page_id: str) -> Page:
        row = pages[page_id]
        alternates = tuple(one["href"] for one in row["alternates"] or ())
        return Page(page_id, row["url"], row["canonical"], alternates, row["questions"])

    def vectors(texts: list[str]) -> np.ndarray:
        return encode([text.replace("\n", " ") for text in texts]).astype(np.float16)

    return Side(
        language=language,
        ids=[row["id"] for row in rows],
        sites=[row["site"] for row in rows],
        pages=[page(page_id) for page_id in used],
        page=np.array([here[row["page_id"]] for row in rows]),
        position=np.array([row["position"] for row in rows]),
        questions=[row["question"] for row in rows],
        answers=[row["answer"] for row in rows],
        vectors=vectors([f"{row['question']} {row['answer']}" for row in rows]),
        question_vectors=vectors([row["question"] for row in rows]),
        answer_vectors=vectors([row["answer"] for row in rows]),
    )


def with_sides(site: KnownSite, name: str, change: Callable[[Side], Side]) -> KnownSite:
    return replace(site, name=f"{site.name} {name}", sides=tuple(change(side) for side in site.sides))
