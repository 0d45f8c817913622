"""``faquarry train --landscape RUN``: loss landscapes of finished runs, on a fixed sample of their own examples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from faquarry.config.settings import EmbedSettings, LogSettings
from faquarry.errors import NothingToRead, UsageError
from faquarry.progress import Progress
from faquarry.training.data.batches import Batch, assembled
from faquarry.training.data.examples import Examples
from faquarry.training.landscape import Landscape, around, between
from faquarry.training.losses import in_batch
from faquarry.training.retriever.model import Retriever
from faquarry.training.retriever.recipe import ModelPart

__all__ = ["landscapes"]

SAMPLE, BATCH = 256, 64  # examples that are looked at, and how many of them share their negatives


def landscapes(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    points: int = 11,
    reach: float = 0.3,
    seed: int = 0,
    settings: EmbedSettings | None = None,
    log: LogSettings | None = None,
) -> dict[str, Landscape]:
    """The loss around each run's model, in the same random directions, and for two runs the plane through both.

    The numbers go to ``output`` as JSON: {name: {across, along, loss}}.

    Args:
        runs: folders of finished runs; the examples of the first are looked at.
        points: of a side of the grid: points² losses are taken, each over 256 examples.
        reach: how far in either direction, in lengths of a filter.

    Raises:
        NothingToRead: a folder holds no finished run.
    """
    progress = Progress(log or LogSettings())
    folders = [Path(run) for run in runs]
    for folder in folders:
        if not (folder / "model" / "modules.json").exists():
            raise NothingToRead(f"{folder} holds no finished run (there is no model in it).")
    data = sorted((folders[0] / "data").glob("*/examples.json"))
    if not data:
        raise NothingToRead(f"{folders[0]} has lost its examples (data/): train again into another folder.")
    examples = Examples(data[0].parent)
    rows = np.sort(np.random.default_rng(seed).permutation(len(examples))[:SAMPLE])
    batches = [assembled(examples, part) for part in np.array_split(rows, max(1, len(rows) // BATCH))]
    models = [
        Retriever.start(ModelPart(start=str(folder / "model")), settings or EmbedSettings(), "cpu")
        for folder in folders
    ]
    several = len(folders) == 2
    found: dict[str, Landscape] = {}
    total = (len(folders) + several) * points**2
    with progress.working("landscape", total, "points"):
        ready = 0

        def done(count: int) -> None:
            progress.advance(to=ready + count)

        for folder, model in zip(folders, models, strict=True):
            loss = _Loss(model, batches)
            found[folder.name] = around(model.module, loss, reach=reach, points=points, seed=seed, done=done)
            ready += points**2
        if several:
            loss = _Loss(models[0], batches)
            other = {name: value.detach() for name, value in models[1].module.named_parameters()}
            try:
                found[f"{folders[0].name} to {folders[1].name}"] = between(
                    models[0].module, other, loss, reach=reach, points=points, seed=seed, done=done
                )
            except ValueError as error:
                raise UsageError(f"{folders[0]} and {folders[1]} do not lie in one plane: {error}.") from error
    plain = {
        name: {"across": one.across.tolist(), "along": one.along.tolist(), "loss": one.loss.tolist()}
        for name, one in found.items()
    }
    Path(output).write_text(json.dumps(plain), encoding="utf-8")
    return found


class _Loss:
    """The mean in-batch loss of a model over a fixed sample, tokenised once."""

    def __init__(self, model: Retriever, batches: Sequence[Batch]) -> None:
        self._model = model
        self._batches = [
            (
                model.features(batch.queries, "question"),
                model.features(batch.documents, "answer"),
                torch.from_numpy(batch.allowed),
            )
            for batch in batches
        ]

    def __call__(self) -> float:
        losses = [
            in_batch(self._model.encode(queries), self._model.encode(documents), allowed)
            for queries, documents, allowed in self._batches
        ]
        return float(torch.cat(losses).mean())
