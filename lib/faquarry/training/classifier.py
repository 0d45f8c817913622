"""Fine-tunes a transformer as a classifier of pairs: the published recipe (WebFAQ 2.0), AdamW with a linear warm-up.

One pair in ten (whole groups of near repeats where the caller names them) is held out of the descent: it gives the scores
and the temperature. The same data, settings and machine give the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faquarry.config.settings import LabelSettings
from faquarry.errors import UsageError
from faquarry.vectors.classifier import (
    MAX_TOKENS,
    TransformerClassifier,
    load_classifier,
    longest_text,
    require_transformers,
)

__all__ = ["Tuned", "fine_tune", "tuner"]

WARM_UP = 0.1
WEIGHT_DECAY = 0.01


@dataclass(frozen=True)
class Tuned:
    """Logits of the pairs that were held out, by the model that lies in `folder`."""

    folder: Path
    held_out: npt.NDArray[np.intp]
    logits: npt.NDArray[np.float64]


def fine_tune(
    base: str,
    pairs: Sequence[tuple[str, str]],
    targets: npt.NDArray[np.intp],
    labels: Sequence[str],
    held_out: npt.NDArray[np.bool_],
    folder: Path,
    settings: LabelSettings,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda sentence: None,
) -> Tuned:
    """Trains, and writes the model as transformers does.

    Args:
        base: folder of a model, or its name on a hub.
        pairs: (question, answer).
        targets: place of each pair's label in `labels`.
        held_out: pairs that are not trained on.
        folder: where the model goes.
        settings: epochs, learning rate, rows of a step, longest text, device.

    Raises:
        MissingExtra: the extra `models` is not installed.
        UsageError: there is no such model.
    """
    require_transformers()
    import torch

    torch.manual_seed(seed)
    device = "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
    classifier = _fresh(base, labels, settings, device)
    taught = np.flatnonzero(~held_out)
    steps = settings.epochs * -(-len(taught) // settings.batch_rows)
    optimiser = torch.optim.AdamW(classifier.model.parameters(), settings.learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    draw = np.random.default_rng(seed)
    truth = torch.as_tensor(targets)
    for epoch in range(settings.epochs):
        classifier.model.train()
        total = 0.0
        order = draw.permutation(taught)
        for start in range(0, len(order), settings.batch_rows):
            rows = order[start : start + settings.batch_rows]
            batch: Any = classifier.tokenizer.pad(classifier.encoded([pairs[row] for row in rows]), return_tensors="pt")
            logits = classifier.model(**batch.to(device)).logits
            loss = torch.nn.functional.cross_entropy(logits, truth[rows].to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(classifier.model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            total += float(loss.detach()) * len(rows)
        say(f"epoch {epoch + 1} of {settings.epochs}: loss {total / len(order):.3f}")
    folder.mkdir(parents=True, exist_ok=True)
    classifier.model.save_pretrained(folder)
    classifier.tokenizer.save_pretrained(folder)
    # Told by the model that was written, as labels will be.
    written = load_classifier(str(folder), device, max_tokens=settings.max_tokens)
    places = np.flatnonzero(held_out)
    return Tuned(folder, places, written.logits([pairs[int(row)] for row in places]))


def tuner(base: str, settings: LabelSettings, say: Callable[[str], None]) -> Callable[..., Any]:
    """`fine_tune` with all but the data given, as `faquarry.labels.making` wants it."""

    def tune(
        pairs: Sequence[tuple[str, str]],
        targets: npt.NDArray[np.intp],
        labels: Sequence[str],
        held_out: npt.NDArray[np.bool_],
        folder: Path,
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        done = fine_tune(base, pairs, targets, labels, held_out, folder, settings, say=say)
        return done.held_out, done.logits

    return tune


def _fresh(base: str, labels: Sequence[str], settings: LabelSettings, device: str) -> TransformerClassifier:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # that the last layer is new is what we want
    names = dict(enumerate(labels))
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=len(labels), id2label=names, label2id={name: n for n, name in names.items()}
        )
    except (OSError, ValueError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(f"There is no transformer {base} to start from ({first[:200]}).") from error
    longest = min(settings.max_tokens or MAX_TOKENS, longest_text(tokenizer, model))
    return TransformerClassifier(model.to(device), tokenizer, device, max_tokens=longest)


def _rate(step: int, steps: int) -> float:
    """Share of the highest learning rate: up over the first tenth, then down to zero."""
    warm = max(1, int(WARM_UP * steps))
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / max(1, steps - warm))
