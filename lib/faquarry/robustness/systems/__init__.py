"""Systems that rank by name: encoders, BM25, hybrids that say how they join, re-ranking."""

from faquarry.robustness.systems.ranker import DEPTH, Ranker, System
from faquarry.robustness.systems.registry import system_named

__all__ = ["DEPTH", "Ranker", "System", "system_named"]
