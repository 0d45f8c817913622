"""What each process of a small torchrun does in a test: its share of one batch, and the gradient that comes of it."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from faquarry.training.losses import in_batch
from faquarry.training.retriever.step import Parts, Ranks, World, backward

__all__ = ["DIM", "batch", "gradients", "model", "work"]

DIM = 6


def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Dropout(0.2), torch.nn.Linear(16, DIM))


def batch(queries: int = 7, documents: int = 11) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(queries, 4, generator=draw), torch.randn(documents, 4, generator=draw)


def gradients(world: World, chunk: int | None, *, drop: bool) -> list[torch.Tensor]:
    """Gradients of the whole batch's loss, as this process has them."""
    net = model().train(drop)
    sides = batch()
    chunks = []
    for side in sides:
        mine = side[world.share(len(side))]
        chunks.append([{"x": part} for part in mine.split(chunk or max(1, len(mine)))])
    parts = Parts(chunks[0], chunks[1], len(sides[0]), len(sides[1]), DIM)
    backward(lambda features: net(features["x"]), parts, lambda q, d: in_batch(q, d).mean(), world, ("test",))
    found = [value.grad for value in net.parameters() if value.grad is not None]
    world.summed(found)
    return found


def work(rank: int, size: int, folder: str, chunk: int | None) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "RANK": str(rank), "WORLD_SIZE": str(size)}
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size)
    torch.save(gradients(Ranks(), chunk, drop=False), Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()
