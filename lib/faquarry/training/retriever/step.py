"""One contrastive batch forward and backward: plain, in chunks, or spread over devices, with the same gradients.

Embeddings are cut from the model's graph, gathered from all devices, and the loss of the whole batch is taken on them;
its gradient then goes back into the model. So the loss is one function of all embeddings, whoever computed them: every
device computes it in full (it is small), sends back the part of the gradient that is its own, and the sum over devices
is the gradient of one device. In chunks the model is run twice, first for the embeddings, then chunk by chunk for their
gradient (gradient caching, Gao et al. 2021), and no more than a chunk's activations are held.

What a model draws (dropout) is keyed by (seed, step, chunk): both runs of a chunk, and a resumed run, draw the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from faquarry.training.retriever.model import Features

__all__ = ["Parts", "Ranks", "World", "backward", "embedded", "joined", "seeded"]

Encode = Callable[[Features], Tensor]
Objective = Callable[[Tensor, Tensor], Tensor]


class World:
    """The devices that share a batch; this one is alone."""

    rank = 0
    size = 1

    def gathered(self, mine: Tensor, total: int) -> Tensor:
        """The rows of all devices in the order of ranks. (own rows, d) → (total, d)"""
        return mine

    def summed(self, gradients: Sequence[Tensor]) -> None:
        """Adds up gradients over devices, in place."""

    def meet(self) -> None:
        """Waits until all devices are here."""

    def agreed(self, value: float) -> float:
        """What the first device says."""
        return value

    def share(self, count: int) -> slice:
        """Which of `count` rows are this device's: runs of about one size."""
        base, more = divmod(count, self.size)
        start = self.rank * base + min(self.rank, more)
        return slice(start, start + base + (self.rank < more))


def joined(device: str) -> World:
    """The devices that torchrun has started, or this one alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return World()
    import torch.distributed as dist

    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return Ranks()


class Ranks(World):
    """The processes of torchrun."""

    def __init__(self) -> None:
        import torch.distributed as dist

        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def gathered(self, mine: Tensor, total: int) -> Tensor:
        import torch.distributed as dist

        most = -(-total // self.size)
        padded = torch.zeros((most, mine.shape[1]), dtype=mine.dtype, device=mine.device)
        padded[: len(mine)] = mine
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        base, more = divmod(total, self.size)
        return torch.cat([part[: base + (rank < more)] for rank, part in enumerate(parts)])

    def summed(self, gradients: Sequence[Tensor]) -> None:
        import torch.distributed as dist

        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        for gradient, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def meet(self) -> None:
        import torch.distributed as dist

        dist.barrier()

    def agreed(self, value: float) -> float:
        import torch.distributed as dist

        said = [value]
        dist.broadcast_object_list(said)
        return float(said[0])


@dataclass(frozen=True, eq=False)
class Parts:
    """This device's share of a batch: chunks of queries, chunks of documents, and how many there are in all."""

    queries: Sequence[Features]
    documents: Sequence[Features]
    query_count: int
    document_count: int
    dim: int

    @property
    def several(self) -> bool:
        return len(self.queries) > 1 or len(self.documents) > 1


def seeded(*key: object) -> None:
    """Sets torch's generators by a key."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest) % 2**63)


def embedded(encode: Encode, parts: Parts, world: World, key: tuple[object, ...]) -> tuple[Tensor, Tensor]:
    """All embeddings of a batch, without gradients. -> queries (n, d), documents (m, d)"""
    with torch.no_grad():
        mine = _both(encode, parts, key)
    return _gathered(mine, parts, world)


def backward(
    encode: Encode, parts: Parts, objective: Objective, world: World, key: tuple[object, ...]
) -> tuple[Tensor, Tensor]:
    """Adds the gradient of a batch's loss to the parameters of this device (`World.summed` makes it whole).

    Args:
        encode: features to embeddings, with their graph.
        parts: this device's share; in several chunks gradients are cached.
        objective: embeddings of all queries and of all documents to one number.
        key: what draws of the model depend on, beside the chunk.

    Returns:
        the embeddings of queries and of documents, without graph.
    """
    both = (parts.queries, parts.documents)
    if parts.several:
        with torch.no_grad():
            mine = _both(encode, parts, key)
    else:
        mine = _both(encode, parts, key)
    leaves = [whole.requires_grad_() for whole in _gathered([one.detach() for one in mine], parts, world)]
    objective(*leaves).backward()  # type: ignore[no-untyped-call]
    for side, (chunks, leaf, count) in enumerate(
        zip(both, leaves, (parts.query_count, parts.document_count), strict=True)
    ):
        gradient = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
        gradient = gradient[world.share(count)]
        if not parts.several:
            if mine[side].requires_grad:
                mine[side].backward(gradient)  # type: ignore[no-untyped-call]
            continue
        start = 0
        for number, chunk in enumerate(chunks):
            seeded(*key, side, number)
            vectors = encode(chunk)
            vectors.backward(gradient[start : start + len(vectors)])  # type: ignore[no-untyped-call]
            start += len(vectors)
    return leaves[0].detach(), leaves[1].detach()


def _both(encode: Encode, parts: Parts, key: tuple[object, ...]) -> list[Tensor]:
    """Embeddings of this device's queries and documents; a device may have none of a small batch."""
    sides = []
    for side, chunks in enumerate((parts.queries, parts.documents)):
        found = []
        for number, chunk in enumerate(chunks):
            seeded(*key, side, number)
            found.append(encode(chunk))
        sides.append(found[0] if len(found) == 1 else torch.cat(found) if found else torch.zeros(0, parts.dim))
    return sides


def _gathered(mine: Sequence[Tensor], parts: Parts, world: World) -> tuple[Tensor, Tensor]:
    queries, documents = mine
    return (
        world.gathered(queries, parts.query_count).detach().clone(),
        world.gathered(documents, parts.document_count).detach().clone(),
    )
