"""``faquarry train --recipe small-scorer``: from questions and answers to the scorer's two files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from faquarry.config.settings import LogSettings
from faquarry.errors import UsageError
from faquarry.progress import Progress
from faquarry.training.recipe_files import read_recipe
from faquarry.training.scorer.faqs import Faq, read_faqs
from faquarry.training.scorer.groups import Asked, Groups, grouped, unseen
from faquarry.training.scorer.measure import Quality, calibrated, pairs_of, quality
from faquarry.training.scorer.recipe import ScorerRecipe
from faquarry.vectors import small
from faquarry.vectors.runtime import require_packages
from faquarry.vectors.scoring.model import ScorerInfo
from faquarry.vectors.scoring.small import SmallScorer, info
from faquarry.vectors.scoring.small.files import NAME, write_scorer
from faquarry.vectors.scoring.small.scorer import Reader
from faquarry.vectors.scoring.small.weights import Weights

__all__ = ["run", "train"]

_FEWEST = 20  # questions held out, for a calibration that means something


def run(
    lake: str | None,
    output: str | Path = NAME,
    *,
    data: Sequence[str | Path] = (),
    recipe: str | Path | None = None,
    assignments: Sequence[str] = (),
    log: LogSettings | None = None,
) -> Path:
    """``faquarry train --recipe small-scorer --lake LAKE --output OUTPUT --set KEY=VALUE``. -> the scorer's folder.

    Args:
        lake: its table `qa` is learned from.
        output: a folder; two files are written there at the end.
        data: further pairs, files or folders of JSON lines (`faqs.read_lines`).
        recipe: a TOML file whose values replace those of the packaged recipe.
        assignments: ``fit.epochs=2`` and the like, above the file.
        log: how progress is shown.

    Raises:
        ConfigError: the recipe has an unknown key or a wrong value.
        NothingToRead: there is no pair to learn from.
        UsageError: there are too few.
        MissingExtra: torch is not installed.
    """
    settings = read_recipe(ScorerRecipe, "small-scorer", Path(recipe) if recipe is not None else None, assignments)
    require_packages("Training", ("torch",))
    return train(settings, read_faqs(lake, [Path(path) for path in data]), Path(output), Progress(log or LogSettings()))


def train(recipe: ScorerRecipe, faqs: Sequence[Faq], output: Path, progress: Progress) -> Path:
    """Makes the scorer that `recipe` describes out of `faqs` (see `run`)."""
    from faquarry.training.scorer.descent import learned

    progress.say(f"{len(faqs):,} pairs: looking for wrong answers")
    groups = grouped(faqs, recipe.negatives, small.load().encode, recipe.seed)
    seen, kept = unseen(groups, recipe.held_out)
    if min(len(seen), len(kept)) < _FEWEST:
        raise UsageError(
            f"{len(seen)} questions to learn from and {len(kept)} held out are too few: a scorer needs {_FEWEST} of either."
        )
    progress.say(f"{len(seen):,} questions to learn from, {len(kept):,} held out")
    reader = Reader.read()
    steps = recipe.fit.epochs * -(-len(seen) // recipe.fit.batch)
    with progress.working("training", steps, "steps"):
        net = learned(
            groups,
            seen,
            reader,
            recipe,
            lambda step, loss: progress.advance(to=step, **{"thousandths of loss": round(1000 * loss)}),
        )
    weights, reached = _calibrated(net.weights(), groups, kept, reader)
    write_scorer(
        output,
        weights,
        {
            "made": {"recipe": recipe.model_dump(), "pairs": len(faqs), "questions": len(seen)},
            "held_out": {"questions": reached.questions, "pair_accuracy": round(reached.accuracy, 4)}
            | {"interval": [round(reached.low, 4), round(reached.high, 4)], "auc": round(reached.auc, 4)},
        },
    )
    progress.say(f"held out: {reached}")
    info("auto", output)  # reads what was written
    return output


def _calibrated(weights: Weights, groups: Groups, kept: Sequence[Asked], reader: Reader) -> tuple[Weights, Quality]:
    """The weights with slope and bias of the questions held out, and how good they are there."""
    from dataclasses import replace

    plain = SmallScorer(ScorerInfo(NAME, "", "packaged", "logit", 0), reader, weights)
    logits = plain.logits(reader.matched(*pairs_of(groups, kept)))
    ends = np.cumsum([len(one.right) + 1 for one in kept])
    is_wrong = np.zeros(len(logits), bool)
    is_wrong[ends - 1] = True
    platt = calibrated(logits[~is_wrong], logits[is_wrong])
    return replace(weights, platt=np.array(platt)), quality(kept, logits)
