"""What is tried again: a transaction that another job got in before, a request that its store did not answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from faquarry.errors import LakeError

__all__ = ["patiently", "retrying"]

Result = TypeVar("Result")

# Growing pauses: eight jobs on one lake, each commit a few seconds, stay far below this.
_ATTEMPTS = 30
_LAST_PAUSE_S = 10.0
_REQUESTS = 5


def retrying(transaction: Callable[[], Result], lost_race: tuple[type[Exception], ...], lake: str) -> Result:
    """Runs `transaction` until it does not lose a race.

    Raises:
        LakeError: it lost again and again.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return transaction()
        except lost_race:
            time.sleep(random.uniform(0.1, min(_LAST_PAUSE_S, 0.5 * 1.5**attempt)))
    raise LakeError(f"Other jobs kept changing {lake} for {_ATTEMPTS} attempts: run again when fewer write to it.")


def patiently(request: Callable[[], Result]) -> Result:
    """Runs what asks a store, again when the connection breaks in the middle: the client itself tries again only where
    nothing had been sent or received yet. What is asked for must be repeatable.

    Raises:
        OSError: it broke every time.
    """
    for attempt in range(_REQUESTS - 1):
        try:
            return request()
        except OSError:
            time.sleep(random.uniform(0.1, 0.4 * 2**attempt))
    return request()
