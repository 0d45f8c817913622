"""FlagEmbedding: its data class over train/, with the teacher's scores, and its collator. Arguments: folder, cache."""

import json
import os
import sys

import torch.distributed
from FlagEmbedding.abc.finetune.embedder import AbsEmbedderDataArguments, AbsEmbedderTrainDataset

torch.distributed.init_process_group("gloo", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
arguments = AbsEmbedderDataArguments(
    train_data=[os.path.join(sys.argv[1], "train")],
    cache_path=sys.argv[2],
    knowledge_distillation=True,
    train_group_size=3,
)
rows = AbsEmbedderTrainDataset(arguments, tokenizer=None)
for row in range(len(rows)):
    query, passages, scores = rows[row]
    assert isinstance(query, str)
    assert len(passages) == len(scores) == 3
print(json.dumps({"rows": len(rows)}))
