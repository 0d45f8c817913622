"""How the search of all queries in all answers is cut into tasks: no language is one task, and none is many small ones.

A task holds a chunk of a language's queries and sees a group of its blocks, one after the other. Where chunks alone give
every core work, each sees all blocks, and nothing has to be merged afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Share", "Task", "tasks_of"]

TASKS_A_CORE = 3
SMALL = 2e7  # queries times documents, less of which is not worth a task of its own (well under a second)
CHUNK = 2000  # queries; with fewer, loading the blocks is what costs


@dataclass(frozen=True)
class Share:
    """What there is of a language."""

    language: str
    queries: int
    blocks: int
    documents: int
    tokens: int


@dataclass(frozen=True)
class Task:
    """A chunk of the queries of a language, and a group of its blocks."""

    DDL: ClassVar[str] = "task int, slot int, language string, chunk int, chunks int, group int, groups int"

    task: int
    slot: int  # the Spark task that does it; small ones share one
    language: str
    chunk: int
    chunks: int
    group: int
    groups: int


def tasks_of(shares: Iterable[Share], most_queries: int, cores: int) -> list[Task]:
    """Every task of a search.

    >>> [task.chunks for task in tasks_of([Share("eng", 30_000, 1, 100_000, 10**7)], 20_000, 1)]
    [3, 3, 3]
    """
    shares = sorted(shares, key=lambda share: (share.queries * share.documents, share.language))
    target = max(SMALL, sum(share.queries * share.documents for share in shares) / max(1, TASKS_A_CORE * cores))
    tasks: list[Task] = []
    slot, filled = 0, 0.0
    for share in shares:
        wanted = max(1, round(share.queries * share.documents / target))
        least = math.ceil(share.queries / most_queries)
        chunks = max(least, min(wanted, math.ceil(share.queries / CHUNK)))
        groups = max(1, min(share.blocks, round(wanted / chunks)))
        for chunk in range(chunks):
            for group in range(groups):
                size = share.queries * share.documents / chunks / groups
                if filled and filled + size > SMALL:
                    slot, filled = slot + 1, 0.0
                filled += size
                tasks.append(Task(len(tasks), slot, share.language, chunk, chunks, group, groups))
    return tasks
