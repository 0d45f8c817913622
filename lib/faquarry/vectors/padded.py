"""Tokens of a transformer's texts, or of its pairs of texts, and batches of them padded to the longest."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = ["Forward", "Padded", "fetched"]

Ints = npt.NDArray[np.int64]
Forward = Callable[[dict[str, Any]], Callable[[], npt.NDArray[np.float32]]]


class Padded:
    """Token ids of a transformer (`faquarry.vectors.model.Tokenised`); a batch is padded to its longest text."""

    pads = True

    def __init__(self, tokens: Any, tokenizer: Any, forward: Forward) -> None:
        """`tokens` is what `tokenizer` gave, unpadded; `forward` sets the model going on a batch of features."""
        rows = tokens["input_ids"]
        self.lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        self._ids = self._flat(rows)
        types = tokens.get("token_type_ids")
        self._types = None if types is None else self._flat(types)
        self._ends = np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int64)))
        self._pad = tokenizer.pad_token_id or 0
        self._left = tokenizer.padding_side == "left"
        self._forward = forward

    def start(self, rows: npt.NDArray[np.intp]) -> Callable[[], npt.NDArray[np.float32]]:
        import torch

        lengths = self.lengths[rows]
        places = np.arange(int(lengths.max(initial=1)))
        mask = places[::-1] < lengths[:, None] if self._left else places < lengths[:, None]

        def filled(flat: Ints, empty: int) -> torch.Tensor:
            out = np.full(mask.shape, empty, np.int64)
            out[mask] = np.concatenate([flat[self._ends[row] : self._ends[row + 1]] for row in rows])
            return torch.from_numpy(out)

        features: dict[str, Any] = {
            "input_ids": filled(self._ids, self._pad),
            "attention_mask": torch.from_numpy(mask.astype(np.int64)),
            "modality": "text",
        }
        if self._types is not None:
            features["token_type_ids"] = filled(self._types, 0)
        return self._forward(features)

    def _flat(self, rows: Any) -> Ints:
        return np.fromiter(chain.from_iterable(rows), np.int64, int(self.lengths.sum()))


def fetched(values: torch.Tensor) -> npt.NDArray[np.float32]:
    """Waits for what a model computes."""
    found: npt.NDArray[np.float32] = values.cpu().numpy()
    return found
