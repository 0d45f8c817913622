"""Tevatron 0.1 (what the package index has): its dataset and data class over passages/. Arguments: file, cache, tokeniser."""

import json
import sys
from types import SimpleNamespace

from datasets import load_dataset
from tevatron.arguments import DataArguments
from tevatron.data import TrainDataset
from tevatron.datasets.preprocessor import TrainPreProcessor
from transformers import PreTrainedTokenizerFast

file, cache, tokenizer_file = sys.argv[1:4]
tokenizer = PreTrainedTokenizerFast(tokenizer_file=tokenizer_file, pad_token="[PAD]", unk_token="[UNK]")
rows = load_dataset("json", data_files=file, split="train", cache_dir=cache)
tokens = rows.map(TrainPreProcessor(tokenizer), remove_columns=rows.column_names)
arguments = DataArguments(train_n_passages=3)
trainer = SimpleNamespace(state=SimpleNamespace(epoch=0), args=SimpleNamespace(seed=1))
read = TrainDataset(arguments, tokens, tokenizer, trainer)
for row in range(len(read)):
    query, passages = read[row]
    assert query["input_ids"]
    assert len(passages) == 3
print(json.dumps({"rows": len(read)}))
