"""The model that is trained: a `SentenceTransformer`, whatever it starts from, fed with tokens of our making."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faquarry.config.settings import EmbedSettings
from faquarry.training.retriever.recipe import ModelPart
from faquarry.vectors.find import find_model
from faquarry.vectors.model import Field, ModelInfo
from faquarry.vectors.runtime import loaded, require_models_extra, settle

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["Features", "Retriever", "counted", "device_of"]

Features = dict[str, Tensor]

KNOWN_TOKENS = 50_000_000


def device_of(wanted: str) -> str:
    """``cuda`` where it is wanted, or there.

    >>> device_of("cpu")
    'cpu'
    """
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


class KnownTokens:
    """Tokens of texts that were seen lately: an answer comes back as a negative, and in the next epoch."""

    def __init__(self, most: int) -> None:
        """`most` tokens are kept, 4 bytes each; the texts that came first go first."""
        self._most, self._held = most, 0
        self._known: dict[str, npt.NDArray[np.int32]] = {}

    def ids(
        self, texts: Sequence[str], tokenise: Callable[[Sequence[str]], list[npt.NDArray[np.int32]]]
    ) -> list[npt.NDArray[np.int32]]:
        """The tokens of each text; `tokenise` is asked for those that are not known."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            fresh = dict(zip(new, tokenise(new), strict=True))
            found = [fresh[text] if text in fresh else self._known[text] for text in texts]
            self._known.update(fresh)
            self._held += sum(len(ids) for ids in fresh.values())
            while self._held > self._most:
                self._held -= len(self._known.pop(next(iter(self._known))))
            return found
        return [self._known[text] for text in texts]


@dataclass(frozen=True, eq=False)
class Retriever:
    """A model with its tokenizer. `encode` keeps the graph for gradients; `vectors` does not."""

    info: ModelInfo
    module: SentenceTransformer
    device: str
    precision: torch.dtype
    known: KnownTokens = field(default_factory=lambda: KnownTokens(KNOWN_TOKENS))

    @classmethod
    def start(
        cls, part: ModelPart, settings: EmbedSettings, device: str, *, bf16: bool = False, threads: int | None = None
    ) -> Retriever:
        """Loads what training starts from, in float32.

        Raises:
            UsageError, EnvironmentProblem: there is no such model (`faquarry.vectors.find.find_model`).
            MissingExtra: the extra `models` is not installed.
        """
        from sentence_transformers import SentenceTransformer

        wanted = settings.model_copy(update={"max_tokens": part.max_tokens or settings.max_tokens})
        info = find_model(part.start, wanted)
        settle(device, threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "true"  # nobody forks here, and a static model waits for its tokens
        if info.kind == "packaged":
            from faquarry.vectors import small

            with tempfile.TemporaryDirectory() as folder:
                small.save_pretrained(folder)
                module = SentenceTransformer(folder, device=device)
        else:
            require_models_extra(info)
            module = loaded(SentenceTransformer, info, settings, device)
        if info.pads:
            module.max_seq_length = info.max_tokens
        if part.gradient_checkpointing:
            first: Any = module[0]
            first.auto_model.gradient_checkpointing_enable()
        return cls(info, module, device, torch.bfloat16 if bf16 else torch.float32)

    @property
    def static(self) -> bool:
        """Whether a text is the mean of its tokens' vectors: nothing is padded then."""
        return not self.info.pads

    def features(self, texts: Sequence[str], field: Field) -> Features:
        """Tokens of texts, as the module takes them, on the CPU."""
        prefixed = [self.info.prefixed(text, field) for text in texts]
        if self.static:
            ids = self.known.ids(prefixed, self._tokens)
            lengths = np.fromiter(map(len, ids), np.int64, len(ids))
            flat = np.concatenate(ids).astype(np.int64) if ids else np.zeros(0, np.int64)
            starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(ids) else np.zeros(0, np.int64)
            return {"input_ids": torch.from_numpy(flat), "offsets": torch.from_numpy(starts)}
        tokenizer: Any = self.module.tokenizer
        found = tokenizer(
            prefixed,
            truncation=True,
            max_length=self.info.max_tokens,
            padding=True,
            pad_to_multiple_of=8 if self.device.startswith("cuda") else None,
            return_tensors="pt",
            verbose=False,
        )
        return dict(found)

    def _tokens(self, texts: Sequence[str]) -> list[npt.NDArray[np.int32]]:
        """Tokens of texts for a static model."""
        most = self.info.max_tokens if self.info.kind == "packaged" else None
        tokenizer: Any = self.module.tokenizer
        found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.asarray(one.ids[:most], np.int32) for one in found]

    def encode(self, features: Features) -> Tensor:
        """Vectors with their graph, float32. -> (n, d)"""
        on_gpu = self.device.startswith("cuda")
        moved = {name: value.to(self.device, non_blocking=on_gpu) for name, value in features.items()}
        with torch.autocast(self.device.split(":")[0], self.precision, enabled=self.precision != torch.float32):
            found: Tensor = self.module(moved)["sentence_embedding"]
        return found.float()

    def vectors(self, texts: Sequence[str], field: Field, *, batch: int = 256) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Unit vectors without gradients, longest texts first. (n,) → (n, d)"""
        training = self.module.training
        self.module.eval()
        order = np.argsort([-len(text) for text in texts], kind="stable")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(order), batch):
                some = [texts[place] for place in order[start : start + batch]]
                parts.append(torch.nn.functional.normalize(self.encode(self.features(some, field)), dim=1).cpu())
        self.module.train(training)
        found = np.zeros((len(texts), self.info.dim), np.float32)
        if parts:
            found[order] = torch.cat(parts).numpy()
        return found

    def parameters(self) -> list[torch.nn.Parameter]:
        """What is trained, in a fixed order."""
        return [value for _, value in sorted(self.module.named_parameters()) if value.requires_grad]


def counted(features: Features) -> tuple[int, int]:
    """Tokens, and places in the tensors that hold them."""
    if "attention_mask" in features:
        return int(features["attention_mask"].sum()), features["attention_mask"].numel()
    return features["input_ids"].numel(), features["input_ids"].numel()
