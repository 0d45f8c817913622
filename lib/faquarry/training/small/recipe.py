"""What the recipe `small` can be told: packaged values (recipes/small.toml), a TOML file, ``--set batch.size=512``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from faquarry.config.settings import Section
from faquarry.training.recipe_files import read_recipe

__all__ = ["BatchSettings", "FinishSettings", "FitSettings", "SmallRecipe", "VocabularySettings", "load_recipe"]


class VocabularySettings(Section):
    """The subwords."""

    size: int = Field(ge=100, description="subwords, single characters included")
    alpha: float = Field(ge=0, le=1, description="words of a language count count^alpha times")


class BatchSettings(Section):
    """What a batch is made of."""

    size: int = Field(ge=2, description="rows of a batch")
    alpha: float = Field(ge=0, le=1, description="languages are drawn by (their sentences)^alpha")
    clauses: float = Field(ge=0, le=1, description="share of rows that are clauses cut from sentences")
    english: float = Field(ge=0, le=1, description="share of rows whose other side is English, at least")
    joined: float = Field(ge=0, le=1, description="share of rows that are joined with the sentences that follow")
    joined_at_most: int = Field(ge=2, description="sentences that are joined at most")
    lost: float = Field(ge=0, lt=1, description="chance that a joined sentence is missing on one side")
    longest: int = Field(ge=1, description="subwords that are kept of a sentence, cut out at random")
    dropped: float = Field(ge=0, lt=1, description="chance of a subword to be left out")
    split: float = Field(ge=0, le=1, description="chance of a long subword to be written with short ones")


class FitSettings(Section):
    """The descent."""

    steps: int = Field(ge=1, description="batches in all")
    cycles: int = Field(ge=1, description="times that the rate falls from its height to zero; each starts half as high")
    rate: float = Field(gt=0, description="learning rate at its highest; it rises over 20 steps")
    quantised: float = Field(
        ge=0, le=1, description="share of the steps, at the end, that see the table as the file keeps it"
    )
    scale: float = Field(gt=0, description="what cosines are multiplied with before the softmax")
    checkpoint_every: int = Field(ge=1, description="steps between two checkpoints")


class FinishSettings(Section):
    """What is done to the table after the descent."""

    punctuation: float = Field(ge=0, le=1, description="what vectors of punctuation are multiplied with")
    whitening: float = Field(ge=0, le=0.5, description="minus the power of the variance that directions are scaled by")


class SmallRecipe(Section):
    """The recipe `small`."""

    seed: int = Field(ge=0, description="of everything that is drawn")
    dim: int = Field(ge=2, multiple_of=2, description="numbers of a vector")
    max_tokens: int = Field(ge=1, description="subwords after which a text is cut")
    bits: int = Field(description="bits a number in the file: 2 or 4")
    held_out: int = Field(ge=2, description="one group in so many is kept from training, for the thresholds")
    vocabulary: VocabularySettings
    batch: BatchSettings
    fit: FitSettings
    finish: FinishSettings


def load_recipe(file: Path | None = None, assignments: Sequence[str] = ()) -> SmallRecipe:
    """The packaged recipe, then `file`, then assignments.

    Raises:
        ConfigError: an unknown key, or a value that cannot be.

    >>> load_recipe(assignments=["fit.steps=10"]).fit.steps
    10
    """
    return read_recipe(SmallRecipe, "small", file, assignments)
