"""The sample web: `sample.warc.gz` and, beside it, `expected.json`, both packed from the texts in `sample/`."""
