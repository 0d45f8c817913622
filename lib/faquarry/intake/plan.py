"""Who reads what: sources cut into parts, parts packed into tasks of about the same size."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

from faquarry.intake.parts import Part

__all__ = ["chunked", "pack"]

Item = TypeVar("Item")


def chunked(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Consecutive runs of at most `size` items.

    >>> list(chunked("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def pack(parts: Sequence[Part], group_bytes: int, slots: int) -> list[list[Part]]:
    """Packs parts into tasks: largest first, each into the task that holds least so far (LPT scheduling).

    There are as many tasks as it takes to keep each near `group_bytes`, but no fewer than `slots` while there are
    parts to share out. Largest tasks come first, so that the last one to finish is a small one.
    """
    if not parts:
        return []
    total = sum(part.size for part in parts)
    wanted = min(len(parts), max(slots, -(-total // group_bytes)))
    heap: list[tuple[int, int]] = [(0, number) for number in range(wanted)]
    tasks: list[list[Part]] = [[] for _ in range(wanted)]
    for part in sorted(parts, key=lambda part: (-part.size, part.name, part.number)):
        size, number = heapq.heappop(heap)
        tasks[number].append(part)
        heapq.heappush(heap, (size + max(part.size, 1), number))
    return sorted((task for task in tasks if task), key=lambda task: -sum(part.size for part in task))
