"""sentence-transformers: three steps of its trainer with each loss. Arguments: folder, model folder, output."""

import json
import sys

from datasets import load_dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import DistillKLDivLoss, MarginMSELoss, MultipleNegativesRankingLoss

folder, model_folder, output = sys.argv[1:4]
LOSSES = {
    "eng-pairs": MultipleNegativesRankingLoss,
    "eng-triplets": MultipleNegativesRankingLoss,
    "eng-n-tuples": MultipleNegativesRankingLoss,
    "eng-margin-mse": MarginMSELoss,
    "eng-distillation": DistillKLDivLoss,
}
found = {}
for config, loss in LOSSES.items():
    model = SentenceTransformer(model_folder, device="cpu")
    rows = load_dataset(folder, config)["train"]
    arguments = SentenceTransformerTrainingArguments(
        output_dir=output, max_steps=3, per_device_train_batch_size=4, report_to="none", use_cpu=True, save_strategy="no",
        logging_steps=1, disable_tqdm=True,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=rows, loss=loss(model))
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    found[config] = {"rows": len(rows), "steps": trainer.state.global_step, "losses": losses}
print(json.dumps(found))
