"""Rows that a run works on, written once and read back: a plan that is used twice would else run twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faquarry.spark.files import remove_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Staging"]


@dataclass(frozen=True)
class Staging:
    """A folder of one run."""

    spark: SparkSession
    uri: str

    def keep(self, name: str, frame: DataFrame) -> DataFrame:
        """The same rows, from files."""
        path = f"{self.uri}/{name}"
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def remove(self) -> None:
        remove_folder(self.spark, self.uri)
