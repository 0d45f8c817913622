"""Functions compiled by numba, kept on disk between processes where there is a place for them.

Compiling takes seconds, and every Spark worker is a process of its own. Where neither the package's folder nor the user's
cache can be written (a read-only image), each process compiles for itself; NUMBA_CACHE_DIR names another place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled at its first call with types it has not seen; it lets other threads run."""
    try:
        made: Callable[..., Any] = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no place to keep it
        made = njit(nogil=True)(function)
    return made
