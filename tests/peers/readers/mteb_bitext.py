"""mteb: its own two WebFAQ tasks over the export, from load to score. Arguments: folder, model folder, results, pair."""

import json
import sys

import mteb
from mteb.tasks.bitext_mining.multilingual.web_faq_bitext_mining import (
    WebFAQBitextMiningQAs,
    WebFAQBitextMiningQuestions,
)
from sentence_transformers import SentenceTransformer

folder, model_folder, results, pair = sys.argv[1:5]
model = SentenceTransformer(model_folder, device="cpu")
scores = {}
for kind in (WebFAQBitextMiningQuestions, WebFAQBitextMiningQAs):
    task = kind()
    task.metadata = task.metadata.model_copy(update={"dataset": {"path": folder, "revision": "main"}})
    task = task.filter_languages(None, hf_subsets=[pair])
    result = mteb.evaluate(model, task, cache=mteb.ResultCache(results))
    scores[kind.__name__] = result.task_results[0].scores["default"][0]["f1"]
print(json.dumps(scores))
