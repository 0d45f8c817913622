"""Exact neighbours with torch, for GPUs: the products are cheap there, and the lists stay on the device until the end."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from faquarry.errors import MissingExtra
from faquarry.vectors.search import TopK, Vectors
from faquarry.vectors.topk_numpy import stacked

__all__ = ["TorchNeighbours", "TorchSweep"]


class TorchNeighbours:
    """Memory of the device: the left side and a block of the right one in float32, and a tile of `rows` x `columns`.

    Of several equal scores at the very end of a list, torch chooses which are in it; lists are in order none the less.
    """

    def __init__(self, device: str = "cuda", rows: int = 16384, columns: int = 16384) -> None:
        try:
            self.torch: Any = import_module("torch")
        except ImportError as error:
            raise MissingExtra("torch", "models", "Searching with torch") from error
        self.device, self.rows, self.columns = device, rows, columns

    def topk(self, queries: Vectors, corpus: Vectors, k: int) -> TopK:
        return self.both(queries, corpus, k)[0]

    def both(self, left: Vectors, right: Vectors, k: int) -> tuple[TopK, TopK]:
        sweep = self.sweep(left, k)
        back = [sweep.add(right[start : start + self.columns]) for start in range(0, len(right), self.columns)]
        return sweep.done(), stacked(back, k)

    def sweep(self, left: Vectors, k: int) -> TorchSweep:
        return TorchSweep(self.torch, self.device, left, k, self.rows)


class TorchSweep:
    """The left side on the device, in stretches of `rows`, each with the lists it has so far."""

    def __init__(self, torch: Any, device: str, left: Vectors, k: int, rows: int) -> None:
        self.torch, self.device, self.k, self.rows = torch, device, k, rows
        self.parts = self._loaded(left).split(rows) if len(left) else ()
        self.forth = [self._empty(len(part)) for part in self.parts]
        self.seen = 0

    def add(self, right: Vectors) -> TopK:
        with self.torch.inference_mode():
            columns = self._loaded(right)
            back = self._empty(len(columns))
            for number, part in enumerate(self.parts):
                tile = part @ columns.T
                self.forth[number] = self._better(self.forth[number], tile, self.seen)
                back = self._better(back, tile.T, number * self.rows)
            self.seen += len(columns)
            return self._taken(back)

    def done(self) -> TopK:
        return stacked([self._taken(part) for part in self.forth], self.k)

    def _loaded(self, vectors: Vectors) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(vectors)).to(self.device).float()

    def _empty(self, n: int) -> tuple[Any, Any]:
        torch = self.torch
        scores = torch.full((n, self.k), -torch.inf, device=self.device)
        return scores, torch.full((n, self.k), -1, dtype=torch.long, device=self.device)

    def _better(self, lists: tuple[Any, Any], tile: Any, offset: int) -> tuple[Any, Any]:
        torch = self.torch
        values, places = tile.topk(min(self.k, tile.shape[1]), dim=1)
        values, places = torch.cat([lists[0], values], 1), torch.cat([lists[1], places + offset], 1)
        # Two stable sorts give the order (score, then index), which topk alone does not.
        by_index = places.argsort(dim=1, stable=True)
        values, places = values.gather(1, by_index), places.gather(1, by_index)
        order = values.argsort(dim=1, descending=True, stable=True)[:, : self.k]
        return values.gather(1, order), places.gather(1, order)

    def _taken(self, lists: tuple[Any, Any]) -> TopK:
        return TopK(lists[1].cpu().numpy(), lists[0].cpu().numpy())
