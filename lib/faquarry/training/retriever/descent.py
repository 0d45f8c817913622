"""The optimizer and its rate: AdamW for models, its lazy form for tables of vectors of which a batch touches few rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from faquarry.training.retriever.recipe import FitPart

__all__ = ["Descent", "SparseBag"]

RATE, STATIC_RATE = 2e-5, 1e-2


class SparseBag(torch.nn.EmbeddingBag):
    """An `EmbeddingBag` whose gradient has a row for each distinct token of a batch, not one for each token.

    A batch of long texts has a hundred thousand tokens and some thousand distinct ones: the rows of these are taken out of
    the table first, and bags are made of them.
    """

    def __init__(self, bag: torch.nn.EmbeddingBag) -> None:
        """Takes over the table of `bag`."""
        super().__init__(
            bag.num_embeddings, bag.embedding_dim, mode=bag.mode, _weight=bag.weight.data, device=bag.weight.device
        )
        self.weight = bag.weight

    def forward(
        self, input: torch.Tensor, offsets: torch.Tensor | None = None, per_sample_weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        distinct, places = torch.unique(input, return_inverse=True)
        rows = torch.nn.functional.embedding(distinct, self.weight, sparse=True)
        return torch.nn.functional.embedding_bag(
            places, rows, offsets, mode=self.mode, per_sample_weights=per_sample_weights
        )


class Descent:
    """Turns gradients into steps."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter], part: FitPart, steps: int, *, static: bool) -> None:
        """`steps` in all; `static`: the model is a table of vectors, and its gradients may be sparse."""
        self._parameters, self._part, self._steps, self._static = parameters, part, steps, static
        self.highest = part.rate if part.rate is not None else STATIC_RATE if static else RATE
        self._optimizer: torch.optim.Optimizer
        if static:
            self._optimizer = torch.optim.SparseAdam(parameters, lr=self.highest)
        else:
            decayed = [value for value in parameters if value.ndim > 1]
            plain = [
                value for value in parameters if value.ndim <= 1
            ]  # no decay of biases and norms (Devlin et al. 2019)
            self._optimizer = torch.optim.AdamW(
                [
                    {"params": decayed, "weight_decay": part.weight_decay},
                    {"params": plain, "weight_decay": 0.0},
                ],
                lr=self.highest,
            )

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0: up over the first, then down to zero."""
        warm = int(self._part.warm_up * self._steps)
        if step < warm:
            return self.highest * (step + 1) / warm
        return self.highest * max(0.0, (self._steps - step) / max(1, self._steps - warm))

    def step(self, step: int) -> float:
        """Moves the parameters along their gradients, and forgets these. -> the norm of the gradient"""
        norm = self._clipped()
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate(step)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return norm

    def _clipped(self) -> float:
        gradients = []
        for value in self._parameters:
            if value.grad is not None and value.grad.is_sparse:
                value.grad = value.grad.coalesce()
            if value.grad is not None:
                gradients.append(value.grad.values() if value.grad.is_sparse else value.grad)
        if not gradients:
            return 0.0
        norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in gradients])))
        if self._part.clip is not None and norm > self._part.clip:
            for gradient in gradients:
                gradient.mul_(self._part.clip / norm)
        return norm

    def state(self) -> dict[str, Any]:
        return self._optimizer.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        self._optimizer.load_state_dict(state)
