"""Retrieval benchmarks out of the pairs of a lake: who is asked, what is searched, what may be trained on."""
