"""BM25 over more answers than one process holds: blocks, tasks, and the merging of what they find."""
