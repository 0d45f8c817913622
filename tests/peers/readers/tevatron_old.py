"""Tevatron 0.1 (what the package index has): its dataset and data class over passages/. Arguments: file, cache."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from datasets import load_dataset
from tevatron.arguments import DataArguments
from tevatron.data import TrainDataset
from tevatron.datasets.preprocessor import TrainPreProcessor
from transformers import BertTokenizer

file, cache = sys.argv[1:3]
vocabulary = Path(cache) / "vocab.txt"
vocabulary.parent.mkdir(parents=True, exist_ok=True)
letters = "abcdefghijklmnopqrstuvwxyz"
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
vocabulary.write_text("\n".join(words))
tokenizer = BertTokenizer(str(vocabulary))  # not a fast one: 0.1 gives tokens back to its tokeniser
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
