"""Many questions at a time: answers as they come, never far ahead of the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from faquarry.llm.endpoint import NoAnswer

__all__ = ["GIVE_UP_AFTER", "answers"]

GIVE_UP_AFTER = 20
"""Failures in a row after which the endpoint is down, not the question odd."""

Item = TypeVar("Item")


def answers(
    ask: Callable[[Item], str], items: Iterable[Item], concurrency: int
) -> Iterator[tuple[Item, str | NoAnswer]]:
    """What was answered to each, in the order in which answers come; never more than a few ahead of the reader."""
    todo = iter(items)
    with ThreadPoolExecutor(concurrency, thread_name_prefix="ask") as pool:
        running: dict[Future[str], Item] = {}
        try:
            while True:
                for one in islice(todo, 2 * concurrency - len(running)):
                    running[pool.submit(ask, one)] = one
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    one = running.pop(future)
                    try:
                        yield one, future.result()
                    except NoAnswer as error:
                        yield one, error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
