"""What Spark's exceptions mean for the person at the terminal.

An error of the disk, the heap or a Python worker reaches the driver as a Java exception that wraps others, with a stack
trace as its text. The innermost cause is what there is to say; the frequent ones come with what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from faquarry.errors import EnvironmentProblem

__all__ = ["explained", "known_cause"]

# (what stands somewhere in the chain of causes, the sentence); the first that is found is told.
_KNOWN = (
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "The disk is full: make space where the lake is and in the temporary folder (spark.local.dir), then run again; "
        "what was committed stays.",
    ),
    (
        re.compile(r"Read-only file system|Permission denied|AccessDeniedException"),
        "The lake cannot be written by this user",
    ),
    (
        re.compile(r"OutOfMemoryError"),
        "Spark ran out of memory: give it more (--set spark.driver_memory=4g, or the executors' memory on a cluster), "
        "then run again; what was committed stays.",
    ),
    (
        re.compile(r"No module named 'faquarry|PYTHON_VERSION_MISMATCH|Cannot run program"),
        "The workers cannot run faquarry's Python: PYSPARK_PYTHON must name an interpreter that has the package and the "
        "driver's version (`faquarry doctor` tells what they run).",
    ),
    (
        re.compile(r"\bMemoryError|Cannot allocate memory|ENOMEM|failed to map segment|malloc of size \d+ failed"),
        "A Python worker has too little memory: give it more (spark.executor.pyspark.memory on a cluster, or fewer cores an "
        "executor), then run again; what was committed stays.",
    ),
    (
        re.compile(r"Python worker (exited unexpectedly|failed to connect back)|EOFException"),
        "A Python worker died again and again (killed for memory, perhaps: the system's log knows); with fewer at a "
        "time each has more (--set spark.master='local[1]'). Run again to go on; what was committed stays.",
    ),
)
_LOST = "Spark's JVM ended while it worked (killed for memory, perhaps). Run again to go on; what was committed stays."
_CAUSE = re.compile(r"^(?:Caused by: )?(?:[\w$.]+\.)?(\w*(?:Exception|Error))(?:: (.+))?$")


def explained(error: Exception) -> EnvironmentProblem | None:
    """The sentence for an error that came out of Spark; None where it did not."""
    from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError  # type: ignore[import-untyped]
    from pyspark.errors.exceptions.base import PySparkException

    if isinstance(error, Py4JNetworkError | ConnectionError):
        return EnvironmentProblem(_LOST)
    if not isinstance(error, Py4JError | PySparkException):
        return None
    if sentence := known_cause(error):
        return EnvironmentProblem(sentence)
    if isinstance(error, Py4JError) and not isinstance(error, Py4JJavaError):
        return EnvironmentProblem(_LOST)
    causes = [found for text in _texts(error) for found in map(_CAUSE.match, text.splitlines()) if found]
    innermost = ": ".join(part for part in causes[-1].groups() if part) if causes else str(error).splitlines()[0]
    return EnvironmentProblem(f"Spark failed: {innermost[:300]} (FAQUARRY_DEBUG=1 prints where).")


def known_cause(error: BaseException) -> str | None:
    """What to say of an error, where something in the chain of its causes is known."""
    text = "\n".join(_texts(error))
    return next((sentence for pattern, sentence in _KNOWN if pattern.search(text)), None)


def _texts(error: BaseException | None) -> Iterator[str]:
    """The texts of an error and of its causes, on both sides of the bridge."""
    while error is not None:
        yield str(error)
        yield str(getattr(error, "_stackTrace", "") or "")
        error = getattr(error, "_cause", None) or error.__cause__
