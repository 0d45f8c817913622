"""The lake as a person in a notebook holds it: ``faquarry.open("lake")`` and, at the next key, its tables.

Above `faquarry.lake` because it leads on to what stands above that: the vectors' matrix and a Spark session. Whatever it
gives comes through `Lake`, so a table looks the same here as to the stages.
"""

from faquarry.opened.columns import Column, Columns
from faquarry.opened.lake import OpenedLake, open
from faquarry.opened.missing import NoSuchTable
from faquarry.opened.table import OpenedTable

__all__ = ["Column", "Columns", "NoSuchTable", "OpenedLake", "OpenedTable", "open"]
