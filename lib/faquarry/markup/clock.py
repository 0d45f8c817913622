"""The time one page may take, in CPU seconds of the thread, so that a busy machine changes no result."""

from __future__ import annotations

import time

__all__ = ["Clock", "OutOfTime"]

TICKS_BETWEEN_LOOKS = 1024


class OutOfTime(Exception):
    """A page used up its seconds. Caught where the page is put together, never seen outside."""


class Clock:
    """Call `tick` in every loop over things that a page may hold millions of."""

    __slots__ = ("_limit_s", "_max_s", "_ticks")

    def __init__(self, max_s: float) -> None:
        self._max_s = max_s
        self._limit_s = time.thread_time() + max_s
        self._ticks = 0

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % TICKS_BETWEEN_LOOKS == 0:
            self.look()

    def look(self) -> None:
        """Raises `OutOfTime` when the page's time is over; for the places between long steps."""
        if time.thread_time() > self._limit_s:
            raise OutOfTime(f"{self._max_s:g} s were not enough")

    def restart(self) -> None:
        """A second allowance, for what is left to do with the finds of a page that ran out of time."""
        self._limit_s = time.thread_time() + self._max_s
