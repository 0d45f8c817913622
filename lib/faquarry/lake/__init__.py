"""The lake: Delta tables declared once, read without a JVM, written through Spark. The only door to Delta."""

from faquarry.lake.lake import Lake
from faquarry.lake.tables import TABLES, Table

__all__ = ["TABLES", "Lake", "Table"]
