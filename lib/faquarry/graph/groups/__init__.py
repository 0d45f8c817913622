"""Groups of documents for reweighted training: vectors of an encoder, Mini-Batch K-Means, small groups merged."""
