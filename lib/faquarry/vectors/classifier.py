"""A fine-tuned transformer that reads a question and its answer together and gives a probability a class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.errors import EnvironmentProblem
from faquarry.vectors.batching import Budget
from faquarry.vectors.runtime import require_packages

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["MAX_TOKENS", "TransformerClassifier", "load_classifier", "longest_text", "require_transformers"]

MAX_TOKENS = 256
TOKENS_A_BATCH = 8_192


class TransformerClassifier:
    """`temperature` divides the logits: the probabilities are calibrated."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        device: str,
        *,
        temperature: float = 1.0,
        budget: Budget | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self.model, self.tokenizer, self.device = model, tokenizer, device
        self.temperature, self.budget, self.max_tokens = temperature, budget or Budget(TOKENS_A_BATCH), max_tokens

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        """(question, answer) pairs to probabilities, (n, classes)."""
        scaled = self.logits(pairs) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        """Longest pairs first, so that what does not fit into memory shows at once. -> (n, classes)"""
        import torch

        tokens = self.encoded(pairs)
        lengths = np.array([len(ids) for ids in tokens["input_ids"]], np.int32)
        order = np.argsort(-lengths, kind="stable")
        found = np.zeros((len(pairs), int(self.model.config.num_labels or 0)))
        start = 0
        while start < len(order):
            rows = order[start : start + self.budget.rows_of(lengths[order[start:]], True)]
            batch = {name: [values[row] for row in rows] for name, values in tokens.items()}
            padded = self.tokenizer.pad(batch, return_tensors="pt").to(self.device)
            with torch.inference_mode():
                found[rows] = self.model(**padded).logits.float().cpu().numpy()
            start += len(rows)
        return found

    def encoded(self, pairs: Sequence[tuple[str, str]]) -> dict[str, list[list[int]]]:
        """Token ids as the model takes them; the answer is cut, a long question only where it leaves no room."""
        tokens: Any = self.tokenizer(
            [question for question, _ in pairs],
            [answer for _, answer in pairs],
            truncation="longest_first",
            max_length=self.max_tokens,
        )
        return dict(tokens)


def require_transformers() -> None:
    """Raises:
    MissingExtra: torch or transformers is not installed.
    """
    require_packages("A transformer as a head", ("torch", "transformers"))


def load_classifier(
    folder: str,
    device: str = "cpu",
    *,
    temperature: float = 1.0,
    budget: Budget | None = None,
    max_tokens: int | None = None,
) -> TransformerClassifier:
    """Loads a model that `faquarry label --train --transformer` wrote.

    Raises:
        MissingExtra: the extra `models` is not installed.
        EnvironmentProblem: the folder is not on this machine.
    """
    require_transformers()
    if not Path(folder).is_dir():
        raise EnvironmentProblem(
            f"The folder {folder} of the head is not on every machine: put it where all executors see it."
        )
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return TransformerClassifier(
        model.to(device).eval(),
        tokenizer,
        device,
        temperature=temperature,
        budget=budget,
        max_tokens=min(max_tokens or MAX_TOKENS, longest_text(tokenizer, model)),
    )


def longest_text(tokenizer: Any, model: Any) -> int:
    """Tokens that a model has places for."""
    places = getattr(model.config, "max_position_embeddings", None) or MAX_TOKENS
    offset = 2 if model.config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet") else 0
    return int(min(tokenizer.model_max_length, places - offset))
