"""Folders where Spark writes: removed through Hadoop's file systems, so that it works wherever the lake lives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["remove_folder", "remove_old_folders"]


def remove_folder(spark: SparkSession, uri: str) -> None:
    """Deletes a folder and all in it; an absent one is no error."""
    system, path = _located(spark, uri)
    system.delete(path, True)


def remove_old_folders(spark: SparkSession, uri: str, older_than_s: float) -> int:
    """Deletes the folders inside `uri` that were last changed that long ago. -> how many."""
    system, path = _located(spark, uri)
    if not system.exists(path):
        return 0
    old = [s for s in system.listStatus(path) if s.getModificationTime() / 1000 < time.time() - older_than_s]
    for status in old:
        system.delete(status.getPath(), True)
    return len(old)


def _located(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    """Hadoop's file system and path of a URI."""
    jvm: Any = spark._jvm
    path = jvm.org.apache.hadoop.fs.Path(uri)
    return path.getFileSystem(spark._jsc.hadoopConfiguration()), path
