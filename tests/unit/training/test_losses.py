"""Losses beside those of sentence-transformers, and by hand where it has none."""

from __future__ import annotations

import math
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faquarry.training.losses import in_batch, listwise, margin_mse, pair_cosines, symmetric  # noqa: E402


@pytest.fixture(scope="module")
def theirs() -> Any:
    from sentence_transformers.sentence_transformer import losses

    return losses


def embeddings(*shapes: tuple[int, ...], seed: int = 0) -> list[Any]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=draw).requires_grad_() for shape in shapes]


def same(one: Any, other: Any, leaves: list[Any]) -> None:
    """Equal values and equal gradients."""
    assert one.item() == pytest.approx(other.item(), abs=1e-6)
    mine = torch.autograd.grad(one, leaves, retain_graph=True)
    others = torch.autograd.grad(other, leaves)
    for left, right in zip(mine, others, strict=True):
        assert (left - right).abs().max() < 1e-6


def test_in_batch_is_theirs_with_and_without_hard_negatives(theirs: Any) -> None:
    queries, documents, hard = embeddings((6, 8), (6, 8), (6, 8))
    loss = theirs.MultipleNegativesRankingLoss(SimpleNamespace())
    same(
        in_batch(queries, documents).mean(),
        loss.compute_loss_from_embeddings([queries, documents], torch.tensor(())),
        [queries, documents],
    )
    same(
        in_batch(queries, torch.cat([documents, hard])).mean(),
        loss.compute_loss_from_embeddings([queries, documents, hard], torch.tensor(())),
        [queries, documents, hard],
    )


def test_symmetric_is_theirs(theirs: Any) -> None:
    queries, documents = embeddings((6, 8), (6, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss = theirs.MultipleNegativesSymmetricRankingLoss(SimpleNamespace())
    other = loss.compute_loss_from_embeddings([queries, documents], torch.tensor(()))
    same(symmetric(queries, documents).mean(), other, [queries, documents])


def test_margin_mse_and_listwise_are_theirs(theirs: Any) -> None:
    queries, documents, first, second = embeddings((5, 8), (5, 8), (5, 8), (5, 8))
    scores = torch.rand(5, 3, generator=torch.Generator().manual_seed(1))
    all_documents = torch.stack([documents, first, second], 1)
    plain = torch.einsum("nd,nkd->nk", queries, all_documents)
    given = [queries, documents, first, second]
    margins = scores[:, :1] - scores[:, 1:]
    loss = theirs.MarginMSELoss(SimpleNamespace())
    same(margin_mse(plain, scores).mean(), loss.compute_loss_from_embeddings(given, margins), given)
    for temperature in (1.0, 2.0):
        loss = theirs.DistillKLDivLoss(SimpleNamespace(), temperature=temperature)
        other = loss.compute_loss_from_embeddings(given, scores)
        same(listwise(plain, scores, temperature=temperature).mean(), other, given)


def test_masks_take_documents_out() -> None:
    queries, documents = embeddings((3, 4), (5, 4))
    allowed = torch.ones(3, 5, dtype=torch.bool)
    allowed[0, 1] = allowed[2, 4] = False
    losses = in_batch(queries, documents, allowed)
    kept = [0, 2, 3, 4]
    alone = in_batch(queries[:1], documents[kept])
    assert losses[0].item() == pytest.approx(alone[0].item(), abs=1e-6)
    # A row's own document stays, whatever the mask says of it.
    allowed[:, :3].fill_diagonal_(False)
    assert torch.allclose(in_batch(queries, documents, allowed), losses)


def test_missing_negatives_weigh_nothing() -> None:
    student, teacher = (
        torch.tensor([[0.9, 0.2, 7.0], [0.5, 0.1, 0.4]]),
        torch.tensor([[0.8, 0.3, 0.0], [0.5, 0.1, 0.4]]),
    )
    allowed = torch.tensor([[True, False], [False, False]])
    assert margin_mse(student, teacher, allowed).tolist() == pytest.approx([(0.7 - 0.5) ** 2, 0.0])
    full = listwise(student[:1, :2], teacher[:1, :2])
    assert listwise(student, teacher, allowed).tolist() == pytest.approx([full.item(), 0.0], abs=1e-6)


def test_the_margin_is_that_of_translation_ranking() -> None:
    """Equation 3 of Yang et al. 2019 with a scale, written out."""
    queries, documents = embeddings((3, 4), (3, 4), seed=5)
    cosine = pair_cosines(queries, documents[None].expand(3, 3, 4)).detach().numpy()
    expected = []
    for one in range(3):
        own = math.exp(20 * (cosine[one, one] - 0.3))
        others = sum(math.exp(20 * cosine[one, other]) for other in range(3) if other != one)
        expected.append(-math.log(own / (own + others)))
    assert in_batch(queries, documents, margin=0.3).tolist() == pytest.approx(expected, abs=1e-5)
    mirrored = in_batch(documents, queries, margin=0.3)
    both = (np.array(expected) + mirrored.detach().numpy()) / 2
    assert symmetric(queries, documents, margin=0.3).tolist() == pytest.approx(both.tolist(), abs=1e-5)


def test_losses_are_float32_whatever_comes_in() -> None:
    queries, documents = (one.detach().to(torch.bfloat16) for one in embeddings((4, 8), (4, 8)))
    assert in_batch(queries, documents).dtype == torch.float32
    assert margin_mse(queries[:, :3], documents[:, :3]).dtype == torch.float32
