"""Hard negatives: found by BM25, ruled out by guards, scored by a cross-encoder, chosen by margins."""
