"""From a task and a batch to losses: which of `faquarry.training.losses` is taken, with which masks and teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faquarry.errors import UsageError
from faquarry.training.data.batches import Batch
from faquarry.training.losses import in_batch, listwise, margin_mse, pair_cosines, symmetric
from faquarry.training.retriever.recipe import TaskPart

__all__ = ["Linked", "linked", "losses_of"]

Floats = npt.NDArray[np.float32]

_EDGE = 1e-4  # a probability of 0 or 1 has no logit
_FEWEST = 8  # samples without which two scales are not compared


@dataclass(frozen=True)
class Linked:
    """A task whose teacher speaks on the student's scale: ``slope · link(score) + shift``."""

    task: TaskPart
    slope: float = 1.0
    shift: float = 0.0

    @property
    def taught(self) -> bool:
        return self.task.loss in ("margin_mse", "listwise")

    def teacher(self, scores: Floats) -> Floats:
        """Scores of the teacher (probabilities) as the loss sees them."""
        return (self.slope * _link(self.task, scores) + self.shift).astype(np.float32)


def _link(task: TaskPart, scores: Floats) -> Floats:
    if task.link == "probability":
        return scores
    kept = np.clip(scores.astype(np.float64), _EDGE, 1 - _EDGE)
    found: Floats = np.log(kept / (1 - kept)).astype(np.float32)
    return found


def losses_of(linked: Linked, batch: Batch, queries: Tensor, documents: Tensor) -> Tensor:
    """The loss of each query. (n, d), (m, d) → (n,)

    A query for which a loss has nothing to say (no hard negative was found for it) costs 0.
    """
    task = linked.task
    if task.loss in ("contrastive", "symmetric"):
        loss = in_batch if task.loss == "contrastive" else symmetric
        allowed = torch.from_numpy(batch.allowed).to(queries.device)
        return loss(queries, documents, allowed, scale=task.scale, margin=task.margin)
    student = task.scale * _student(batch, queries, documents)
    teacher = torch.from_numpy(linked.teacher(batch.teacher)).to(queries.device)
    there = torch.from_numpy(batch.own_negatives >= 0).to(queries.device) & ~teacher[:, 1:].isnan()
    teacher = teacher.nan_to_num(0.0)
    if task.loss == "margin_mse":
        return margin_mse(student, teacher, there)
    return listwise(student, teacher, there, temperature=task.temperature)


def _student(batch: Batch, queries: Tensor, documents: Tensor) -> Tensor:
    """Cosines of each query with its own document and its hard negatives. -> (n, 1 + k)"""
    own = torch.arange(len(batch), device=documents.device)[:, None]
    hard = torch.from_numpy(np.maximum(batch.own_negatives, 0)).to(documents.device)
    return pair_cosines(queries, documents[torch.cat([own, hard], 1)])


def linked(
    name: str, task: TaskPart, batch: Callable[[], Batch], embeddings: Callable[[Batch], tuple[Tensor, Tensor]]
) -> Linked:
    """The task with its teacher on the student's scale, looked at on one batch before training starts.

    Args:
        name: of the task, for the sentence.
        batch: a batch to look at.
        embeddings: of its queries and documents, by the student as it is now.

    Raises:
        UsageError: the negatives have no scores, or the margins of student and teacher differ by an order of magnitude.
    """
    found = Linked(task)
    if not found.taught:
        return found
    seen = batch()
    there = (seen.own_negatives >= 0) & ~np.isnan(seen.teacher[:, 1:])
    if there.sum() < _FEWEST:
        raise UsageError(
            f"The task {name} learns from a teacher, and its examples have no scores: faquarry mine writes some."
        )
    with torch.no_grad():
        student = task.scale * _student(seen, *embeddings(seen)).cpu().numpy()
    teacher = found.teacher(seen.teacher)
    if task.link == "affine":
        mine, theirs = student[:, 1:][there], teacher[:, 1:][there]
        slope = float(mine.std() / max(float(theirs.std()), 1e-9))
        return Linked(task, slope, float(mine.mean() - slope * theirs.mean()))
    own = np.abs(student[:, :1] - student[:, 1:])[there].mean()
    theirs = np.abs(teacher[:, :1] - teacher[:, 1:])[there].mean()
    if not 0.1 < own / max(theirs, 1e-12) < 10:
        raise UsageError(
            f"In the task {name} student and teacher do not live on one scale: margins of the student "
            f"(cosine × {task.scale:g}) are {own:.3g} in the mean, those of the teacher ({task.link}) {theirs:.3g}. "
            f"Change tasks.{name}.scale or .link "
            "(affine moves the teacher to the student's scale)."
        )
    return found
