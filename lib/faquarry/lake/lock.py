"""One writer at a time in a lake on a local file system.

Delta's log store there looks whether a version is there and then renames its own file to that name; rename(2) replaces
a file that has come in between, so that two processes may both believe to have written one version, and the rows of one
are lost. HDFS and object stores refuse the second. Here a lock of the operating system closes the gap; it goes with its
process, however that ends.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FolderLock"]

# File systems that have no locks (some network ones): work goes on as it would without this module.
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}


class FolderLock:
    """A lock on `path` that processes and threads wait for. A thread that holds it may take it again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mine = threading.local()

    @contextmanager
    def held(self, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Holds the lock; `waiting` is called once if another holder has to be waited for.

        Raises:
            OSError: the file cannot be made.
        """
        depth = getattr(self._mine, "depth", 0)
        if depth == 0:
            self._mine.file = self._taken(waiting)
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            if depth == 0:
                os.close(self._mine.file)

    def opened(self) -> int:
        """The descriptor of the lock's file, which is made with its folders where they are not there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _taken(self, waiting: Callable[[], None] | None) -> int:
        import fcntl

        file = self.opened()
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting is not None:
                    waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
        except BaseException as error:
            if not (isinstance(error, OSError) and error.errno in _NO_LOCKS):
                os.close(file)
                raise
        return file
