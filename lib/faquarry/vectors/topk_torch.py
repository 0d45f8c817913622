"""Exact neighbours with torch, for GPUs: the products are cheap there, and the lists stay on the device until the end."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from faquarry.errors import MissingExtra
from faquarry.vectors.search import TopK, Vectors

__all__ = ["TorchNeighbours"]


class TorchNeighbours:
    """Memory of the device: `left` and a block of `right` in float32, and a tile of `rows` x `columns`.

    Of several equal scores at the very end of a list, torch chooses which are in it; lists are in order none the less.
    """

    def __init__(self, device: str = "cuda", rows: int = 16384, columns: int = 16384) -> None:
        try:
            self.torch: Any = import_module("torch")
        except ImportError as error:
            raise MissingExtra("torch", "models", "Searching with torch") from error
        self.device, self.rows, self.columns = device, rows, columns

    def topk(self, queries: Vectors, corpus: Vectors, k: int) -> TopK:
        return self._search(queries, corpus, k, backwards=False)[0]

    def both(self, left: Vectors, right: Vectors, k: int) -> tuple[TopK, TopK]:
        return self._search(left, right, k, backwards=True)

    def _search(self, left: Vectors, right: Vectors, k: int, *, backwards: bool) -> tuple[TopK, TopK]:
        torch = self.torch
        with torch.inference_mode():
            rows = self._loaded(left)
            forth = [self._empty(len(part), k) for part in rows.split(self.rows)]
            back = []
            for start in range(0, len(right), self.columns):
                columns = self._loaded(right[start : start + self.columns])
                theirs = self._empty(len(columns), k)
                for number, part in enumerate(rows.split(self.rows)):
                    tile = part @ columns.T
                    forth[number] = self._better(forth[number], tile, start, k)
                    if backwards:
                        theirs = self._better(theirs, tile.T, number * self.rows, k)
                back.append(theirs)
            return self._stacked(forth, k), self._stacked(back, k)

    def _loaded(self, vectors: Vectors) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(vectors)).to(self.device).float()

    def _empty(self, n: int, k: int) -> tuple[Any, Any]:
        torch = self.torch
        scores = torch.full((n, k), -torch.inf, device=self.device)
        return scores, torch.full((n, k), -1, dtype=torch.long, device=self.device)

    def _better(self, lists: tuple[Any, Any], tile: Any, offset: int, k: int) -> tuple[Any, Any]:
        torch = self.torch
        values, places = tile.topk(min(k, tile.shape[1]), dim=1)
        values, places = torch.cat([lists[0], values], 1), torch.cat([lists[1], places + offset], 1)
        # Two stable sorts give the order (score, then index), which topk alone does not.
        by_index = places.argsort(dim=1, stable=True)
        values, places = values.gather(1, by_index), places.gather(1, by_index)
        order = values.argsort(dim=1, descending=True, stable=True)[:, :k]
        return values.gather(1, order), places.gather(1, order)

    def _stacked(self, parts: list[tuple[Any, Any]], k: int) -> TopK:
        if not parts:
            return TopK(np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32))
        scores, places = (self.torch.cat([part[side] for part in parts]).cpu().numpy() for side in (0, 1))
        return TopK(places, scores)
