"""A lake of made-up questions and answers for training: words that a tiny tokenizer knows, several languages and groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.faq_lake import fill, write

from faquarry.lake.tables import BITEXTS, DUPLICATES, NEGATIVES

__all__ = ["WORDS", "question_lake"]

WORDS = "return parcel print label account hand post office delivery cost costs four euros fifty pay days what the a in".split()


def question_lake(folder: Path, *, count: int = 96, seed: int = 0) -> list[dict[str, Any]]:
    """Writes qa, a benchmark, negatives, duplicates and bitexts. -> the rows of qa

    Three languages of different size; every eighth pair is a dev query, every eighth a test query; two pairs are duplicates
    of each other, eight have a translation.
    """
    draw = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        words = draw.choice(WORDS, 6, replace=False).tolist()
        pairs.append(
            {
                "language": ("eng", "eng", "eng", "deu", "deu", "fra")[number % 6],
                "question": f"what {' '.join(words[:4])} {number}",
                "answer": f"{' '.join(words[2:])} the {number} parcel",
                "site": f"site{number % 5}.example",
                "url": f"https://site{number % 5}.example/{number % 10}",
                "split": "dev" if number % 8 == 3 else "test" if number % 8 == 5 else "train",
            }
        )
    rows = fill(folder, pairs)
    write(folder, NEGATIVES, [_with_negatives(row, rows, draw) for row in rows if row["split"] == "train"])
    english, german = (
        [row for row in rows if row["language"] == language and row["split"] == "train"] for language in ("eng", "deu")
    )
    pair = english[:2]
    group = {"kind": "near", "group_id": min(row["id"] for row in pair), "keep": True, "similarity": 0.9}
    write(folder, DUPLICATES, [{"id": row["id"], **group} for row in pair])
    write(folder, BITEXTS, [_bitext(*sides) for sides in zip(german[:8], english[2:10], strict=False)])
    return rows


def _bitext(*sides: dict[str, Any]) -> dict[str, Any]:
    columns = ("language", "id", "question", "answer", "site")
    found = {f"{name}{number}": row[name] for number, row in enumerate(sides, 1) for name in columns}
    return {**found, "scope": "site", "published": True, "model": "made-up", "revision": "1"}


def _with_negatives(row: dict[str, Any], rows: list[dict[str, Any]], draw: np.random.Generator) -> dict[str, Any]:
    others = [other for other in rows if other["language"] == row["language"] and other["id"] != row["id"]]
    taken = [others[place] for place in draw.choice(len(others), min(6, len(others)), replace=False)]
    return {
        "language": row["language"],
        "query_id": row["id"],
        "positive_id": row["id"],
        "pos_score": 0.9,
        "scorer": "made-up",
        "activation": "sigmoid",
        "negative_ids": [other["id"] for other in taken],
        "neg_scores": np.sort(draw.uniform(0.02, 0.7, len(taken)))[::-1].tolist(),
        "query": row["question"],
        "positive": row["answer"],
        "negatives": [other["answer"] for other in taken],
    }
