"""Losses of dense retrieval as pure functions of embeddings: one number a sample, in float32.

Weights (of groups, of tasks) and masks are made outside and put on these numbers there, so that every loss can be
reweighted, cached and gathered in the same way. Vectors need not have unit length: cosines are taken here.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, normalize, softmax

__all__ = ["cosines", "in_batch", "listwise", "margin_mse", "pair_cosines", "symmetric"]


def cosines(queries: Tensor, documents: Tensor) -> Tensor:
    """Cosines of every query with every document. (n, d), (m, d) → (n, m), float32"""
    return normalize(queries.float(), dim=-1) @ normalize(documents.float(), dim=-1).T


def pair_cosines(queries: Tensor, documents: Tensor) -> Tensor:
    """Cosines of each query with its own documents. (n, d), (n, k, d) → (n, k), float32"""
    return torch.einsum("nd,nkd->nk", normalize(queries.float(), dim=-1), normalize(documents.float(), dim=-1))


def in_batch(
    queries: Tensor, documents: Tensor, allowed: Tensor | None = None, *, scale: float = 20.0, margin: float = 0.0
) -> Tensor:
    """Multiple negatives ranking: each query against all documents of the batch. → (n,)

    ``−log softmax(scale · cos)`` at the query's own document (van den Oord et al. 2018; with hard negatives behind the
    positives, Karpukhin et al. 2020). `margin` is taken off the cosine with the own document (additive margin softmax,
    Yang et al. 2019, equation 3).

    Args:
        queries: (n, d)
        documents: (m, d), m ≥ n; document i is the answer of query i, the others are negatives.
        allowed: (n, m), false where a document is no negative of a query; None: all are. The own documents are kept.
    """
    return _own_softmax(cosines(queries, documents), allowed, scale, margin)


def symmetric(
    queries: Tensor, documents: Tensor, allowed: Tensor | None = None, *, scale: float = 20.0, margin: float = 0.0
) -> Tensor:
    """The mean of `in_batch` and its mirror: each positive against all queries. → (n,)

    With a margin this is the bitext translation ranking loss of LaBSE (Feng et al. 2022, equations 1 and 2), halved.
    """
    count = len(queries)
    scores = cosines(queries, documents)
    back = None if allowed is None else allowed[:, :count].T
    forward = _own_softmax(scores, allowed, scale, margin)
    return (forward + _own_softmax(scores[:, :count].T, back, scale, margin)) / 2


def _own_softmax(scores: Tensor, allowed: Tensor | None, scale: float, margin: float) -> Tensor:
    own = torch.arange(len(scores), device=scores.device)
    if margin:
        taken = torch.zeros_like(scores)
        taken[own, own] = margin
        scores = scores - taken
    scores = scores * scale
    if allowed is not None:
        kept = allowed.clone()
        kept[own, own] = True
        scores = scores.masked_fill(~kept, -torch.inf)
    return cross_entropy(scores, own, reduction="none")


def margin_mse(student: Tensor, teacher: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Mean squared difference of the margins of student and teacher (Hofstätter et al. 2020, equation 2). → (n,)

    ``mean over k of ((s⁺ − s_k⁻) − (t⁺ − t_k⁻))²``. Both must live on one scale: see `faquarry.training.retriever.objective`.

    Args:
        student: scores of the positive (column 0) and of k negatives, (n, 1 + k).
        teacher: the same of the teacher.
        allowed: (n, k), false where a negative is missing; a sample without any costs nothing.
    """
    difference = (student[:, :1] - student[:, 1:]) - (teacher[:, :1] - teacher[:, 1:])
    squared = difference.float().square()
    if allowed is None:
        return squared.mean(1)
    return (squared * allowed).sum(1) / allowed.sum(1).clamp_min(1)


def listwise(student: Tensor, teacher: Tensor, allowed: Tensor | None = None, *, temperature: float = 1.0) -> Tensor:
    """Kullback-Leibler divergence of the student's distribution over a query's documents from the teacher's. → (n,)

    ``KL(softmax(t/τ) ‖ softmax(s/τ)) · τ²`` (Hinton et al. 2015: τ² keeps the size of the gradient).

    Args:
        student: scores of the positive (column 0) and of k negatives, (n, 1 + k).
        teacher: the same of the teacher.
        allowed: (n, k), false where a negative is missing.
    """
    student, teacher = student.float() / temperature, teacher.float() / temperature
    if allowed is not None:
        # The lowest finite number, not minus infinity: 0 · ∞ of a missing document would be no number.
        missing = torch.cat([torch.zeros_like(allowed[:, :1]), ~allowed], dim=1)
        low = torch.finfo(torch.float32).min / 4
        student, teacher = student.masked_fill(missing, low), teacher.masked_fill(missing, low)
    divergence = kl_div(log_softmax(student, dim=1), softmax(teacher, dim=1), reduction="none")
    return divergence.sum(1) * temperature**2
