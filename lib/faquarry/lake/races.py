"""A transaction that another job got in before is tried again on what that job left behind."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from faquarry.errors import LakeError

__all__ = ["retrying"]

Result = TypeVar("Result")

# Growing pauses: eight jobs on one lake, each commit a few seconds, stay far below this.
_ATTEMPTS = 30
_LAST_PAUSE_S = 10.0


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
