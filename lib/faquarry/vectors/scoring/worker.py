"""What a Spark task runs to score its pairs: the model, once a worker, on the device that the task was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from faquarry.config.settings import ScoreSettings
from faquarry.vectors.runtime import Place, in_place
from faquarry.vectors.scoring.load import worker_scorer
from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.task import score_batches

__all__ = ["scoring"]


def scoring(
    info: ScorerInfo, settings: ScoreSettings, count: Callable[[int, int], None] = lambda pairs, tokens: None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that mapInArrow is given: `PAIRS` in, `SCORED` out. `count` is told pairs and tokens as they are done."""

    def score(batches: Iterator[pa.RecordBatch], place: Place) -> Iterator[pa.RecordBatch]:
        return score_batches(
            batches,
            worker_scorer(info, settings, place.device, place.threads),
            budget=place.budget,
            pool_bytes=settings.pool_bytes,
            tokenise_ahead=place.on_gpu,
            done=count,
        )

    return in_place(info, settings, score)
