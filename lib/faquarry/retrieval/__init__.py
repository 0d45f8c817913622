"""Retrieval without training: analyzers, BM25, and what is mined and measured with them."""

from faquarry.retrieval.bm25 import BM25

__all__ = ["BM25"]
