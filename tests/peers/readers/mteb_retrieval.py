"""mteb: a retrieval task over the export, from load to score. Arguments: folder, model folder, results folder."""

import json
import sys

import mteb
from mteb.abstasks.retrieval import AbsTaskRetrieval
from sentence_transformers import SentenceTransformer

folder, model_folder, results = sys.argv[1:4]


class FAQRetrieval(AbsTaskRetrieval):
    metadata = mteb.TaskMetadata(
        name="FAQRetrieval",
        description="FAQ",
        type="Retrieval",
        category="t2t",
        modalities=["text"],
        dataset={"path": folder, "revision": "main"},
        eval_splits=["test"],
        eval_langs={"deu": ["deu-Latn"], "eng": ["eng-Latn"]},
        main_score="ndcg_at_10",
    )


model = SentenceTransformer(model_folder, device="cpu")
result = mteb.evaluate(model, FAQRetrieval(), cache=mteb.ResultCache(results))
scores = {row["hf_subset"]: row["ndcg_at_10"] for row in result.task_results[0].scores["test"]}
print(json.dumps(scores))
