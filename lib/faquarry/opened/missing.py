"""What to say of a table that is not there: the name that was meant, or the verb that makes it."""

from __future__ import annotations

import difflib

from faquarry.errors import NothingToRead
from faquarry.lake import TABLES, Lake

__all__ = ["MADE_BY", "NoSuchTable"]

# The first verb that writes a table. Stages declare what they write; asking them would import Spark.
MADE_BY = {
    **dict.fromkeys(("sources", "pages", "qa", "occurrences", "rejects"), "extract"),
    "duplicates": "deduplicate",
    **dict.fromkeys(("embeddings", "similarity"), "embed"),
    "labels": "label",
    "bitexts": "align",
    "judgements": "judge",
    **dict.fromkeys(("benchmark_corpus", "benchmark_queries", "benchmark_qrels"), "benchmark"),
    "negatives": "mine",
    **dict.fromkeys(("documents", "links"), "graph"),
    "groups": "graph --groups",
    "evaluations": "evaluate",
    "runs": "run",
}


class NoSuchTable(NothingToRead, AttributeError, KeyError):
    """The lake holds no such table. An AttributeError and a KeyError too, as ``lake.name`` and ``lake["name"]`` want it."""

    def __init__(self, lake: Lake, name: str) -> None:
        if name in MADE_BY:
            sentence = f"The lake {lake.uri} has no table {name} yet: `faquarry {MADE_BY[name]} --lake …` makes it."
        elif name in TABLES:
            sentence = f"The lake {lake.uri} has no table {name}."
        else:
            there = lake.tables()
            near = difflib.get_close_matches(name, there, n=3, cutoff=0.5)
            known = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(there)}."
            sentence = f"The lake {lake.uri} has no table {name}; {known}"
        super().__init__(sentence)

    def __str__(self) -> str:  # a KeyError shows its argument quoted
        return str(self.args[0])
