"""Training data without a JVM: examples out of Delta tables, files or datasets, and batches of them in a seeded order.

Usable alone, in any loop:

>>> from faquarry.training.data import Batches, Examples  # doctest: +SKIP
>>> examples = Examples.from_lake("lake", "pairs", cache="cache")  # doctest: +SKIP
>>> for batch in Batches(examples, 128, seed=1).epoch(0):  # doctest: +SKIP
...     ...
"""

from faquarry.training.data.batches import Batch, Batches
from faquarry.training.data.examples import Examples

__all__ = ["Batch", "Batches", "Examples"]
