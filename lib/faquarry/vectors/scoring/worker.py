"""What a Spark task runs to score its pairs: the model, once a worker, on the device that the task was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import pyarrow as pa

from faquarry.config.settings import ScoreSettings
from faquarry.vectors.runtime import place_of_task
from faquarry.vectors.scoring.load import worker_scorer
from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.task import score_batches

__all__ = ["scoring"]


def scoring(
    info: ScorerInfo, settings: ScoreSettings, count: Callable[[int, int], None] = lambda pairs, tokens: None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given: `PAIRS` in, `SCORED` out. `count` is told pairs and tokens as they are done."""

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        filled = (batch for batch in batches if batch.num_rows)
        first = next(filled, None)
        if first is None:  # no pair, no model
            return
        place = place_of_task(info, settings)
        yield from score_batches(
            chain([first], filled),
            worker_scorer(info, settings, place.device, place.threads),
            budget=place.budget,
            pool_bytes=settings.pool_bytes,
            tokenise_ahead=place.on_gpu,
            done=count,
        )

    return score
