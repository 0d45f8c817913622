"""What a Spark task runs to label its pairs by a transformer: the model, once a worker, on the device of the task."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from faquarry.config.settings import LabelSettings
from faquarry.labels.task import label_texts
from faquarry.labels.transformer import TransformerHead
from faquarry.spark.devices import task_device, task_threads
from faquarry.vectors.batching import Budget
from faquarry.vectors.classifier import TransformerClassifier, load_classifier
from faquarry.vectors.runtime import CPU_TOKENS, GPU_TOKENS, Kept, gpus_seen, settle

__all__ = ["classifying"]

_kept: Kept[TransformerClassifier] = Kept()


def classifying(
    head: TransformerHead, settings: LabelSettings
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given. A task without rows loads nothing."""

    def classify() -> TransformerClassifier:
        device = task_device(settings.device, gpus_seen, f"{settings.section}.device")
        return _kept.get((head.folder, head.revision, device), lambda: _loaded(head, settings, device))

    def label(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from label_texts(batches, head, classify)

    return label


def _loaded(head: TransformerHead, settings: LabelSettings, device: str) -> TransformerClassifier:
    settle(device, task_threads())
    tokens = settings.batch_tokens or (CPU_TOKENS if device == "cpu" else GPU_TOKENS)
    budget = Budget(tokens, setting=f"{settings.section}.max_tokens")
    return load_classifier(
        head.folder, device, temperature=head.temperature, budget=budget, max_tokens=settings.max_tokens
    )
