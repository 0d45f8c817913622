"""Scores the table `bitexts` of a lake against known translations: precision, recall, F1 over all language pairs.

    python -m tools.score_bitexts LAKE --gold FILE.gold.jsonl.gz [--published] [--by-language]
    python -m tools.score_bitexts LAKE --sample

Gold: places (address, position) of one key, in two languages. What is to be found is every (key, language, language) whose
texts differ; several versions of a pair in one language (es-ES, es-MX) are one thing to find, and finding any of them will
do. A row is right when its two pairs stand at places of one key; rows with a pair that has no key are out of scoring.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

from tools.aligned_sites import Gold, gold_of, keys_by_id, packaged_gold

from faquarry.lake import Lake

__all__ = ["score"]

Unit = tuple[str, str, str]


def wanted(languages: dict[str, str], keys: dict[str, frozenset[str]]) -> set[Unit]:
    """(key, language1, language2) for every key that stands in both."""
    stands: dict[str, set[str]] = defaultdict(set)
    for id_, found in keys.items():
        for key in found:
            if id_ in languages:
                stands[key].add(languages[id_])
    return {(key, *pair) for key, names in stands.items() for pair in combinations(sorted(names), 2)}


def score(
    rows: Iterable[tuple[str, str, str, str]], units: set[Unit], keys: dict[str, frozenset[str]]
) -> dict[str, float]:
    """Of rows (id1, id2, language1, language2)."""
    right = wrong = 0
    found: set[Unit] = set()
    for id1, id2, language1, language2 in rows:
        ours, theirs = keys.get(id1), keys.get(id2)
        if not ours or not theirs:
            continue
        common = ours & theirs
        right, wrong = right + bool(common), wrong + (not common)
        found |= {(key, language1, language2) for key in common}
    precision = right / max(1, right + wrong)
    recall = len(found & units) / max(1, len(units))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"rows": right + wrong, "precision": precision, "recall": recall, "f1": f1}


def score_lake(lake: Lake, gold: Gold, *, published: bool) -> dict[str, Any]:
    keys = keys_by_id(lake, gold)
    languages = {row["id"]: row["language"] for row in lake.rows("qa", ["id", "language"])}
    table = lake.rows("bitexts", ["id1", "id2", "language1", "language2", "published"])
    rows = [
        (row["id1"], row["id2"], row["language1"], row["language2"])
        for row in table
        if row["published"] or not published
    ]
    units = wanted(languages, keys)
    by_language = {}
    for language in sorted(set(languages.values())):
        mine = [row for row in rows if language in row[2:]]
        their_units = {unit for unit in units if language in unit[1:]}
        if their_units:
            by_language[language] = score(mine, their_units, keys)
    sizes = Counter(unit[1:] for unit in units)
    return {
        **score(rows, units, keys),
        "to_find": len(units),
        "language_pairs": len(sizes),
        "by_language": by_language,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lake")
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--sample", action="store_true", help="the packaged sample web")
    parser.add_argument("--published", action="store_true", help="published rows only")
    parser.add_argument("--by-language", action="store_true")
    options = parser.parse_args()
    if options.sample == bool(options.gold):
        parser.error("give --gold FILE, or --sample")
    gold = packaged_gold() if options.sample else gold_of(options.gold)
    found = score_lake(Lake(options.lake), gold, published=options.published)
    if not options.by_language:
        del found["by_language"]
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
