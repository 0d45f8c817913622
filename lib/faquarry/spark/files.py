"""Folders where Spark writes: removed through Hadoop's file systems, so that it works wherever the lake lives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["remove_folder", "remove_old_folders"]


def remove_folder(spark: SparkSession, uri: str) -> None:
    """Deletes a folder and all in it; an absent one is no error."""
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    path.getFileSystem(spark._jsc.hadoopConfiguration()).delete(path, True)


def remove_old_folders(spark: SparkSession, uri: str, older_than_s: float) -> int:
    """Deletes the folders inside `uri` that were last changed that long ago. -> how many."""
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    system = path.getFileSystem(spark._jsc.hadoopConfiguration())
    if not system.exists(path):
        return 0
    old = [s for s in system.listStatus(path) if s.getModificationTime() / 1000 < time.time() - older_than_s]
    for status in old:
        system.delete(status.getPath(), True)
    return len(old)
