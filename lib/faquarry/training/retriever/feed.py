"""Batches as tokens, made ahead of the model in a thread: the order is the plan's, so the thread changes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faquarry.training.data.batches import Batch, assembled
from faquarry.training.data.examples import Examples
from faquarry.training.data.plan import Plan
from faquarry.training.retriever.model import Features, Retriever, counted
from faquarry.training.retriever.recipe import BatchPart, TaskPart
from faquarry.training.retriever.step import Parts, World

__all__ = ["Fed", "Feed", "padding"]

AHEAD = 4  # batches


@dataclass(frozen=True, eq=False)
class Fed:
    """A batch with its tokens: the whole batch as text, this device's share as tensors."""

    task: str
    batch: Batch
    parts: Parts
    tokens: int
    places: int


class Feed:
    """What the model is fed with."""

    def __init__(
        self,
        plan: Plan,
        tasks: Sequence[str],
        examples: Mapping[str, Examples],
        described: Mapping[str, TaskPart],
        model: Retriever,
        part: BatchPart,
        world: World,
    ) -> None:
        """`tasks` names the task of each stream of `plan`."""
        self._plan, self.tasks, self._examples, self._described = plan, tasks, examples, described
        self._model, self._part, self._world = model, part, world

    def batch(self, number: int) -> Fed:
        """The batch of a number, counted from 0."""
        stream, rows = self._plan.batch(number)
        name = self.tasks[stream]
        return self.fed(name, rows)

    def fed(self, name: str, rows: npt.NDArray[np.int64]) -> Fed:
        """Rows of a task as a batch."""
        batch = self._text(name, rows)
        queries = self._chunks(batch.queries, "question")
        documents = self._chunks(batch.documents, "answer")
        sizes = [counted(chunk) for chunk in (*queries, *documents)]
        parts = Parts(queries, documents, len(batch.queries), len(batch.documents), self._model.info.dim)
        return Fed(name, batch, parts, sum(tokens for tokens, _ in sizes), sum(places for _, places in sizes))

    def first(self, stream: int) -> Batch:
        """A batch of a stream, to look at before training."""
        return self._text(self.tasks[stream], self._plan.streams[stream].rows[: self._part.size])

    def _text(self, name: str, rows: npt.NDArray[np.int64]) -> Batch:
        task = self._described[name]
        return assembled(self._examples[name], rows, negatives=task.negatives, rule=task.rule)

    def _chunks(self, texts: Sequence[str], field: str) -> list[Features]:
        mine = texts[self._world.share(len(texts))]
        size = self._part.chunk or len(mine)
        return [
            self._model.features(mine[start : start + size], "question" if field == "question" else "answer")
            for start in range(0, len(mine), max(1, size))
        ]

    def between(self, first: int, last: int) -> Generator[Fed]:
        """The batches from `first` up to `last`, which is left out."""
        with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
            waiting: deque[Future[Fed]] = deque()
            try:
                for number in range(first, last):
                    waiting.append(pool.submit(self.batch, number))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


def padding(fed: Sequence[Fed]) -> float:
    """Share of the places that hold no token."""
    places = sum(one.places for one in fed)
    return 1 - sum(one.tokens for one in fed) / places if places else 0.0
