"""Models of sentence-transformers: their own tokenizer, pooling and normalisation, fed with batches of our making.

`SentenceTransformer.encode` sorts by characters and cuts batches by rows. Here a text is tokenised once, batches are cut
by tokens, and the model's modules are called as `encode` calls them. That the two give the same vectors is tried on a few
sentences when a model is loaded; one that wants something else goes through `encode` itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faquarry.vectors.model import ModelInfo, Tokenised
from faquarry.vectors.padded import Padded, fetched

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceEncoder"]

log = logging.getLogger(__name__)

SAME = 1e-4  # cosine distance that rounding explains in float32


class SentenceEncoder:
    """A `SentenceTransformer` as an encoder that shows its tokens."""

    def __init__(self, info: ModelInfo, model: SentenceTransformer, device: str, probe: Sequence[str]) -> None:
        """`probe` is what the two ways of encoding are compared on; the model is in float32 when this is called."""
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding

        self.info, self._model, self._device = info, model, device
        self._first: Any = model[0]
        self._kind = "static" if isinstance(self._first, StaticEmbedding) else "padded"
        if self._kind == "padded":
            model.max_seq_length = info.max_tokens
            if not self._agrees(probe):
                log.warning("%s is encoded by its own `encode`: it wants more than tokens", info.name)
                self._kind = "opaque"

    @property
    def model(self) -> SentenceTransformer:
        return self._model

    def lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Tokens of each text, special ones included, cut at the model's maximum. -> (n,)"""
        return self.tokenise(texts).lengths

    def encode(self, texts: Sequence[str], task: str | None = None) -> npt.NDArray[np.float32]:
        """Vectors of unit length, as one batch. -> (n, dim)"""
        if not texts:
            return np.zeros((0, self.info.dim), np.float32)
        tokenised = self.tokenise(texts, task)
        return tokenised.start(np.arange(len(texts)))()

    def tokenise(self, texts: Sequence[str], task: str | None = None) -> Tokenised:
        """The texts, ready to be encoded in any batches."""
        if self._kind == "static":
            return _Bags(self._first.tokenizer, texts, self._forward)
        tokenizer: Any = self._model.tokenizer
        tokens = tokenizer(
            list(texts),
            truncation=True,
            max_length=self.info.max_tokens,
            padding=False,
            return_attention_mask=False,
            verbose=False,
        )
        if self._kind == "opaque":
            return _Opaque(self._model, texts, tokens["input_ids"], task)
        return Padded(tokens, tokenizer, lambda features: self._forward(features, task))

    def _forward(self, features: dict[str, Any], task: str | None = None) -> Callable[[], npt.NDArray[np.float32]]:
        """Sets the model going on a batch. -> a function that waits for it"""
        import torch

        with torch.inference_mode():
            moved = {
                name: value.to(self._device, non_blocking=True) if isinstance(value, torch.Tensor) else value
                for name, value in features.items()
            }
            given = {"task": task} if task is not None else {}
            vectors = self._model(moved, **given)["sentence_embedding"]
            if self._model.truncate_dim is not None:
                vectors = vectors[:, : self._model.truncate_dim]
            unit = torch.nn.functional.normalize(vectors.float(), p=2.0, dim=1)
        return lambda: fetched(unit)

    def _agrees(self, probe: Sequence[str]) -> bool:
        """Whether `encode` gives what our batches give."""
        try:
            ours = self.encode(probe)
        except (KeyError, TypeError, AttributeError, ValueError):
            return False
        theirs = self._model.encode(list(probe), normalize_embeddings=True, show_progress_bar=False)
        cosines = np.einsum("ij,ij->i", ours, np.asarray(theirs, np.float32))
        return bool((cosines > 1 - SAME).all())


class _Bags:
    """Token ids of a static model: a text is the mean of its rows, and nothing is padded."""

    pads = False

    def __init__(
        self,
        tokenizer: Any,
        texts: Sequence[str],
        forward: Callable[[dict[str, Any]], Callable[[], npt.NDArray[np.float32]]],
    ) -> None:
        self._ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        self.lengths = np.fromiter(map(len, self._ids), np.int32, len(self._ids))
        self._forward = forward

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        import torch

        ends = np.concatenate(([0], np.cumsum(self.lengths[rows], dtype=np.int64)))
        flat = np.fromiter(chain.from_iterable(self._ids[row] for row in rows), np.int64, int(ends[-1]))
        return self._forward({"input_ids": torch.from_numpy(flat), "offsets": torch.from_numpy(ends[:-1])})


class _Opaque:
    """Texts of a model that only its own `encode` understands."""

    pads = True

    def __init__(self, model: SentenceTransformer, texts: Sequence[str], ids: Sequence[Sequence[int]], task: Any):
        self._model, self._texts, self._task = model, texts, task
        self.lengths = np.fromiter(map(len, ids), np.int32, len(ids))

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        given = {"task": self._task} if self._task is not None else {}
        vectors = self._model.encode(
            [self._texts[row] for row in rows],
            batch_size=len(rows),
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_tensor=True,
            **given,
        )
        return lambda: fetched(vectors.float())
