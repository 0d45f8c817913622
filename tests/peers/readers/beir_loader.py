"""beir: its GenericDataLoader over a language's folder, every split. Argument: folder."""

import json
import sys

from beir.datasets.data_loader import GenericDataLoader

counts = {}
for split in ("train", "dev", "test"):
    corpus, queries, qrels = GenericDataLoader(sys.argv[1]).load(split=split)
    assert queries.keys() == qrels.keys()
    assert all(document in corpus for judged in qrels.values() for document in judged)
    counts[split] = len(queries)
print(json.dumps({**counts, "corpus": len(corpus)}))
